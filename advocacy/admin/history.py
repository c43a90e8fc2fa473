"""A letter's whole life as one list of steps: ours, people's, and what the world reported, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _

from accounts import audit
from advocacy.models import Letter, Submission
from mailer import bounces
from mailer.models import Delivery, DeliveryEvent
from mailer.reasons import in_words

Type = DeliveryEvent.Type

_GOOD = {Type.ACCEPTED, Type.DELIVERED, Type.SETTLED}
_BAD = {Type.FAILED, Type.BOUNCED, Type.REJECTED, Type.COMPLAINED, Type.SUPPRESSED}
_WARN = {Type.UNKNOWN, Type.RETRY, Type.DEFERRED, Type.PUT_BACK}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a letter. `tone` is good, warn, bad or empty."""

    at: datetime
    words: str
    detail: str = ""
    by: str = ""
    tone: str = ""


def steps_of(letter: Letter) -> list[Step]:
    """Everything we know of a letter, oldest first; four queries."""
    steps = [*_own_steps(letter), *_mails(letter.submission), *_acts(letter), *_events(letter)]
    return sorted(steps, key=lambda step: step.at)


def _own_steps(letter: Letter) -> list[Step]:
    submission, is_refused = letter.submission, letter.status == Letter.Status.REFUSED
    found: list[tuple[datetime | None, str, str, str]] = [
        (submission.created_at, _("written by the supporter"), "", ""),
        (submission.reminded_at, _("supporter reminded to confirm"), "", ""),
        (letter.confirmed_at, _("confirmed by the supporter"), "", "good"),
        # A refusal writes its own reason over the one for which the letter was held.
        (letter.held_at, _("held for a look"), "" if is_refused else in_words(letter.held_because), "warn"),
        (letter.dispatched_at, _("its turn came: handed to the mailer"), "", ""),
        (letter.answered_at, _("answered, says the supporter"), "", "good"),
        (letter.ended_at, letter.get_status_display(), letter.held_because if is_refused else "", "bad"),
        (submission.forgotten_at, _("name and text deleted"), "", ""),
    ]
    return [Step(at, words, detail, tone=tone) for at, words, detail, tone in found if at is not None]


def _mails(submission: Submission) -> list[Step]:
    """The mails that ask the supporter to confirm, also one that still waits for its turn."""
    rows = Delivery.objects.filter(
        kind=Delivery.Kind.CONFIRMATION,
        address_hash=submission.supporter.address_hash,
        context__submission=submission.pk,
    )
    tones = {
        Delivery.Status.FAILED: "bad",
        Delivery.Status.SUPPRESSED: "bad",
        Delivery.Status.UNKNOWN: "warn",
    }
    return [
        Step(
            row.sent_at or row.due_at,
            _("mail to confirm: %(status)s") % {"status": row.get_status_display()},
            in_words(row.reason),
            tone=tones.get(Delivery.Status(row.status), ""),
        )
        for row in rows.order_by("due_at", "pk")
    ]


def _acts(letter: Letter) -> list[Step]:
    """What members of staff did to the letter."""
    log = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Letter), object_id=str(letter.pk)
    ).select_related("user", "reason")
    return [Step(entry.action_time, audit.told(entry), by=str(entry.user)) for entry in log]


def _events(letter: Letter) -> list[Step]:
    if letter.delivery_id is None:
        return []
    rows = DeliveryEvent.objects.filter(delivery_id=letter.delivery_id).select_related("actor")
    return [_event(row) for row in rows.order_by("occurred_at", "pk")]


def _event(row: DeliveryEvent) -> Step:
    why = bounces.in_words(row.bounce_class, row.bounce_code)
    detail = " · ".join(dict.fromkeys(part for part in (why, in_words(row.detail)) if part))
    return Step(row.occurred_at, row.get_type_display(), detail, _name(row.actor), _tone(row.type))


def _tone(kind: str) -> str:
    tones: dict[str, set[Any]] = {"good": set(_GOOD), "bad": set(_BAD), "warn": set(_WARN)}
    return next((tone for tone, kinds in tones.items() if kind in kinds), "")


def _name(user: Any) -> str:
    return str(user) if user else ""
