"""Mailings on their way in one process: tasks are called as functions, mail stays in memory."""

from __future__ import annotations

import pytest

from mailer import invariants
from mailer.mailings import freezing, running, sending
from mailer.models import Delivery, Mailing
from tests.factories import make_audience, make_mailing, make_user

__all__ = ["frozen", "send_all", "states"]


def started(people: int = 3, **fields: object) -> Mailing:
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


def frozen(people: int = 3, **fields: object) -> Mailing:
    mailing = started(people, **fields)
    assert freezing.freeze(mailing.pk)
    mailing.refresh_from_db()
    return mailing


def send_all(mailing: Mailing) -> Mailing:
    """Work until nothing is to be done just now."""
    for _turn in range(20):
        if not sending.work(mailing.pk):
            break
    mailing.refresh_from_db()
    return mailing


def states(mailing: Mailing) -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Delivery.objects.filter(mailing=mailing).values_list("status", flat=True):
        found[status] = found.get(status, 0) + 1
    return found


def broken() -> list[str]:
    return [violation.name for violation in invariants.check_all() if violation.ids]


@pytest.fixture(autouse=True)
def small_chunks(settings: object) -> None:
    settings.MAILING_CHUNK = 4  # type: ignore[attr-defined]
