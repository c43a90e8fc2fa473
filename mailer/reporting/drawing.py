"""What a report draws on the server: no script, no style attribute, and always beside a table of the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT, GAP = 1_000, 100, 2
LEAST = 6  # units of the bar's width that even one person among a million takes, so that nobody is invisible
TICKS = 4  # a chart whose columns are a multiple of it has each label below its own column


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar that shows a whole, in the coordinates of the drawing."""

    key: str
    count: int
    x: float
    width: float


def parts(counts: Sequence[tuple[str, int]]) -> list[Part]:
    """The bar of a whole, whose parts are these counts; those of nobody are left out.

    Each part is at least `LEAST` wide, which the larger ones give up.
    """
    shown = [(key, count) for key, count in counts if count > 0]
    whole = sum(count for _, count in shown)
    small = {key for key, count in shown if count * WIDTH < LEAST * whole}
    left = WIDTH - LEAST * len(small)
    rest = sum(count for key, count in shown if key not in small) or 1
    drawn, x = [], 0.0
    for key, count in shown:
        width = LEAST if key in small else left * count / rest
        drawn.append(Part(key, count, round(x, 1), round(width, 1)))
        x += width
    return drawn


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart; `label` stands below it where there is room for it."""

    label: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """What happened in one span of time after another."""

    key: str
    title: Any
    columns: Sequence[Column]
    highest: int
    total: int

    @property
    def ticks(self) -> list[str]:
        """At most `TICKS` of the labels below the axis, evenly spread, the first one first."""
        step = max(1, -(-len(self.columns) // TICKS))
        return [column.label for column in self.columns[::step]]


def columns(key: str, title: Any, counts: Sequence[tuple[str, int]]) -> Columns:
    """A chart of labelled counts, the highest as high as the drawing; anything at all is at least 2 units high."""
    highest = max((count for _, count in counts), default=0)
    step = WIDTH / max(len(counts), 1)
    drawn = []
    for index, (label, count) in enumerate(counts):
        height = max(count * HEIGHT / highest, 2.0) if count > 0 else 0.0
        width = max(step - GAP, step / 2)
        drawn.append(
            Column(
                label,
                count,
                round(index * step, 1),
                round(HEIGHT - height, 1),
                round(width, 1),
                round(height, 1),
            )
        )
    return Columns(key, title, drawn, highest, sum(count for _, count in counts))


@dataclass(frozen=True, slots=True)
class Rod:
    """One line of a table with its count drawn beside it, as wide as its share of the highest."""

    label: str
    count: int
    width: float
    share: float | None  # of the whole, 0 to 1


def rods(counts: Sequence[tuple[str, int]], whole: int = 0) -> list[Rod]:
    """Labelled counts as lines; `whole` is what their shares are of, 0 for none."""
    highest = max((count for _, count in counts), default=0) or 1
    return [
        Rod(label, count, round(100 * count / highest, 1), count / whole if whole else None)
        for label, count in counts
    ]
