"""Who followed a link or fetched the pixel: `<delivery>-<seal>`, the same in every link of one mail.

The seal is an HMAC-SHA-256, 96 bits of it, under a key made from SECRET_KEY for this purpose alone. What it guards is
a statistic: it keeps strangers from writing figures, opens nothing and leads nowhere by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from django.conf import settings
from django.utils.crypto import constant_time_compare

from mailer.seals import Gone

TEST = "test"  # what stands for a token in a test mail and a preview: its hits count for nobody

_SEAL_BYTES = 12
_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{24})", re.ASCII)


def make(delivery_id: int) -> str:
    """The token of a delivery. Pure: the same for ever, for the same key."""
    return written(delivery_id, hmac.digest(key(), seed(delivery_id), hashlib.sha256))


def read(text: str) -> int:
    """The delivery of a token. Raises Gone for one that we did not make; asks no database."""
    shape = _SHAPE.fullmatch(text[:50])
    if shape is None:
        raise Gone
    if not constant_time_compare(make(int(shape[1])), text):
        raise Gone
    return int(shape[1])


# --- for whoever makes a million: `links.slots` -----------------------------------------------------------------------


def key() -> bytes:
    return settings.SECRET_KEY.encode()


def seed(delivery_id: int) -> bytes:
    return b"mailer.links.hit:%d" % delivery_id


def written(delivery_id: int, digest: bytes) -> str:
    return f"{delivery_id}-{digest[:_SEAL_BYTES].hex()}"
