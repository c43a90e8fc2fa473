"""What the mailer forgets by time, each night: whom a mail went to, and texts that were written for one person.

What became of each mail stays, with the keyed hash of its address. Raw reports of providers go sooner
(`tracking.empty_old_raw`), texts of letters by the rules of advocacy. The whole of it: docs/retention.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from contacts.retention import BATCH, SECONDS, in_time
from mailer.models import Delivery, Hit, InboundMail, Message
from mailer.personal import empty_messages
from mailer.signup import personal as sign_ups

ADDRESS_DAYS = timedelta(days=90)
TEXT_DAYS = timedelta(days=90)
HIT_DAYS = timedelta(days=30)
INBOUND_DAYS = timedelta(days=30)

_ON_THEIR_WAY = [Delivery.Status.QUEUED, Delivery.Status.SENDING]


def forget(seconds: float = SECONDS) -> bool:
    """Apply every rule of the mailer. False if time ran out first; call it again then. Safe to run twice at once."""
    return in_time([texts, addresses, hits, inbound_mails, sign_ups.over, sign_ups.addresses], seconds)


def hits() -> Iterator[int]:
    """What told people from machines; the verdict and its reason stay."""
    old = Hit.objects.exclude(agent="", network="").filter(at__lt=Now() - HIT_DAYS)
    while pks := list(old.order_by("at").values_list("pk", flat=True)[:BATCH]):
        yield Hit.objects.filter(pk__in=pks).update(agent="", network="")


def addresses() -> Iterator[int]:
    """Addresses of mails that have left, or never will. Letters go to offices, whose addresses are public."""
    old = Delivery.objects.exclude(
        Q(address="") | Q(kind=Delivery.Kind.LETTER) | Q(status__in=_ON_THEIR_WAY)
    ).filter(created_at__lt=Now() - ADDRESS_DAYS)
    after = 0
    while pks := list(old.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        after = pks[-1]
        # Asked again with the update: a person may have put one of them back into the queue.
        yield old.filter(pk__in=pks).update(address="")


def texts() -> Iterator[int]:
    """Texts of mails that are written for one person each. What many get holds nothing of any one of them."""
    copies = Delivery.objects.filter(message=OuterRef("pk"))
    still = copies.exclude(
        kind__in=[Delivery.Kind.SYSTEM, Delivery.Kind.STAFF, Delivery.Kind.TEST]
    ) | copies.filter(Q(status__in=_ON_THEIR_WAY) | Q(created_at__gte=Now() - TEXT_DAYS))
    old = Message.objects.filter(
        Exists(copies), ~Exists(still), erased_at=None, created_at__lt=Now() - TEXT_DAYS
    )
    after = 0
    while pks := list(old.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        after = pks[-1]
        yield empty_messages(old.filter(pk__in=pks))


def inbound_mails() -> Iterator[int]:
    """Mails that came back to us, and to which address; that they came, and about which mail of ours, stays."""
    old = InboundMail.objects.filter(
        Q(raw__isnull=False) | ~Q(recipient=""), received_at__lt=Now() - INBOUND_DAYS
    ).order_by("received_at")
    while emptied := InboundMail.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).update(
        raw=None, recipient=""
    ):
        yield emptied
