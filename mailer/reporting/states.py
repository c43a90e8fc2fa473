"""The states of a report. Every person of a mailing's frozen audience is in exactly one of them at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mailer.models import Delivery, Mailing, MailingChunk

_Status = Delivery.Status


class State(models.TextChoices):
    """In the order of the bar: what is done, what went wrong, what is to come."""

    DELIVERED = "delivered", _("delivered")
    NO_NEWS = "no_news", _("sent, no news yet")
    BOUNCED = "bounced", _("bounced")
    COMPLAINED = "complained", _("reported as spam")
    UNKNOWN = "unknown", _("unknown")
    FAILED = "failed", _("failed")
    SUPPRESSED = "suppressed", _("not allowed")
    CANCELLED = "cancelled", _("called off")
    ASKED = "asked", _("being sent")
    WAITING = "waiting", _("waiting")


# What a delivery that was sent has become since. Whoever was sent the mailing is in one of them.
OF_SENT = (State.DELIVERED, State.NO_NEWS, State.BOUNCED, State.COMPLAINED)

MEANS = {
    State.DELIVERED: _("The receiving server took it."),
    State.NO_NEWS: _("The provider took it. Nobody has told us yet what became of it."),
    State.BOUNCED: _("The provider took it, and it came back."),
    State.COMPLAINED: _("The person reported it as spam. We do not write to them again."),
    State.UNKNOWN: _(
        "Handed over, and no definite answer came. A report or a person settles it; no machine retries."
    ),
    State.FAILED: _("Refused for good, or every attempt failed."),
    State.SUPPRESSED: _("They left, or may no longer be written to, after the audience was fixed."),
    State.CANCELLED: _("The mailing was called off before their turn."),
    State.ASKED: _("The provider is being asked at this moment."),
    State.WAITING: _("Their turn will come."),
}


@dataclass(frozen=True, slots=True)
class Window:
    """Deliveries of which the provider is being asked now: those still queued with first <= id <= last."""

    first: int
    last: int


def windows(mailing: Mailing) -> list[Window]:
    """The windows being asked at this moment; as many as there are workers at most."""
    working = mailing.chunks.filter(status=MailingChunk.Status.WORKING, asked_to__isnull=False)
    found = working.values_list("first_id", "reached", "asked_to")
    return [
        Window(first if reached is None else reached + 1, last)
        for first, reached, last in found
        if last is not None
    ]


def condition(state: str, asked: Sequence[Window]) -> Q:
    """Which deliveries of a mailing are in `state`, while `asked` are the windows being asked."""
    match state:
        case State.DELIVERED:
            return _sent() & Q(complained_at=None, bounced_at=None, delivered_at__isnull=False)
        case State.NO_NEWS:
            return _sent() & Q(complained_at=None, bounced_at=None, delivered_at=None)
        case State.BOUNCED:
            return _sent() & Q(complained_at=None, bounced_at__isnull=False)
        case State.COMPLAINED:
            return _sent() & Q(complained_at__isnull=False)
        case State.ASKED:
            return Q(status=_Status.SENDING) | Q(status=_Status.QUEUED) & _within(asked)
        case State.WAITING:
            return Q(status=_Status.QUEUED) & ~_within(asked)
    return Q(status=state)


def _sent() -> Q:
    return Q(status=_Status.SENT)


def _within(asked: Sequence[Window]) -> Q:
    found = Q(pk__in=[])
    for window in asked:
        found |= Q(pk__range=(window.first, window.last))
    return found


def of(delivery: Delivery, asked: Sequence[Window]) -> State:
    """The state of one delivery: `condition` for a row in memory."""
    match delivery.status:
        case _Status.SENT if delivery.complained_at:
            return State.COMPLAINED
        case _Status.SENT if delivery.bounced_at:
            return State.BOUNCED
        case _Status.SENT:
            return State.DELIVERED if delivery.delivered_at else State.NO_NEWS
        case _Status.SENDING:
            return State.ASKED
        case _Status.QUEUED:
            is_asked = any(window.first <= delivery.pk <= window.last for window in asked)
            return State.ASKED if is_asked else State.WAITING
    return State(delivery.status)


def chunks_with(mailing: Mailing, state: str) -> models.QuerySet[MailingChunk]:
    """The chunks of `mailing` that can hold anybody in `state` ("" for any, "sent" for all of `OF_SENT`).

    Their counters say so, so that a rare state is found among a million without an index of its own.
    """
    chunks = mailing.chunks.all()
    match state:
        case "":
            return chunks
        case State.WAITING | State.ASKED:
            settled = F("sent") + F("failed") + F("suppressed") + F("unknown") + F("cancelled")
            return chunks.filter(size__gt=settled)
        case "sent" | State.DELIVERED | State.NO_NEWS | State.BOUNCED | State.COMPLAINED:
            return chunks.filter(sent__gt=0)
    return chunks.filter(**{f"{State(state).value}__gt": 0})
