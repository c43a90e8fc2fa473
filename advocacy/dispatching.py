"""Hand over the letters whose slot has come. Any number of workers may do it at once, at any time.

For each letter one short transaction: hold its lanes, take its row, ask everything again that may have changed since
it was confirmed, count what really left, and hand it to the mailer in the same transaction. What may not go is held
with the reason in words, never dropped.

A campaign that was closed meanwhile does not stop letters that were confirmed before: their writers were told that
they would leave. The stop button does, for as long as it is pressed, and so does test mode: letters meant in earnest
wait until it is switched off and are never sent to the tester.
"""

from __future__ import annotations

import enum
import logging
import time as clock
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from advocacy import mails, pace, routes
from advocacy.models import Letter
from contacts.clock import database_now
from mailer import sending

logger = logging.getLogger(__name__)

Status = Letter.Status

# Neither the stop button nor test mode holds them back.
_LET_LOOSE = Q(campaign__stopped=False) & (Q(campaign__test_mode=False) | Q(is_test=True))

BATCH = 200
# One call works so long, then leaves the rest to the next tick: a task must end well before its lease.
SECONDS = 20.0
# A letter later than that was overtaken by a stop or a sleep: it leaves, and the rest of its queue is planned anew
# from now on instead of being let go at once.
LATE = timedelta(minutes=5)
# A queue whose next turn is nearer than that just waits for it.
SHORT_WAIT = timedelta(minutes=1)


class Outcome(enum.Enum):
    DISPATCHED = "dispatched"
    WITHHELD = "withheld"
    REPLANNED = "replanned"
    WAITS = "waits"
    TAKEN = "taken"  # another worker has it, or it moved on


def dispatch_due(now: datetime | None = None) -> int:
    """Hand over every letter whose slot has come. Returns how many left. Safe to repeat and to run twice at once."""
    deadline = clock.monotonic() + SECONDS
    left, after = 0, (datetime.min.replace(tzinfo=UTC), 0)
    while clock.monotonic() < deadline:
        moment = now or database_now()
        rows = list(_due(moment, after)[:BATCH])
        if not rows:
            break
        for letter in rows:
            after = (letter.slot or moment, letter.pk)
            left += dispatch(letter, moment) is Outcome.DISPATCHED
            if clock.monotonic() > deadline:
                break
    return left


def _due(now: datetime, after: tuple[datetime, int]) -> QuerySet[Letter]:
    """Letters whose slot has come, in its order, page by page; letters that only wait are not met again."""
    slot, pk = after
    return (
        Letter.objects.filter(_LET_LOOSE, status=Status.CONFIRMED, slot__lte=now)
        .filter(Q(slot__gt=slot) | Q(slot=slot, pk__gt=pk))
        .order_by("slot", "pk")
        .only("pk", "slot", "address_hash", "domain")
    )


def dispatch(letter: Letter, now: datetime) -> Outcome:
    """Hand one letter over, if it may leave now. `letter` needs its lane; the row is read again under the lock."""
    outcome = _dispatch(letter, now)
    is_late = letter.slot is not None and now - letter.slot > LATE
    if outcome is Outcome.REPLANNED or (outcome is Outcome.DISPATCHED and is_late):
        pace.reallot(bytes(letter.address_hash or b""), now)
    return outcome


@transaction.atomic
def _dispatch(letter: Letter, now: datetime) -> Outcome:
    pace.hold_lanes([letter])
    row = (
        Letter.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "campaign", "submission__supporter", "supporter", "person", "route", "mandate__legislature"
        )
        .filter(_LET_LOOSE, pk=letter.pk, status=Status.CONFIRMED, slot__lte=now)
        .first()
    )
    if row is None or row.slot is None or bytes(row.address_hash or b"") != bytes(letter.address_hash or b""):
        return Outcome.TAKEN
    reason = routes.why_not(row)
    if reason:
        return _withhold(row, reason, now)
    destination = routes.resolve(row)
    if destination.address is None:
        return _withhold(row, destination.reason, now)
    if destination.address.hash != bytes(row.address_hash or b""):
        return _move_lane(row, destination, now)
    free = pace.free_at(row, now)
    if free > now + SHORT_WAIT:
        return Outcome.REPLANNED
    if free > now:
        return Outcome.WAITS
    try:
        delivery = mails.letter(row, destination.address)
    except ValidationError:
        return _withhold(row, "the letter could not be written as a mail", now)
    row.move_to(Status.DISPATCHED, delivery=delivery, dispatched_at=now, slot=now)
    return Outcome.DISPATCHED


@transaction.atomic
def recall(letter: Letter, reason: str) -> bool:
    """Take a letter back from the mailer. False if the provider may have been asked, or if it was never handed over.

    It then counts as withdrawn everywhere: in the public figures, and for who writes to the same person again.
    """
    if letter.status != Status.DISPATCHED or letter.delivery is None:
        return False
    if not sending.cancel(letter.delivery, reason):
        return False
    taken = Letter.objects.filter(pk=letter.pk, status=Status.DISPATCHED, delivery=letter.delivery)
    taken.update(status=Status.WITHDRAWN, slot=None, ended_at=database_now(), held_because=reason)
    letter.refresh_from_db(fields=["status", "slot", "ended_at", "held_because"])
    return True


def _withhold(letter: Letter, reason: str, now: datetime) -> Outcome:
    letter.move_to(Status.WITHHELD, held_because=reason[:300], held_at=now, held_by=None, slot=None)
    return Outcome.WITHHELD


def _move_lane(letter: Letter, destination: routes.Destination, now: datetime) -> Outcome:
    """The person has another address now: the letter joins that queue.

    The new lane cannot be held now (lanes are taken in one order), so the letter only changes address here. It has
    waited its time, so it counts as late there: it is the next to leave, and that queue is then planned anew.
    """
    assert destination.address is not None  # noqa: S101
    Letter.objects.filter(pk=letter.pk).update(
        route=destination.route,
        address_hash=destination.address.hash,
        domain=destination.address.domain,
        slot=now - 2 * LATE,
    )
    return Outcome.WAITS
