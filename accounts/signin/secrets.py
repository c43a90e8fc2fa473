"""What a second factor rests on is stored encrypted: a copy of the database alone signs nobody in."""

from __future__ import annotations

import base64
import functools
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_PURPOSE = "accounts.signin.secrets"


def encrypt(text: str) -> str:
    return box(_PURPOSE).encrypt(text.encode()).decode()


def decrypt(sealed: str) -> str:
    """The text again. "" if SECRET_KEY was changed since: the factor is lost, and nothing it was made of matches."""
    try:
        return box(_PURPOSE).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return ""


def box(purpose: str) -> MultiFernet:
    """What seals with a key made of SECRET_KEY for one purpose, and opens what earlier keys sealed for it."""
    return _keys(purpose, (settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)))


@functools.lru_cache(maxsize=4)
def _keys(purpose: str, secrets: tuple[str, ...]) -> MultiFernet:
    digests = [hashlib.sha256(f"{purpose}:{one}".encode()).digest() for one in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
