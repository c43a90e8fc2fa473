"""The codes of a second factor: of an authenticator app (RFC 6238), each good for one sign-in, and recovery codes."""

from __future__ import annotations

import base64
import binascii
import hmac
import time

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.db import transaction

from accounts.models import User
from accounts.signin.secrets import decrypt

_PERIOD = 30  # seconds a code lasts
_DRIFT = 1  # periods a clock may be early or late


def owner_of(user: User, code: str) -> Authenticator | None:
    """The factor of `user` that `code` proves, and the code is used up; None if it proves none.

    Two requests with one code at once: one of them gets None. RFC 6238 §5.2 asks for that.
    """
    typed = "".join(code.split()).replace("-", "")
    for factor in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN):
        if factor.type == Authenticator.Type.TOTP:
            proven = _use_app_code(factor.pk, typed)
        else:
            proven = _use_recovery_code(factor, typed)
        if proven:
            return factor
    return None


@transaction.atomic
def _use_app_code(pk: int, code: str) -> bool:
    factor = Authenticator.objects.select_for_update().get(pk=pk)
    now = int(time.time()) // _PERIOD
    for counter in range(now - _DRIFT, now + _DRIFT + 1):
        if hmac.compare_digest(_code_of(decrypt(factor.data["secret"]), counter).encode(), code.encode()):
            if counter <= factor.data.get("last_counter", -1):
                return False
            factor.data["last_counter"] = counter
            factor.save(update_fields=["data"])
            return True
    return False


def _use_recovery_code(factor: Authenticator, code: str) -> bool:
    if not decrypt(factor.data.get("seed", "")):  # without its seed every set of codes would be the same
        return False
    used: bool = factor.wrap().validate_code(code)
    return used


def _code_of(secret: str, counter: int) -> str:
    try:
        key = base64.b32decode(secret, casefold=True)
    except binascii.Error:
        return ""
    return HOTP(key, 6, SHA1(), enforce_key_length=False).generate(counter).decode() if key else "-"  # noqa: S303
