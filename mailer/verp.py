"""A return path of its own for each delivery (VERP), so that a bounce names its delivery whatever it says inside.

`bounces+<delivery>-<seal>@<domain>`: the seal, an HMAC, keeps strangers from bouncing other people's mail. Lower-case
letters and digits only, since servers on the way change the case of local parts.
"""

from __future__ import annotations

import functools
import hmac
import re
from collections.abc import Callable

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SHAPE = re.compile(r"bounces\+([1-9][0-9]{0,17})-([0-9a-f]{20})@", re.ASCII)


def return_path(delivery_id: int) -> str:
    """The envelope sender of a delivery; the same each time."""
    return return_paths()(delivery_id)


def return_paths() -> Callable[[int], str]:
    """`return_path` for many deliveries: what does not change is made once."""
    key, domain = _key(settings.SECRET_KEY), settings.BOUNCE_DOMAIN

    def make(delivery_id: int) -> str:
        return f"bounces+{delivery_id}-{_seal(key, delivery_id)}@{domain}"

    return make


def delivery_of(address: str) -> int | None:
    """The delivery that a return path of ours names; None for any other address and for a wrong seal."""
    shape = _SHAPE.match(address.strip(" <>").lower())
    if shape is None or not constant_time_compare(_seal(_key(settings.SECRET_KEY), int(shape[1])), shape[2]):
        return None
    return int(shape[1])


def _seal(key: bytes, delivery_id: int) -> str:
    return hmac.digest(key, b"%d" % delivery_id, "sha256")[:10].hex()


@functools.cache
def _key(secret: str) -> bytes:
    """A key for this purpose alone (CVE-2026-6873)."""
    return salted_hmac("mailer.verp", "key", secret=secret, algorithm="sha256").digest()
