"""How long a mailing will take, before it starts and while it runs. A guess from what was measured, and said to be one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Min, Sum
from django.db.models.functions import Now
from django.utils import timezone

from mailer.mailings import audience
from mailer.models import Mailing, MailingChunk, Sender

# What a sender that has never sent anything is taken to manage a second; real providers allow 10 to 500.
UNKNOWN_PER_SECOND = 100.0
# Finished mailings of the same sender that tell its pace.
EARLIER = 5
# While it runs, the pace of the last minutes counts.
LATELY = timedelta(minutes=3)
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """people: who still waits. per_second: the pace. seconds: how long it takes; None if it stands still. ends_at: then."""

    people: int
    per_second: float
    seconds: float | None
    ends_at: datetime | None


def before(mailing: Mailing, people: int | None = None) -> Forecast:
    """For a mailing that has not started. people: the count of its audience, where the caller has it at hand."""
    waiting = audience.count(mailing).total if people is None else people
    begins = max(mailing.starts_at or timezone.now(), timezone.now())
    return _at(waiting, pace_of(mailing.sender), mailing.sender, begins)


def during(mailing: Mailing) -> Forecast:
    """For a mailing under way: from its own pace of the last minutes; nothing to foretell while it stands still."""
    counts = MailingChunk.objects.filter(mailing=mailing).aggregate(
        people=Sum("size", default=0),
        settled=Sum(F("sent") + F("failed") + F("suppressed") + F("unknown") + F("cancelled"), default=0),
    )
    waiting = counts["people"] - counts["settled"]
    pace = _lately(mailing) or _so_far(mailing, counts["settled"]) or pace_of(mailing.sender)
    if mailing.status != Mailing.Status.SENDING:
        return Forecast(waiting, pace, 0.0 if not waiting else None, None)
    return _at(waiting, pace, mailing.sender, timezone.now())


def pace_of(sender: Sender | None) -> float:
    """What the sender's latest mailings managed a second, within what its provider allows."""
    measured = []
    if sender is not None:
        earlier = Mailing.objects.filter(sender=sender, status=Mailing.Status.SENT, audience__gte=100)
        measured = [
            one.audience / (one.finished_at - one.frozen_at).total_seconds()
            for one in earlier.order_by("-finished_at")[:EARLIER]
            if one.finished_at and one.frozen_at and one.finished_at > one.frozen_at and one.audience
        ]
    pace = sorted(measured)[len(measured) // 2] if measured else UNKNOWN_PER_SECOND
    if sender is not None and sender.per_second:
        pace = min(pace, sender.per_second) if measured else float(sender.per_second)
    return pace


def _at(people: int, pace: float, sender: Sender | None, begins: datetime) -> Forecast:
    seconds = people / pace
    if sender is not None and sender.per_day and people > sender.per_day:
        # What is over the day's quota waits for the next days; each begins when the one before is over.
        full_days, rest = divmod(people - 1, sender.per_day)
        seconds = full_days * DAY + (rest + 1) / pace
    return Forecast(people, pace, seconds, begins + timedelta(seconds=seconds))


def _lately(mailing: Mailing) -> float:
    """People a second in the chunks that were finished lately; 0 if too few were."""
    done = MailingChunk.objects.filter(mailing=mailing, finished_at__gt=Now() - LATELY, passes=1).aggregate(
        people=Sum("size", default=0), chunks=Count("pk"), first=Min("finished_at"), last=Max("finished_at")
    )
    if done["chunks"] < 3 or done["last"] <= done["first"]:
        return 0.0
    # Of n ends there are n - 1 chunks between the first and the last.
    between = done["people"] * (done["chunks"] - 1) / done["chunks"]
    return float(between / (done["last"] - done["first"]).total_seconds())


def _so_far(mailing: Mailing, settled: int) -> float:
    if mailing.frozen_at is None or settled < 100:
        return 0.0
    return float(settled / max((timezone.now() - mailing.frozen_at).total_seconds(), 1.0))
