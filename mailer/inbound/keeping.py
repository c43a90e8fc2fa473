"""Mails are stored as they came, within bounds, before anybody looks into them: who posts them waits for our answer."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

from contacts import doorbell
from mailer.models import InboundMail

# What says why a mail came back stands at its beginning; after it comes the mail that came back, of any size.
KEPT_BYTES = 262_144


def keep(raw: bytes, *, recipient: str, door: str, number: str = "") -> bool:
    """Store a mail that came in and wake a worker. False if the same came before; a repeat changes nothing.

    door: "mailbox", or the provider that posted it. number: what a mailbox without flags calls it.
    """
    kept = raw[:KEPT_BYTES]
    recipient = recipient.replace("\0", "")[:254]
    seen = f"{recipient}\0{number}\0".encode(errors="replace") + kept
    _mail, is_new = InboundMail.objects.get_or_create(
        # With a key: without one, a guess at the mail could be tried against what is left of it.
        digest=hmac.digest(settings.ADDRESS_HASH_KEY.encode(), b"inbound:" + seen, hashlib.sha256),
        defaults={"raw": kept, "recipient": recipient, "door": door[:30], "number": number[:200]},
    )
    if is_new:
        from mailer import tasks

        doorbell.wake(tasks.read_inbound)
    return is_new
