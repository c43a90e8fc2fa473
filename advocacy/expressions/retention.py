"""How expressions end by time, and how a person's are erased. A published one stays as long as it is published."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from advocacy import asking
from advocacy.expressions import mails, pictures
from advocacy.models import Campaign, Expression
from contacts import suppressions
from contacts.clock import database_now
from mailer import allowance, personal
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


def remind() -> int:
    """Send the one reminder to mailboxes that did not answer within a day. Returns how many were queued.

    As letters do (`advocacy.retention.remind`): within the budget of the address (A3), at the next run where that is
    spent, and not to whom something in this campaign was confirmed for meanwhile.
    """
    now = timezone.now()
    waiting = Expression.objects.filter(
        status=Status.PENDING,
        reminded_at=None,
        created_at__lte=now - asking.REMIND_AFTER,
        expires_at__gt=now + asking.REMIND_AFTER,
        campaign__status=Campaign.Status.OPEN,
    ).exclude(address="")
    rows = waiting.order_by("pk").values_list("pk", "address_hash")
    return sum(
        _remind(pk, bytes(address_hash or b"")) for pk, address_hash in rows.iterator(chunk_size=BATCH)
    )


@transaction.atomic
def _remind(pk: int, address_hash: bytes) -> bool:
    # First the address, then the row, as everybody who holds both does.
    suppressions.hold(address_hash)
    rows = Expression.objects.select_for_update(of=("self",), skip_locked=True).select_related("campaign")
    row = rows.filter(pk=pk, status=Status.PENDING, reminded_at=None, address_hash=address_hash).first()
    if row is None:
        return False
    said = Expression.objects.filter(campaign=row.campaign_id, address_hash=address_hash)
    sends = not said.filter(status__in=[Status.CONFIRMED, Status.PUBLISHED]).exists()
    due = database_now()
    if sends and allowance.next_mail(address_hash, due) > due:
        return False
    Expression.objects.filter(pk=pk).update(reminded_at=timezone.now())
    if sends:
        mails.reminder(row)
    return sends


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
    sent = Delivery.objects.filter(
        address_hash__in=[address_hash for _pk, _picture, address_hash in found if address_hash],
        kind__in=[Delivery.Kind.CONFIRMATION, Delivery.Kind.SYSTEM],
        context__expression__in=ids,
    )
    alone = Message.objects.filter(pk__in=sent.filter(kind=Delivery.Kind.SYSTEM).values("message")).exclude(
        Q(pk__in=Delivery.objects.exclude(pk__in=sent.values("pk")).values("message"))
    )
    counts = Counter({"mailer.message": personal.empty_messages(alone)})
    counts["accounts.reason"] = audit.forget_reasons_of(Expression, ids)
    counts["mailer.delivery"] = (
        sent.exclude(address="").exclude(status=Delivery.Status.SENDING).update(address="")
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
