"""Mailings on their way in one process: tasks are called as functions, and roads answer as they are told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import pytest
from django.db import connection

from mailer import invariants
from mailer.mailings import chunks, freezing, running, sending, stopping
from mailer.models import Delivery, Mailing
from mailer.providers import Answer, Outcome
from mailer.roads import Content, Recipient, Turn
from tests.factories import make_audience, make_mailing, make_user

YES = Outcome(Answer.ACCEPTED)


class ToldRoad:
    """Answers for each recipient as it is told, and keeps whom it was asked for and with what."""

    provider = "told"

    def __init__(
        self, answer: Callable[[Recipient], Outcome] = lambda _recipient: YES, window: int = 2
    ) -> None:
        self.answer = answer
        self.window = window
        self.asked: list[Recipient] = []
        self.messages: list[int] = []
        self.before: Callable[[], None] = lambda: None

    def turn(self, people: int) -> Turn:
        return Turn(people)

    def ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        self.before()
        self.asked += recipients
        self.messages += [content.message.pk for _recipient in recipients]
        return [self.answer(recipient) for recipient in recipients]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    @property
    def ids(self) -> list[int]:
        return [recipient.delivery_id for recipient in self.asked]


def started(people: int = 3, **fields: Any) -> Mailing:
    """A mailing that a person has sent and the clock has started; its audience is not fixed yet."""
    mailing = make_mailing(**fields)
    make_audience(mailing, people)
    return start(mailing)


def start(mailing: Mailing) -> Mailing:
    running.send_now(mailing, make_user())
    Mailing.objects.filter(pk=mailing.pk).update(starts_at="2026-01-01T00:00Z")
    assert running.start(mailing.pk)
    mailing.refresh_from_db()
    return mailing


def frozen(people: int = 3, **fields: Any) -> Mailing:
    mailing = started(people, **fields)
    assert freezing.freeze(mailing.pk)
    mailing.refresh_from_db()
    return mailing


def send_all(mailing: Mailing, road: ToldRoad | None = None) -> Mailing:
    """Send along a road until nothing is to be done just now, as a worker would."""
    road, watch = road or ToldRoad(), stopping.Watch()
    while chunk := chunks.claim(mailing.pk):
        sending.Shift(chunk, road, time.monotonic() + 60, watch).work()
    running.finish(mailing.pk)
    mailing.refresh_from_db()
    return mailing


def die_with(mailing: Mailing, *, asked: int = 0) -> Any:
    """A chunk whose worker was killed, after it had asked for a window of so many, or before it asked at all."""
    from mailer.mailings import audience, windows

    chunk = chunks.claim(mailing.pk)
    assert chunk is not None
    if asked:
        assert windows.step(chunk, None, windows.Question(asked, audience.lists_of(mailing)))
    lapse(chunk.pk)
    return chunk


def lapse(chunk_id: int) -> None:
    """The lease of a chunk has run out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailer_mailingchunk SET lease_until = now() - interval '1 s' WHERE id = %s", [chunk_id]
        )


def make_due(mailing: Mailing) -> None:
    """The time for another try has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailer_delivery SET due_at = now() - interval '1 s' WHERE mailing_id = %s AND status = 'queued'",
            [mailing.pk],
        )
        cursor.execute(
            "UPDATE mailer_mailingchunk SET due_at = now() - interval '1 s' WHERE mailing_id = %s",
            [mailing.pk],
        )


def states(mailing: Mailing) -> dict[str, int]:
    return dict(Counter(Delivery.objects.filter(mailing=mailing).values_list("status", flat=True)))


def broken() -> list[str]:
    return [violation.name for violation in invariants.check_all() if violation.ids]


@contextmanager
def sound() -> Iterator[None]:
    """Every invariant holds at the end."""
    yield
    assert broken() == []


@pytest.fixture(autouse=True)
def small_chunks(settings: Any) -> None:
    settings.MAILING_CHUNK = 4
