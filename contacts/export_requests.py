"""A second person's yes to a large file of people, as large mailings need one (RELIABILITY A12).

A request is for one file: of the people `what` and `query` name, in the rights of who asks. It is answered by somebody
else who may export and sees all these people themselves, and taken once within a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now

from accounts import audit
from accounts.models import User
from contacts.deeds import Did
from contacts.models import ContactExport, ExportRequest

PERMISSION = "contacts.export_contact"
GOOD_FOR = timedelta(hours=24)  # after the yes
WAITS_FOR = timedelta(days=7)  # for an answer
PURPOSE_DAYS = timedelta(days=30)  # after it was asked for; no request is good for so long
MOST_WORDS = 300  # characters of a purpose or a reason


class AnswerNeeded(Exception):  # noqa: N818 - what happened
    """So many people leave only with a second person's yes, and there is none for this file."""


class NotOpen(Exception):  # noqa: N818 - what happened
    """It was answered already, by somebody else, or its time is over."""


def is_needed(rows: models.QuerySet[models.Model]) -> bool:
    """Whether so many rows leave with a second person's yes only. Counts no further than it has to."""
    most = settings.EXPORT_SECOND_PERSON_ABOVE
    return rows.order_by().values("pk")[: most + 1].count() > most


def last(by: User, what: str, query: str) -> ExportRequest | None:
    """The person's newest request for this file, as long as it can lead to one or says why not; None without."""
    mine = ExportRequest.objects.filter(by=by, what=what, query=query, export=None)
    return mine.filter(_is_fresh()).select_related("decided_by").order_by("-pk").first()


def waiting() -> models.QuerySet[ExportRequest]:
    """Everything that waits for an answer, the oldest first."""
    return ExportRequest.objects.filter(_is_fresh(), decided_at=None).select_related("by").order_by("pk")


def granted(by: User) -> models.QuerySet[ExportRequest]:
    """What the person may take now."""
    return ExportRequest.objects.filter(_is_fresh(), by=by, is_approved=True, export=None).order_by("pk")


def _is_fresh() -> models.Q:
    return models.Q(decided_at=None, at__gt=Now() - WAITS_FOR) | models.Q(decided_at__gt=Now() - GOOD_FOR)


@transaction.atomic
def ask(by: User, what: str, query: str, people: int, *, purpose: str, anew: bool = False) -> ExportRequest:
    """Ask for a yes, with what the file is for. A repeat gives the request that waits, or was granted already and not
    `anew` asked for, with the purpose it was asked with."""
    User.objects.select_for_update().get(pk=by.pk)
    asked = last(by, what, query)
    if asked is not None and (asked.decided_at is None or (asked.is_approved and not anew)):
        return asked
    asked = ExportRequest.objects.create(
        by=by, what=what, query=query, people=people, purpose=purpose[:MOST_WORDS]
    )
    audit.record(by, audit.Act.ADDED, Did.EXPORT_ASKED, asked, people=people)
    return asked


@transaction.atomic
def decide(asked: ExportRequest, by: User, *, yes: bool, why: str = "") -> None:
    """Say yes, or no with the reason. Raises NotOpen; nobody answers their own. That `by` may and sees these people
    is asked before (`contacts.admin.export_requests.objection`)."""
    open_ = ExportRequest.objects.filter(pk=asked.pk, decided_at=None, at__gt=Now() - WAITS_FOR)
    if not open_.exclude(by=by).update(
        decided_at=Now(), decided_by=by, is_approved=yes, why="" if yes else why[:MOST_WORDS]
    ):
        raise NotOpen
    asked.refresh_from_db()
    audit.record(by, audit.Act.CHANGED, Did.EXPORT_APPROVED if yes else Did.EXPORT_REFUSED, asked)


def use(asked: ExportRequest | None, by: User, what: str, query: str, entry: ContactExport) -> None:
    """Let `entry` be the one file of a granted request. Raises AnswerNeeded if it is for another file, or used up."""
    if asked is None:
        raise AnswerNeeded
    mine = granted(by).filter(pk=asked.pk, what=what, query=query)
    if not mine.order_by().update(export=entry):
        raise AnswerNeeded


def forget_purposes() -> Iterator[int]:
    """Empty what people typed as the purpose of requests that ended long ago."""
    old = ExportRequest.objects.filter(at__lt=Now() - PURPOSE_DAYS).exclude(purpose="")
    if emptied := old.update(purpose=""):
        yield emptied
