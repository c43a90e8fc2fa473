"""Small bars drawn on the server: no script, no style attribute, and always beside a table of the same figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

WIDTH, HEIGHT, GAP = 168, 40, 4
DAYS = 7
_A_DAY = dt.timedelta(days=1)
_PAST_FOR, _TODAY_FOR = 3_600, 60  # seconds for which a count is remembered


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's bar in the coordinates of the drawing."""

    day: dt.date
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Series:
    """What happened a day, for some days in a row."""

    title: str
    days: Sequence[tuple[dt.date, int]]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.days)

    @property
    def bars(self) -> list[Bar]:
        """The bars, the highest as high as the drawing; a day with anything at all is at least 2 units high."""
        highest = max((count for _, count in self.days), default=0)
        step = (WIDTH + GAP) / max(len(self.days), 1)
        bars = []
        for index, (day, count) in enumerate(self.days):
            height = max(count * HEIGHT / highest, 2.0) if count else 1.0
            bars.append(
                Bar(day, count, round(index * step, 1), round(HEIGHT - height, 1), step - GAP, height)
            )
        return bars


def a_week(title: str, counts: Mapping[dt.date, int], today: dt.date) -> Series:
    """The seven days up to today; a day without an entry counts 0."""
    days = [today - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return Series(title, [(day, counts.get(day, 0)) for day in days])


def counts_of_a_week(rows: QuerySet[Any], field: str, scope: object) -> dict[dt.date, int]:
    """How many rows have the moment `field` on each of the last seven days.

    Millions of rows cannot be counted for every look at the home page: today's count is up to a minute old, those
    of the days before up to an hour. `scope` names whose rows these are, so that nobody is shown another's count.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight.date() - dt.timedelta(days=back) for back in range(DAYS)]
    key = f"week:{rows.model._meta.label_lower}:{field}:{scope}:{midnight.isoformat()}"
    past = cache.get_or_set(f"{key}:past", lambda: _by_day(rows, field, days[1:]), _PAST_FOR)
    today = cache.get_or_set(f"{key}:today", lambda: _by_day(rows, field, days[:1]), _TODAY_FOR)
    return {**(past or {}), **(today or {})}


def _by_day(rows: QuerySet[Any], field: str, days: Sequence[dt.date]) -> dict[dt.date, int]:
    """The count of each of these days, which follow one another, in one scan.

    A filter a day: PostgreSQL lets several workers share such a scan, and grouping by a computed day it does not.
    """
    starts = {day: timezone.make_aware(dt.datetime.combine(day, dt.time())) for day in days}
    ends = {day: timezone.make_aware(dt.datetime.combine(day + _A_DAY, dt.time())) for day in days}
    counts = rows.order_by().filter(_between(field, min(starts.values()), max(ends.values())))
    found = counts.aggregate(
        **{day.isoformat(): Count("pk", filter=_between(field, starts[day], ends[day])) for day in days}
    )
    return {day: found[day.isoformat()] for day in days}


def _between(field: str, start: dt.datetime, end: dt.datetime) -> Q:
    return Q(**{f"{field}__gte": start, f"{field}__lt": end})
