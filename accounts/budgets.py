"""How often something may happen: budgets that all web processes share, in Valkey.

If Valkey is down, each process counts for itself with a quarter of the budget: a public form lives, and a flood
still meets a bound.
"""

from __future__ import annotations

import functools
import logging
import time
from typing import Literal

import redis
from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

logger = logging.getLogger(__name__)

_DOWN_SECONDS = 5.0
_down_until = 0.0


def within(budget: RateLimitItem, form: str, *names: str) -> bool:
    """Spend one of the budget of `form` and `names`; False if it was spent already.

    With two names or more (what, and whose network) the window slides; the budget of all visitors is a cheap one.
    """
    return _counted("hit", budget, form, *names)


def has_room(budget: RateLimitItem, form: str, *names: str) -> bool:
    """Whether one of the budget is left, without spending it."""
    return _counted("test", budget, form, *names)


def _counted(act: Literal["hit", "test"], budget: RateLimitItem, form: str, *names: str) -> bool:
    global _down_until
    if time.monotonic() >= _down_until:
        try:
            return bool(getattr(_shared(sliding=len(names) > 1), act)(budget, form, *names))
        except (redis.RedisError, StorageError):
            # Not asked again for some seconds: a form must not wait for a dead server four times over.
            _down_until = time.monotonic() + _DOWN_SECONDS
            logger.warning("the budgets of a form cannot be shared; this process counts for itself")
    smaller = RateLimitItemPerMinute(max(1, budget.amount // 4), budget.multiples)
    return bool(getattr(_own(), act)(smaller, form, *names))


@functools.cache
def _shared(*, sliding: bool) -> RateLimiter:
    storage = RedisStorage(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3)
    return SlidingWindowCounterRateLimiter(storage) if sliding else FixedWindowRateLimiter(storage)


@functools.cache
def _own() -> RateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


def forget_connections() -> None:
    """Begin anew: another address of Valkey, no memory of it being down, no count of this process's own."""
    global _down_until
    _shared.cache_clear()
    _own.cache_clear()
    _down_until = 0.0
