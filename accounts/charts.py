"""Charts drawn on the server: no script, no style attribute, axes with units, and beside them a table of the figures."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

DAYS = 7  # what "lately" is for what waits on the home page
PERIODS = (30, 90)  # days that the charts of the home page may show
WIDTH, HEIGHT = 360, 150  # of a drawing, with its axes
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 12, 22
_LABELS = 5  # days named below a chart
_STEPS = 4  # of the axis of figures, at most
_A_DAY = dt.timedelta(days=1)
_PAST_FOR, _TODAY_FOR = 7 * 86_400, 60  # seconds for which a count is remembered
_AT_ONCE = 10  # days counted by one query
LONGEST_WAY = dt.timedelta(days=14)  # from the one moment of a row to the other
BUDGET = 0.04  # seconds a look may spend on days that nobody has counted yet, each time


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's bar in the coordinates of the drawing, with what it says."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where, and what stands there."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Series:
    """What happened a day, for some days in a row. A day that is not counted yet, or has no rate, is None.

    unit: what the figures are, "%" for a rate. whole: the figure of the time as a whole; by default the sum.
    """

    title: str
    days: Sequence[tuple[dt.date, float | None]]
    unit: str = ""
    whole: float | None = None

    @property
    def total(self) -> float:
        return self.whole if self.whole is not None else sum(number or 0 for _day, number in self.days)

    @property
    def headline(self) -> str:
        """The figure of the whole time, in the reader's language: “12,402” or “0.42%”."""
        return self._in_words(self.total)

    @property
    def cells(self) -> list[str]:
        """The figures of the days for the table; "–" where there is none."""
        return ["–" if number is None else self._in_words(number) for _day, number in self.days]

    @property
    def told(self) -> str:
        """The drawing in a sentence, for whoever hears the page."""
        known = [(number, day) for day, number in self.days if number is not None]
        if not known:
            return _("Nothing is counted yet.")
        highest, day = max(known, key=lambda entry: (entry[0], entry[1]))
        return _("From %(lowest)s to %(highest)s a day, the most on %(day)s.") % {
            "lowest": self._in_words(min(known)[0]),
            "highest": self._in_words(highest),
            "day": date_format(day, "DATE_FORMAT"),
        }

    # --- the drawing

    @property
    def _least(self) -> float:
        """The smallest step of the axis: one of what is counted, or a hundredth of a percent."""
        return 0.01 if self.unit == "%" and any(number for _day, number in self.days) else 1

    @property
    def _axis(self) -> tuple[int, int]:
        """The step of the axis of figures and how many there are, the step counted in `_least`.

        It is the smallest of 1, 2, 5, 10, 20, 50 … that reaches the highest day in `_STEPS` or fewer: whole numbers, so
        that no axis says two and a half letters.
        """
        highest = max((number or 0 for _day, number in self.days), default=0)
        reach = max(math.ceil(round(highest / self._least, 6)), 1)
        step = next(
            factor * power
            for power in (10**digits for digits in itertools.count())
            for factor in (1, 2, 5)
            if factor * power * _STEPS >= reach
        )
        return step, math.ceil(reach / step)

    @property
    def ceiling(self) -> float:
        """The figure at the upper end of the axis: the first mark that holds every day."""
        step, count = self._axis
        return round(step * count * self._least, 2)

    @property
    def bars(self) -> list[Bar]:
        """A bar for every day with a figure; one with anything at all is at least 2 units high."""
        room, top = HEIGHT - _TOP - _BOTTOM, self.ceiling
        step = (WIDTH - _LEFT - _RIGHT) / max(len(self.days), 1)
        bars = []
        for index, (day, number) in enumerate(self.days):
            if not number:
                continue
            height = round(max(number * room / top, 2.0), 1)
            width = round(step * 0.8, 1)
            x = self._mirrored(_LEFT + index * step + step * 0.1, width)
            words = f"{date_format(day, 'DATE_FORMAT')}: {self._in_words(number)}"
            bars.append(Bar(x, round(HEIGHT - _BOTTOM - height, 1), width, height, words))
        return bars

    @property
    def up(self) -> list[Tick]:
        """The marks of the axis of figures, from nothing to the ceiling."""
        room, (step, count) = HEIGHT - _TOP - _BOTTOM, self._axis
        figures = [round(step * mark * self._least, 2) for mark in range(count + 1)]
        is_whole = all(figure % 1 == 0 for figure in figures)
        return [
            Tick(
                round(HEIGHT - _BOTTOM - room * mark / count, 1),
                self._in_words(figure, short=is_whole or not figure),
            )
            for mark, figure in enumerate(figures)
        ]

    @property
    def along(self) -> list[Tick]:
        """The marks of the axis of days."""
        count = len(self.days)
        step = (WIDTH - _LEFT - _RIGHT) / max(count, 1)
        every = max(round(count / _LABELS), 1)
        return [
            Tick(
                self._mirrored(_LEFT + index * step + step / 2, 0),
                date_format(self.days[index][0], "MONTH_DAY_FORMAT"),
            )
            for index in range(every // 2, count, every)
        ]

    @property
    def frame(self) -> dict[str, float]:
        """Where the axes stand."""
        is_mirrored = get_language_bidi()
        return {
            "left": _RIGHT if is_mirrored else _LEFT,
            "right": WIDTH - _LEFT if is_mirrored else WIDTH - _RIGHT,
            "ground": HEIGHT - _BOTTOM,
            "labels": WIDTH - _LEFT + 6 if is_mirrored else _LEFT - 6,
            "below": HEIGHT - 6,
        }

    def _mirrored(self, x: float, width: float) -> float:
        """Time runs the way one reads."""
        return round(WIDTH - x - width if get_language_bidi() else x, 1)

    def _in_words(self, number: float, *, short: bool = False) -> str:
        if self.unit == "%":
            return f"{number_format(number, 0 if short else 2)}%"
        places = 1 if number % 1 else 0
        return number_format(number, places, force_grouping=True)


def over(days: int, title: str, counts: Mapping[dt.date, int]) -> Series:
    """The figures of the last `days` up to today; a day without an entry is not counted yet."""
    return Series(title, [(day, counts.get(day)) for day in _last(days)])


def rate(days: int, title: str, part: Mapping[dt.date, int], of: Mapping[dt.date, int]) -> Series:
    """What share of `of` each day's `part` is, in percent; none for a day with nothing to be a part of."""
    shares = [
        (day, round(100 * part.get(day, 0) / of[day], 2) if of.get(day) else None) for day in _last(days)
    ]
    whole = sum(of.get(day, 0) for day in _last(days))
    told = 100 * sum(part.get(day, 0) for day in _last(days)) / whole if whole else 0.0
    return Series(title, shares, "%", round(told, 2))


def by_day(shown: Sequence[Series]) -> list[tuple[dt.date, list[str]]]:
    """The rows of the table beside the charts, today first: each day with the cell of every series."""
    if not shown:
        return []
    columns = [series.cells for series in shown]
    days = [day for day, _number in shown[0].days]
    return [(day, [cells[index] for cells in columns]) for index, day in enumerate(days)][::-1]


def counts_of_days(
    rows: QuerySet[Any],
    field: str,
    scope: str,
    days: int,
    *,
    budget: float = BUDGET,
    found_by: str = "",
) -> dict[dt.date, int]:
    """How many rows have the moment `field` on each of the last `days`; a day that is missing is not counted yet.

    Millions of rows cannot be counted for every look at the home page. A day that is over is counted once and
    remembered for a week; today's count is up to a minute old. Of days that nobody has counted, a look counts the
    newest ones until `budget` seconds are gone (ten days at least), and the next look goes on. `scope` names whose
    rows these are (`permissions.scope_of`), so that nobody is shown another's count.

    found_by: an earlier moment of the same row, at most `LONGEST_WAY` before `field`, which has an index where `field`
    has none.
    """
    today, *past = _last(days)[::-1]
    key = f"days:{rows.model._meta.label_lower}:{field}:{scope}:{timezone.get_current_timezone_name()}"
    keys = {day: f"{key}:{day.isoformat()}" for day in past}
    remembered = cache.get_many(list(keys.values()))
    found = {day: remembered[name] for day, name in keys.items() if name in remembered}
    missing = [day for day in past if day not in found]
    until = time.monotonic() + budget
    while missing:
        some, missing = missing[:_AT_ONCE], missing[_AT_ONCE:]
        counted = _by_day(rows, field, some, found_by)
        cache.set_many({keys[day]: count for day, count in counted.items()}, _PAST_FOR)
        found |= counted
        if time.monotonic() > until:
            break
    now = cache.get_or_set(
        f"{key}:{today.isoformat()}:now", lambda: _by_day(rows, field, [today], found_by), _TODAY_FOR
    )
    return {**found, **(now or {})}


def _last(days: int) -> list[dt.date]:
    """The last `days` up to today, the oldest first."""
    today = timezone.localdate()
    return [today - back * _A_DAY for back in range(days - 1, -1, -1)]


def _by_day(rows: QuerySet[Any], field: str, days: Sequence[dt.date], found_by: str) -> dict[dt.date, int]:
    """The count of each of these days, in one scan of the time from the first to the last."""
    start, end = _midnight(min(days)), _midnight(max(days) + _A_DAY)
    between = rows.order_by().filter(Q(**{f"{field}__gte": start, f"{field}__lt": end}))
    if found_by:
        between = between.filter(Q(**{f"{found_by}__gte": start - LONGEST_WAY, f"{found_by}__lt": end}))
    counted = between.annotate(day_of_it=TruncDate(F(field))).values_list("day_of_it")
    found = dict(counted.annotate(number=Count("pk")))
    return {day: found.get(day, 0) for day in days}


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
