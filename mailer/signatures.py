"""Remembers in Valkey which event a webhook's signature came with, so that it proves no other one."""

from __future__ import annotations

import hashlib
import logging

import redis

from mailer import throttle

logger = logging.getLogger(__name__)


def bind(token: str, event: bytes, seconds: int) -> bool:
    """Whether `token` is new or came with this same event before; keeps it for so many seconds.

    Without Valkey the answer is yes: a report that is refused is lost to people, and the delivery's own ids
    are still compared (`tracking`).
    """
    key = f"mailer:signature:{hashlib.sha256(token.encode()).hexdigest()}"
    digest = hashlib.sha256(event).hexdigest()
    try:
        before = throttle.valkey().set(key, digest, nx=True, get=True, ex=seconds)
    except redis.RedisError:
        logger.warning("a signature could not be compared with earlier ones")
        return True
    return before in {None, digest, digest.encode()}
