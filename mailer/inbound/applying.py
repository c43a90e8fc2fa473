"""Mails that came in are read one by one, and what they say goes to `tracking`, like the reports of a provider."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from mailer import tracking, unsubscribing
from mailer.inbound import reading
from mailer.models import Delivery, InboundMail
from mailer.seals import Gone
from mailer.tracking import Report

logger = logging.getLogger(__name__)

Kind = InboundMail.Kind
BATCH = 100
# A mail that kills its reader is left alone after so many tries (F16).
MAX_ATTEMPTS = 3
_PROVIDER = {Kind.BOUNCE: "dsn", Kind.COMPLAINT: "arf", Kind.MACHINE: "dsn"}


def read_all() -> int:
    """Read every mail that waits. Returns how many. Safe to repeat and to run twice at once."""
    total = 0
    while pks := _claim():
        for pk in pks:
            _read_one(pk)
        total += len(pks)
    return total


@transaction.atomic
def _claim() -> list[int]:
    """The next mails to read; the attempt is counted before any work, and committed."""
    waiting = InboundMail.objects.select_for_update(skip_locked=True).filter(read_at=None)
    poison = waiting.filter(attempts__gte=MAX_ATTEMPTS).values("pk")[:BATCH]
    InboundMail.objects.filter(pk__in=poison).update(kind=Kind.UNREADABLE, read_at=Now())
    pks = list(waiting.order_by("attempts", "pk").values_list("pk", flat=True)[:BATCH])
    InboundMail.objects.filter(pk__in=pks).update(attempts=F("attempts") + 1)
    return pks


@transaction.atomic
def _read_one(pk: int) -> None:
    mail = InboundMail.objects.select_for_update(skip_locked=True).filter(pk=pk, read_at=None).first()
    if mail is None:
        return
    found = reading.read(bytes(mail.raw or b""), mail.recipient)
    tracking.store(list(_reports(mail, found)))
    if found.token:
        _leave(found.token)
    InboundMail.objects.filter(pk=pk).update(kind=found.kind, delivery=found.delivery, read_at=Now())
    if found.delivery and Delivery.objects.filter(pk=found.delivery, address="").exists():
        # A mail that comes back after the person was forgotten must not bring their address back.
        InboundMail.objects.filter(pk=pk).update(raw=None, recipient="")


def _reports(mail: InboundMail, found: reading.Found) -> list[Report]:
    if found.delivery is None:
        return []
    provider = _PROVIDER.get(Kind(found.kind), "")
    at = _moment(mail, found)
    return [
        Report(
            identity=[provider, found.delivery, said.type, said.bounce_code, found.at],
            type=said.type,
            occurred_at=at,
            provider=provider,
            delivery_ref=found.delivery,
            bounce_class=said.bounce_class,
            bounce_code=said.bounce_code,
        )
        for said in found.said
    ]


def _moment(mail: InboundMail, found: reading.Found) -> datetime:
    """When it happened, by the mail's own date; a date that cannot be is not believed."""
    at = found.at
    if at is None or not mail.received_at - timedelta(days=30) <= at <= timezone.now() + timedelta(minutes=5):
        return mail.received_at
    return at


def _leave(token: str) -> None:
    try:
        unsubscribing.leave(token, door=unsubscribing.Door.MAILTO)
    except Gone:
        logger.info("a mail asks to leave by a token that is not ours")
