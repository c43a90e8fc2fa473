"""The life of a mailing: who may move it where. Each move is one guarded UPDATE with its act beside it.

Of two people who click at once one moves the mailing; the other is told who did, and when (`StandsElsewhere`).
A mailing is started by the clock of the database; what a worker then does with it is in `sending`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import User
from contacts import doorbell
from mailer import reasons
from mailer.mailings import approving
from mailer.models import Mailing, MailingAct, MailingChunk, MailingText

Status = Mailing.Status
What = MailingAct.What

# Rings for workers when there is something to do; each of them goes on by itself.
RINGS = 16

# The acts that bring a mailing to where it stands, the one that a person did first: the machine starts what Ann scheduled.
_ACTS_OF: dict[str, tuple[str, ...]] = {
    Status.DRAFT: (What.WITHDRAWN, What.CREATED),
    Status.SCHEDULED: (What.SCHEDULED,),
    Status.SENDING: (What.RESUMED, What.SCHEDULED, What.STARTED),
    Status.PAUSED: (What.PAUSED,),
    Status.CANCELLED: (What.CANCELLED,),
    Status.SENT: (What.FINISHED,),
}
_WORDS: dict[str, tuple[Any, Any]] = {
    Status.DRAFT: (
        gettext_lazy("It was taken back by %(who)s at %(when)s."),
        gettext_lazy("It is a draft."),
    ),
    Status.SCHEDULED: (
        gettext_lazy("It was already scheduled by %(who)s at %(when)s."),
        gettext_lazy("It is already scheduled."),
    ),
    Status.SENDING: (
        gettext_lazy("It was already started by %(who)s at %(when)s."),
        gettext_lazy("It is already being sent."),
    ),
    Status.PAUSED: (
        gettext_lazy("It was already paused by %(who)s at %(when)s."),
        gettext_lazy("It is already paused."),
    ),
    Status.CANCELLED: (
        gettext_lazy("It was already called off by %(who)s at %(when)s."),
        gettext_lazy("It is already called off."),
    ),
    Status.SENT: (gettext_lazy("It was sent at %(when)s."), gettext_lazy("It is sent.")),
}

CALLED_OFF = gettext_noop("the mailing was called off")
reasons.know(CALLED_OFF)


class StandsElsewhere(Exception):  # noqa: N818 - what the second of two who clicked is told
    """The mailing could not be moved: it stands at `status`, where `by` (None: the machine) brought it at `at`."""

    def __init__(self, status: str, by: User | None = None, at: datetime | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.by = by
        self.at = at

    @classmethod
    def of(cls, mailing: Mailing) -> Self:
        acts = (
            mailing.acts.filter(what__in=_ACTS_OF[mailing.status]).select_related("by").order_by("-at", "-pk")
        )
        act = acts.filter(by__isnull=False).first() or acts.first()
        return cls(mailing.status, act.by if act else None, act.at if act else None)

    def in_words(self) -> str:
        """A sentence in the reader's language, for example "It was already started by Ann at 10:02."."""
        by_somebody, plain = _WORDS[self.status]
        if self.at is None or (self.by is None and self.status != Status.SENT):
            return str(plain)
        when = timezone.localtime(self.at)
        is_today = when.date() == timezone.localdate()
        said = str(by_somebody) % {
            "who": self.by,
            "when": formats.date_format(when, "TIME_FORMAT" if is_today else "SHORT_DATETIME_FORMAT"),
        }
        return said.removesuffix(".") if said.endswith("..") else said  # "at 10:02 a.m."


class NotReady(Exception):  # noqa: N818 - said to a person
    """The mailing lacks something without which it cannot be sent. `word`: sender, mailing_list, audience or text."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


# --- before it starts ----------------------------------------------------------------------------------------


def schedule(mailing: Mailing, at: datetime, zone: str, by: User) -> None:
    """Have a draft start at `at`; a moment that is over means: at once. `zone` is the time zone `at` was chosen in.

    Raises StandsElsewhere, NotReady, and ValueError for a moment without a zone or a zone that is none.
    """
    if timezone.is_naive(at):
        raise ValueError("a moment needs its time zone")
    ZoneInfo(zone)
    _schedule(mailing, at, zone, by)


def send_now(mailing: Mailing, by: User) -> None:
    """Start a draft after the undo delay (MAILING_UNDO_SECONDS): until then `withdraw` takes it back.

    Its zone is the one in use now, whatever it was scheduled in before.
    """
    zone = timezone.get_current_timezone_name()
    _schedule(mailing, Now() + timedelta(seconds=settings.MAILING_UNDO_SECONDS), zone, by)


def withdraw(mailing: Mailing, by: User) -> None:
    """Take a scheduled mailing back to draft. Raises StandsElsewhere once it has started."""
    _move(mailing, Status.DRAFT, What.WITHDRAWN, by=by, starts_at=None)


def lacks(mailing: Mailing) -> str:
    """What a mailing needs before it may be scheduled: a word of NotReady, or "" for nothing."""
    if mailing.sender_id is None:
        return "sender"
    if mailing.mailing_list_id is None:
        return "mailing_list"
    if not (
        mailing.relation in _OF_ANOTHER or mailing.include_lists.exists() or mailing.include_segments.exists()
    ):
        return "audience"
    return "" if mailing.texts.exists() else "text"


def _schedule(mailing: Mailing, at: Any, zone: str, by: User) -> None:
    if word := lacks(mailing):
        raise NotReady(word)
    _move(mailing, Status.SCHEDULED, What.SCHEDULED, by=by, starts_at=at, time_zone=zone)


# --- its start -----------------------------------------------------------------------------------------------


def start_due() -> list[int]:
    """Start every mailing whose moment has come, by the clock of the database. Two beats do no harm: one wins each.

    Returns the ids of those that this call started.
    """
    due = Mailing.objects.filter(status=Status.SCHEDULED, starts_at__lte=Now()).order_by("starts_at")
    return [pk for pk in due.values_list("pk", flat=True) if start(pk)]


@transaction.atomic
def start(mailing_id: int) -> bool:
    """Start a scheduled mailing whose moment has come; a worker then freezes its audience. False for a repeat."""
    started = Mailing.objects.filter(pk=mailing_id, status=Status.SCHEDULED, starts_at__lte=Now()).update(
        status=Status.SENDING, started_at=Now(), changed_at=Now(), paused_because=""
    )
    if not started:
        return False
    _note(mailing_id, What.STARTED)
    wake_freezer(mailing_id)
    return True


# --- under way -----------------------------------------------------------------------------------------------


def pause(mailing: Mailing, by: User | None, why: str = "", detail: dict[str, Any] | None = None) -> None:
    """Let no further window be asked; those already asked are settled. `by` is None where the machine pauses, and
    says why. Raises StandsElsewhere."""
    _move(mailing, Status.PAUSED, What.PAUSED, by=by, why=why, detail=detail, paused_because=why[:300])


def resume(mailing: Mailing, by: User) -> None:
    """Go on where a paused mailing stopped; nobody gets it twice. Raises StandsElsewhere."""
    _move(mailing, Status.SENDING, What.RESUMED, only=[Status.PAUSED], by=by, paused_because="")
    wake(mailing.pk, RINGS)


def cancel(mailing: Mailing, by: User | None, why: str = "") -> None:
    """Call a mailing off for good: nobody is asked for any more, and who still waits becomes `cancelled`.

    Requests already running end as they end. Raises StandsElsewhere.
    """
    was_scheduled = Mailing.objects.filter(pk=mailing.pk, status=Status.SCHEDULED).exists()
    _move(mailing, Status.CANCELLED, What.CANCELLED, by=by, why=why)
    if not was_scheduled:
        wake(mailing.pk)


def correct_text(mailing: Mailing, by: User, why: str = "") -> int:
    """Give those who have not been written to yet the text as it stands now; returns the new version's number.

    Only while it is paused: everybody else may have the old text in hand. Who got the old text keeps it. Raises
    StandsElsewhere, NotTheirs where so many wait that a second person must say yes to the new text, and
    ValidationError where the text cannot be sent.
    """
    from mailer.mailings import messages

    mailing.refresh_from_db()
    if mailing.status != Status.PAUSED or mailing.frozen_at is None:
        raise StandsElsewhere.of(mailing)
    approving.check_correction(mailing, by)
    version = messages.correct(mailing)
    _note(mailing.pk, What.CORRECTED, by=by, why=why, detail={"version": version})
    return version


def finish(mailing_id: int) -> bool:
    """Close a mailing of which nobody waits any more. False if somebody does, or it was closed already."""
    with transaction.atomic():
        mine = Mailing.objects.filter(pk=mailing_id, finished_at=None)
        # Held first: whoever takes a chunk up again (`reopen`) waits, or is seen.
        held = (
            mine.select_for_update(no_key=True).filter(status__in=[Status.SENDING, Status.CANCELLED]).first()
        )
        if held is None or (held.status == Status.SENDING and held.frozen_at is None):
            return False
        if MailingChunk.objects.filter(mailing=mailing_id).exclude(status=MailingChunk.Status.DONE).exists():
            return False
        if held.status == Status.CANCELLED:
            return bool(mine.update(finished_at=Now()))
        mine.update(status=Status.SENT, finished_at=Now())
        _note(mailing_id, What.FINISHED)
    return True


def reopen(mailing_id: int) -> bool:
    """Take a finished mailing up again, because a person sends an unknown delivery once more. The caller holds a
    transaction. False if the mailing is called off, or not started: then nobody is sent it again."""
    held = (
        Mailing.objects.select_for_update(no_key=True).filter(pk=mailing_id, frozen_at__isnull=False).first()
    )
    if held is None or held.status == Status.CANCELLED:
        return False
    Mailing.objects.filter(pk=mailing_id, status=Status.SENT).update(status=Status.SENDING, finished_at=None)
    return True


# --- mailings that follow ------------------------------------------------------------------------------------

_OF_ANOTHER = (Mailing.Relation.CORRECTION, Mailing.Relation.FOLLOW_UP)
# What a mailing that follows another takes over from it.
_TAKEN_OVER = (
    "organisation",
    "sender",
    "language",
    "fallbacks",
    "mailing_list",
    "track_clicks",
    "track_opens",
    "in_archive",
    "noindex",
)


def make_correction(mailing: Mailing, by: User) -> Mailing:
    """A draft to exactly those who were sent this mailing, its text beginning as this one's. Not safe to repeat."""
    return _follow(mailing, by, Mailing.Relation.CORRECTION, _("Correction: %(name)s"))


def make_follow_up(mailing: Mailing, by: User) -> Mailing:
    """A draft to those whom this mailing could not reach (failed, bounced, or called off before
    their turn), with its text. Not safe to repeat."""
    return _follow(mailing, by, Mailing.Relation.FOLLOW_UP, _("Once more: %(name)s"))


@transaction.atomic
def _follow(mailing: Mailing, by: User, relation: str, name: str) -> Mailing:
    if mailing.frozen_at is None:
        raise ValueError("nobody has been sent this mailing")
    draft = Mailing.objects.create(
        name=(name % {"name": mailing.name})[:200],
        based_on=mailing,
        relation=relation,
        **{field: getattr(mailing, field) for field in _TAKEN_OVER},
    )
    draft.include_lists.set(mailing.include_lists.all())
    MailingText.objects.bulk_create(
        MailingText(
            mailing=draft,
            language=text.language,
            subject=text.subject,
            preheader=text.preheader,
            blocks=text.blocks,
            plain=text.plain,
            changed_by=by,
        )
        for text in mailing.texts.order_by("pk")
    )
    _note(draft.pk, What.CREATED, by=by, detail={"based_on": mailing.pk, "relation": relation})
    return draft


# --- parts ---------------------------------------------------------------------------------------------------


@transaction.atomic
def _move(
    mailing: Mailing,
    new: str,
    what: str,
    *,
    only: Iterable[str] = (),
    by: User | None = None,
    why: str = "",
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Move the mailing and note who did it; raises StandsElsewhere if it stood where no move to `new` is allowed."""
    sources = list(only) or [old for old in Mailing.sources_of(new) if old != Status.SENT]
    moved = Mailing.objects.filter(pk=mailing.pk, status__in=sources).update(
        status=new, changed_at=Now(), **changes
    )
    mailing.refresh_from_db()
    if not moved:
        raise StandsElsewhere.of(mailing)
    _note(mailing.pk, what, by=by, why=why, detail=detail)


def _note(
    mailing_id: int,
    what: str,
    *,
    by: User | None = None,
    why: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    MailingAct.objects.create(mailing_id=mailing_id, what=what, by=by, why=why[:300], detail=detail or {})


def wake(mailing_id: int, times: int = 1) -> None:
    """Ring for workers once the transaction is committed."""
    from mailer import tasks  # the tasks call this package

    for _time in range(times):
        doorbell.wake(tasks.send_chunk, mailing_id)


def wake_freezer(mailing_id: int) -> None:
    """Ring for a worker to fix the audience."""
    from mailer import tasks

    doorbell.wake(tasks.start_mailing, mailing_id)
