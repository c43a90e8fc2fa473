"""Each test begins with full budgets: dozens of forms come from one network here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from accounts import budgets


@pytest.fixture(autouse=True)
def fresh_budgets() -> Iterator[None]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    budgets.forget_connections()
    yield
    budgets.forget_connections()
