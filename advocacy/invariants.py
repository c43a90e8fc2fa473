"""I7 of RELIABILITY.md: at most one accepted mail a letter, none before its confirmation, and pages tell the truth."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Exists, F, OuterRef, Q

from advocacy.models import Expression, Letter
from contacts.models import Consent
from mailer import invariants
from mailer.models import Delivery, DeliveryEvent

Status = Letter.Status


def register() -> None:
    invariants.register("I7 a letter was accepted at most once", _accepted_twice)
    invariants.register("I7 a person gets one letter of a supporter in a campaign", _written_twice)
    invariants.register("I7 no letter left before its confirmation", _too_early)
    invariants.register("I7 a letter meant as a test went to no representative", _tests_that_escaped)
    invariants.register("I7 a waiting letter has its slot, an ended one none", _slots)
    invariants.register("An expression that was proven has its consent", _said_without_consent)


def _accepted_twice() -> Sequence[int]:
    """Deliveries name their letter in their context; a letter taken back and released has several."""
    rows = (
        DeliveryEvent.objects.filter(
            delivery__kind=Delivery.Kind.LETTER, type=DeliveryEvent.Type.ACCEPTED, provider=""
        )
        .order_by()
        .values(letter=F("delivery__context__letter"))
        .annotate(
            found=Count("pk", distinct=True),
            again=Count(
                "delivery__events",
                filter=Q(delivery__events__type=DeliveryEvent.Type.PUT_BACK),
                distinct=True,
            ),
        )
        .filter(letter__isnull=False, found__gt=1 + F("again"))
    )
    return [int(row["letter"]) for row in rows]


def _written_twice() -> Sequence[int]:
    rows = (
        Letter.objects.filter(status__in=Letter.LIVE, is_test=False)
        .order_by()
        .values("campaign", "supporter", "person")
        .annotate(found=Count("pk"))
        .filter(found__gt=1)
    )
    return [int(row["person"]) for row in rows]


def _too_early() -> Sequence[int]:
    rows = Letter.objects.filter(Q(status=Status.DISPATCHED) | Q(delivery__isnull=False)).filter(
        Q(confirmed_at=None)
        | Q(submission__confirmed_at=None)
        | Q(dispatched_at__lt=F("confirmed_at"))
        | Q(delivery__sent_at__lt=F("confirmed_at"))
    )
    return list(rows.values_list("pk", flat=True))


def _tests_that_escaped() -> Sequence[int]:
    rows = (
        Letter.objects.filter(
            is_test=True, delivery__isnull=False, delivery__address__iexact=F("route__value")
        )
        .exclude(delivery__address="")
        .exclude(campaign__test_address__iexact=F("route__value"))
    )
    return list(rows.values_list("pk", flat=True))


def _said_without_consent() -> Sequence[int]:
    """Expressions that wait or are public though nobody with that mailbox agreed. Staff's own have no mailbox."""
    agreed = Consent.objects.filter(
        address_hash=OuterRef("address_hash"), purpose=Consent.Purpose.EXPRESSION, granted=True
    )
    rows = Expression.objects.filter(
        ~Exists(agreed), status__in=["confirmed", "published"], address_hash__isnull=False
    )
    return list(rows.values_list("pk", flat=True))


def _slots() -> Sequence[int]:
    rows = Letter.objects.filter(
        Q(status=Status.CONFIRMED, slot=None)
        | Q(slot__isnull=False) & ~Q(status__in=[Status.CONFIRMED, Status.DISPATCHED])
    )
    return list(rows.values_list("pk", flat=True))
