"""How expressions end by time, and how a person's are erased. A published one stays as long as it is published."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from advocacy.expressions import pictures
from advocacy.models import Expression
from mailer import personal
from mailer.models import Delivery, Message

Status = Expression.Status

# Refused, taken down, or never confirmed: long enough to write to us about it.
OVER_DAYS = timedelta(days=30)
NETWORK_DAYS = timedelta(days=30)
BATCH = 500
_EMPTIED = (
    *("name", "role", "organisation_name", "country", "language", "statement", "video_url", "picture"),
    *(
        "picture_alt",
        "address",
        "address_key",
        "mail_language",
        "network",
        "suspicious",
        "reason",
        "report_words",
    ),
)


def expire() -> int:
    """End what was not confirmed in time. Returns how many. Safe to repeat and to run twice at once."""
    now = timezone.now()
    over = Expression.objects.filter(status=Status.PENDING, expires_at__lte=now)
    return over.update(status=Status.EXPIRED, ended_at=now)


def forget() -> int:
    """Empty what has been over for 30 days, old network hashes, and files that no row names. Returns how many were
    emptied. Safe to repeat."""
    now = timezone.now()
    Expression.objects.filter(created_at__lt=now - NETWORK_DAYS).exclude(network="").update(network="")
    old = Expression.objects.filter(ended_at__lt=now - OVER_DAYS, forgotten_at=None)
    total = 0
    while pks := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        total += _empty(pks)["advocacy.expression"]
    pictures.sweep()
    return total


@transaction.atomic
def erase(address_hash: bytes) -> Counter[str]:
    """Take down and empty all that came from this address. Returns the rows touched by table. Safe to repeat.

    What staff typed for an office that spoke elsewhere is not found by an address: it is public, and theirs to correct.
    """
    now = timezone.now()
    theirs = Expression.objects.filter(address_hash=address_hash, forgotten_at=None)
    theirs.exclude(status__in=[Status.REFUSED, Status.WITHDRAWN, Status.EXPIRED]).update(
        status=Status.WITHDRAWN, ended_at=now, is_featured=False
    )
    return _empty(list(theirs.values_list("pk", flat=True)))


@transaction.atomic
def _empty(pks: list[int]) -> Counter[str]:
    """Empty rows that are over, remove their pictures, and empty the mails that carried a reason or an address."""
    rows = Expression.objects.select_for_update().filter(
        pk__in=pks, forgotten_at=None, ended_at__isnull=False
    )
    found = list(rows.order_by("pk").values_list("pk", "picture", "address_hash"))
    for _pk, picture, _hash in found:
        pictures.remove(picture)
    ids = [pk for pk, _picture, _hash in found]
    mails = Delivery.objects.filter(
        address_hash__in=[address_hash for _pk, _picture, address_hash in found if address_hash],
        kind__in=[Delivery.Kind.CONFIRMATION, Delivery.Kind.SYSTEM],
        context__expression__in=ids,
    )
    alone = Message.objects.filter(pk__in=mails.filter(kind=Delivery.Kind.SYSTEM).values("message")).exclude(
        Q(pk__in=Delivery.objects.exclude(pk__in=mails.values("pk")).values("message"))
    )
    counts = Counter({"mailer.message": personal.empty_messages(alone)})
    counts["mailer.delivery"] = (
        mails.exclude(address="").exclude(status=Delivery.Status.SENDING).update(address="")
    )
    counts["advocacy.expression"] = Expression.objects.filter(pk__in=ids).update(
        **dict.fromkeys(_EMPTIED, ""),
        picture_width=None,
        picture_height=None,
        reports=0,
        reported_at=None,
        forgotten_at=timezone.now(),
    )
    return counts
