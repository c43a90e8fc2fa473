"""Small bars drawn on the server: no script, no style attribute, and always beside a table of the same figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, GAP = 168, 40, 4


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
    days = [today - dt.timedelta(days=back) for back in range(6, -1, -1)]
    return Series(title, [(day, counts.get(day, 0)) for day in days])
