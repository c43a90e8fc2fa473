"""What a second factor rests on is stored encrypted: a copy of the database alone signs nobody in."""

from __future__ import annotations

import base64
import functools
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def encrypt(text: str) -> str:
    return _keys(settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt(sealed: str) -> str:
    """The text again. "" if SECRET_KEY was changed since: the factor is lost, and nothing it was made of matches."""
    try:
        return _keys(settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return ""


@functools.lru_cache(maxsize=4)
def _keys(secret: str) -> MultiFernet:
    secrets = [secret, *map(str, settings.SECRET_KEY_FALLBACKS)]
    digests = [hashlib.sha256(f"accounts.signin.secrets:{one}".encode()).digest() for one in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
