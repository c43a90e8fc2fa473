"""What the tests of staff and their accounts have in common."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from tests.advocacy.conftest import Outbox


@pytest.fixture
def outbox(settings: Any) -> Outbox:
    """The mails that left, by Anymail's test backend."""
    settings.MAIL_BACKEND = "anymail.backends.test.EmailBackend"
    mail.outbox = []
    return Outbox()
