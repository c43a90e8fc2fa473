"""A map of the world with a figure for each country, and the table behind it.

The shapes are one static file (`static/map/world.svg`, drawn by `build.py`), which the browser keeps; a page only says
which of them stand out. Shown by `advocacy/_map.html` with `css/map.css`, on public pages and at the desk alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

from advocacy.targets import country_name, sort_key

# The shade of a country goes by its figure: from 1, 50, 500 and 5,000 on.
FROM = (1, 50, 500, 5_000)


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its figure. `shade` is 1 to 4; `dot` is where it is marked if it is too small to be seen."""

    code: str
    name: str
    count: int
    shade: int
    has_shape: bool
    dot: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Shade:
    """A line of the legend: figures from `first` to `last`; no `last` for the highest."""

    shade: int
    first: int
    last: int | None


@dataclass(frozen=True, slots=True)
class Map:
    """What the template shows. `few` counts the countries that are not told by name."""

    view: str
    countries: list[Country]
    legend: list[Shade]
    few: int

    def __bool__(self) -> bool:
        return bool(self.countries)

    @property
    def small(self) -> list[Country]:
        """Those with a dot: drawn last, above the shapes of their neighbours."""
        return [country for country in self.countries if country.dot]


def countries(counts: Mapping[str, int], *, few: int = 0, lowest: int = 1) -> Map:
    """The map for figures by country code, names in the language of the page, the highest figure first.

    `lowest` is the smallest figure that can occur, for the legend. A code that no country has is not shown.
    """
    drawing, language = _drawing(), get_language() or "en"
    shown = []
    for code, count in counts.items():
        name = country_name(code, language)
        if count > 0 and name != code:
            dot = drawing["places"].get(code)
            shown.append(
                Country(code, name, count, _shade(count), code in drawing["shapes"], dot and (dot[0], dot[1]))
            )
    shown.sort(key=lambda one: (-one.count, sort_key(one.name)))
    used = {one.shade for one in shown}
    legend = [
        Shade(shade, max(first, lowest), following - 1 if following else None)
        for shade, first, following in zip(range(1, 5), FROM, (*FROM[1:], None), strict=True)
        if shade in used
    ]
    return Map(" ".join(map(str, drawing["view"])), shown, legend, few)


def _shade(count: int) -> int:
    return sum(count >= first for first in FROM)


@cache
def _drawing() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("places.json").read_text(encoding="utf-8"))
    return found | {"shapes": set(found["shapes"])}
