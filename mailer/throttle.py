"""When the provider says "slow down", every worker slows down: one short note in Valkey, seen before each claim.

The note is an aid, not the guarantee: if it is lost, the provider says it again.
"""

from __future__ import annotations

import functools
import logging

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

HOLD_ALL = "mailer:hold"


@functools.cache
def valkey() -> redis.Redis:
    """The one connection pool of the mailer's notes in Valkey; they are aids, never the guarantee."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def hold(seconds: float) -> None:
    """Let no worker ask the provider for so many seconds. A longer hold that stands already is kept."""
    milliseconds = max(int(seconds * 1000), 1)
    try:
        if milliseconds > int(valkey().pttl(HOLD_ALL)):
            valkey().set(HOLD_ALL, 1, px=milliseconds)
    except redis.RedisError:
        logger.warning("the hold on the provider could not be noted")


def held_for() -> float:
    """Seconds until the provider may be asked again; 0 if now."""
    try:
        left = int(valkey().pttl(HOLD_ALL))
    except redis.RedisError:
        return 0.0
    return max(left, 0) / 1000


def first_within(name: str, seconds: int) -> bool:
    """Whether nobody asked this within so many seconds. Without Valkey always: the question is not a guard."""
    try:
        return bool(valkey().set(f"mailer:first:{name}", 1, nx=True, ex=seconds))
    except redis.RedisError:
        return True
