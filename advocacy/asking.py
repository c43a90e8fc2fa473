"""Asking a mailbox for its word, for letters and expressions of support alike: the mail with the button, once more,
never more of them than one address gets (RELIABILITY A3).

Nothing here tells whether the address is known, or may be written to at all: that is asked at the door (A8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from contacts import suppressions
from contacts.clock import database_now
from contacts.models import Suppression
from mailer import allowance, sending
from mailer.models import Delivery

CONFIRM_DAYS = timedelta(days=7)
REMIND_AFTER = timedelta(hours=24)
MAX_CORRECTIONS = 3  # a form must not be a way to mail strangers
NOT_ME = timedelta(days=365)

CORRECTED = "the address was corrected"
DENIED = "the owner of the mailbox said it was not them"

# Queues the mail for a moment; None for at once.
Mail = Callable[[datetime | None], object]


@dataclass(frozen=True, slots=True)
class Resent:
    """Whether a confirmation mail was queued, and if not, when the next one may be asked for (None: never)."""

    sent: bool
    next_at: datetime | None


def first(address_hash: bytes, mail: Mail, delay: timedelta = timedelta(0)) -> Resent:
    """Queue the mail for when the address has room, if that is soon. Call it in a transaction.

    A stranger who used the address before us only makes the owner's mail wait, at most an hour.
    """
    suppressions.hold(address_hash)
    now = database_now()
    at = allowance.next_mail(address_hash, now)
    if at > now + allowance.LONGEST_WAIT:
        return Resent(sent=False, next_at=at)
    mail(max(at, now + delay) if at > now or delay else None)
    return Resent(sent=True, next_at=None)


def again(address_hash: bytes, mail: Mail) -> Resent:
    """Queue it once more, if the address has room for it now; else say when it has. Call it in a transaction."""
    suppressions.hold(address_hash)
    now = database_now()
    at = allowance.next_mail(address_hash, now)
    if at > now:
        return Resent(sent=False, next_at=at)
    mail(None)
    return Resent(sent=True, next_at=None)


def next_mail(address_hash: bytes) -> datetime:
    """When the mail may be asked for again; now, if at once. Reserves nothing."""
    return allowance.next_mail(address_hash, database_now())


def call_off(address_hash: bytes, reason: str, **about: int) -> None:
    """Cancel the confirmation mails about this row (`submission=…`, `expression=…`) that still wait."""
    named = {f"context__{name}": pk for name, pk in about.items()}
    waiting = Delivery.objects.filter(
        address_hash=address_hash, kind=Delivery.Kind.CONFIRMATION, status=Delivery.Status.QUEUED, **named
    )
    for delivery in waiting:
        sending.cancel(delivery, reason)


def leave_alone(address_hash: bytes, **evidence: int) -> None:
    """ "It wasn't me": no mail that a stranger can set off goes to this address for a year. Safe to repeat."""
    suppressions.suppress(
        address_hash,
        Suppression.Reason.NOT_ME,
        scope=Suppression.Scope.CONFIRMATIONS,
        evidence=evidence,
        ends_at=timezone.now() + NOT_ME,
    )
