"""Pages by key of a list in any fixed order: the thousandth costs what the first does, and rows that come or go meanwhile
neither repeat nor hide others. The place of a page is the number of a row, such as "after-120"; no value of it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.lists import key_in

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """A page of rows. `back` and `on` are the places of its neighbours, "" where there is none."""

    rows: Sequence[M]
    back: str
    on: str


def page(rows: QuerySet[M], order: Sequence[str], place: str = "", *, size: int) -> Page[M]:
    """The page of `rows` in `order` (names of columns, "-" before one that falls; the last is unique) at `place`.

    A place nobody can read, or of a row that is gone or stands nowhere in the order, is the first page. A row that
    has left the list since, such as one that was dealt with, still marks the place where it stood.
    """
    way, _dash, number = place.partition("-")
    start = _values_of(rows, order, number) if way in {"after", "before"} else None
    backwards = way == "before" and start is not None
    asked = [_turned(name) for name in order] if backwards else list(order)
    beyond = rows if start is None else rows.filter(_beyond(asked, start))
    found = list(beyond.order_by(*asked)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([], "", "") if start is None else page(rows, order, size=size)
    has_back, has_on = (more, True) if backwards else (start is not None, more)
    return Page(
        found,
        back=f"before-{found[0].pk}" if has_back else "",
        on=f"after-{found[-1].pk}" if has_on else "",
    )


def _values_of(rows: QuerySet[M], order: Sequence[str], number: str) -> list[Any] | None:
    key = key_in(number)
    names = [name.removeprefix("-") for name in order]
    found = None if key is None else rows.model._default_manager.filter(pk=key).values_list(*names).first()
    return None if found is None or None in found else list(found)


def _beyond(order: Sequence[str], start: Sequence[Any]) -> Q:
    """What comes after the values `start` in `order`, compared column by column."""
    found, same = Q(), Q()
    for name, value in zip(order, start, strict=True):
        column = name.removeprefix("-")
        found |= same & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{column: value})
    return found


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"
