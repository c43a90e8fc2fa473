"""A short sum that a browser does unseen, asked of a visitor only while a form runs hot (RELIABILITY A6).

No puzzle, no cookie, no third party; good for one form, once.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import secrets
import time
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

import altcha
import redis
from django.conf import settings

_CHALLENGE_MINUTES = 20
_ALGORITHM, _COST = "PBKDF2/SHA-256", 3_000


def new_challenge() -> dict[str, Any]:
    """A challenge for the widget, as JSON-ready data; good for 20 minutes and for one form."""
    challenge = altcha.create_challenge(
        _ALGORITHM,
        _COST,
        expires_at=int(time.time()) + _CHALLENGE_MINUTES * 60,
        data={"nonce": secrets.token_urlsafe(12)},
        hmac_secret=_challenge_key(),
    )
    return dict(challenge.to_dict())


def is_solved(payload: str) -> bool:
    """Whether a proof of work is right, ours, and was not used before (the library itself accepts replays)."""
    if not payload or len(payload) > 4_000:
        return False
    try:
        result = altcha.verify_solution(payload, _challenge_key())
        signature = str(json.loads(b64decode(payload))["challenge"]["signature"])
    except (ValueError, KeyError, TypeError, AttributeError, Base64Error):
        return False
    return bool(result.verified) and _first_use(hashlib.sha256(signature.encode()).hexdigest())


def _challenge_key() -> str:
    return hmac.new(settings.SECRET_KEY.encode(), b"mailer.proof_of_work", hashlib.sha256).hexdigest()


_used_here: dict[str, float] = {}


def _first_use(digest: str) -> bool:
    seconds = _CHALLENGE_MINUTES * 60
    try:
        return bool(_valkey().set(f"altcha:{digest}", 1, nx=True, ex=seconds))
    except redis.RedisError:
        now = time.time()
        for old in [key for key, until in _used_here.items() if until < now]:
            del _used_here[old]
        if digest in _used_here:
            return False
        _used_here[digest] = now + seconds
        return True


@functools.cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3)
