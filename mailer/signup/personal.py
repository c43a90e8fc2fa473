"""What sign-ups know of one person: for their export, gone after an erasure, and forgotten in time anyway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from contacts import registry
from contacts.registry import Person
from contacts.retention import BATCH
from mailer.models import Delivery, SignUp

# After its seven days an unanswered sign-up is of no use but to show that we asked.
UNANSWERED = timedelta(days=30)
# As long as the "that was not me" link of a mail works.
ANSWERED = timedelta(days=365)


def register() -> None:
    registry.register("mailer.signup", eraser=erase)
    registry.register("Sign-ups", exporter=export)


def export(person: Person) -> list[dict[str, Any]]:
    rows = SignUp.objects.filter(address_hash=person.hash).select_related("mailing_list").order_by("pk")
    return [
        {
            "List": row.mailing_list.public_name(),
            "When": row.created_at.isoformat(),
            "Name": row.name,
            "Country": row.country,
            "Language": row.language,
            "Words shown": row.text,
            "Where": row.page,
            "Confirmed at": row.confirmed_at.isoformat() if row.confirmed_at else "",
        }
        for row in rows
    ]


def erase(person: Person) -> int:
    """Remove what was typed with this address; what it proved stands in the consents, under the hash."""
    return SignUp.objects.filter(address_hash=person.hash).delete()[0]


def over() -> Iterator[int]:
    """Remove sign-ups that are over: unanswered ones 30 days after they ran out, all others after a year.

    One that put somebody on a single opt-in list stays that long too: its "that was not me" link still works.
    """
    old = SignUp.objects.filter(
        Q(expires_at__lt=Now() - UNANSWERED, confirmed_at=None, denied_at=None, subscribed_at=None)
        | Q(created_at__lt=Now() - ANSWERED)
    )
    while pks := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield old.filter(pk__in=pks).delete()[0]


def addresses() -> Iterator[int]:
    """Empty the addresses of mails that a stranger can set off: whoever never answered is nobody we know."""
    old = Delivery.objects.filter(
        kind__in=[Delivery.Kind.OPT_IN, Delivery.Kind.NOTICE], created_at__lt=Now() - UNANSWERED
    ).exclude(Q(address="") | Q(status__in=[Delivery.Status.QUEUED, Delivery.Status.SENDING]))
    while pks := list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        yield old.filter(pk__in=pks).update(address="")
