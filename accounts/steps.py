"""The steps of a way of several pages, as templates/staff/_steps.html shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    name: Any  # a string, translated when it is shown
    url: str
    here: bool
    done: bool


def along(
    names: Sequence[Any], here: int, *, urls: Sequence[str] = (), done: Collection[int] | None = None
) -> list[Step]:
    """The steps called `names`, numbered from 1, with the one at `here` marked.

    `urls` leads to them in their order, "" to none. `done` holds the numbers of those that are; without it, all before
    `here`.
    """
    finished = range(1, here) if done is None else done
    return [
        Step(
            number, name, urls[number - 1] if number <= len(urls) else "", number == here, number in finished
        )
        for number, name in enumerate(names, start=1)
    ]
