"""Figures that cost much to count: counted once for all web processes, by one of them, while the others show the last.

They lie in Valkey, each with the moment it is of, and never go back to an earlier one. If Valkey is down, each process
counts for itself.
"""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)

KEPT_FOR = 3_600  # seconds an earlier figure may stand in for one that is being counted
_COUNTING_FOR = 30  # seconds after which another process tries what one has begun: more than a page may take
_DOWN_SECONDS = 5.0
_down_until = 0.0


def of_moment(name: str, moment: int, count: Callable[[], Any]) -> tuple[int, Any]:
    """The figure `name` of `moment` (any number that grows with time), or a neighbouring one; and of which moment it is.

    `count` gives what JSON can hold. While one process counts, the others get the figure before; without one they count
    as well, so that nobody is shown nothing.
    """
    known: tuple[int, Any] | None = cache.get(f"figures:{name}")
    if known is not None and known[0] >= moment:
        return known
    found = _shared(name, moment, count)
    if found[0] >= moment:
        cache.set(f"figures:{name}", found, KEPT_FOR)
    return found


def _shared(name: str, moment: int, count: Callable[[], Any]) -> tuple[int, Any]:
    global _down_until
    if time.monotonic() < _down_until:
        return moment, count()
    key, counting = f"epistle:figures:{name}", f"epistle:figures:{name}:counting:{moment}"
    try:
        raw = _valkey().get(key)
        before: tuple[int, Any] | None = tuple(json.loads(raw)) if raw else None
        if before is not None and before[0] >= moment:
            return before
        if not _valkey().set(counting, 1, nx=True, ex=_COUNTING_FOR) and before is not None:
            return before
    except redis.RedisError:
        # Not asked again for some seconds: a page must not wait for a dead server.
        _down_until = time.monotonic() + _DOWN_SECONDS
        logger.warning("figures cannot be shared; this process counts for itself")
        return moment, count()
    found = moment, count()
    try:
        _valkey().set(key, json.dumps(found), ex=KEPT_FOR)
    except redis.RedisError:
        logger.warning("figures cannot be shared; this process counts for itself")
    return found


@functools.cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3)


def forget_connections() -> None:
    """Begin anew: another address of Valkey, no memory of it being down."""
    global _down_until
    _valkey.cache_clear()
    _down_until = 0.0
