"""The wall: published expressions of a campaign, featured ones first, narrowed by links and paged by key.

What is counted here is published; what waits, was refused or taken down is in no figure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from advocacy.models import Campaign, Expression
from advocacy.progress import counted_once
from contacts import naming

ON_A_PAGE = 24
ON_THE_CAMPAIGN_PAGE = 3
_KEY = re.compile(r"([01])-([0-9]{10})\.([0-9]{6})-([0-9]{1,18})", re.ASCII)
_DIMENSIONS = ("category", "country", "language")


@dataclass(frozen=True, slots=True)
class Filters:
    """How a reader narrows the wall; "" for not at all. What cannot be read is as if it was not there."""

    category: str = ""
    country: str = ""
    language: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> Filters:
        category, country, language = (data.get(name, "") for name in _DIMENSIONS)
        return cls(
            category=category if category in Expression.Category.values else "",
            country=country if re.fullmatch(r"[A-Z]{2}", country) else "",
            language=language if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}", language) else "",
        )

    @property
    def narrowing(self) -> dict[str, str]:
        """Those that are set, by field."""
        return {name: value for name in _DIMENSIONS if (value := getattr(self, name))}

    @property
    def query(self) -> str:
        return urlencode(self.narrowing)


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a filter: what it shows, how many that are, and the query behind it; of the current one, the query
    without it."""

    label: str
    count: int
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter with all it offers."""

    name: str
    title: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of the wall. `older` is the query of the next one, "" at its end; `total` counts all of the filter."""

    expressions: list[Expression]
    older: str
    total: int
    is_first: bool
    facets: list[Facet]

    @property
    def categories(self) -> list[Facet]:
        """Who speaks: always in sight."""
        return [facet for facet in self.facets if facet.name == "category"]

    @property
    def others(self) -> list[Facet]:
        """The filters that may have a hundred choices."""
        return [facet for facet in self.facets if facet.name != "category"]


def published(campaign: Campaign) -> QuerySet[Expression]:
    """What everybody may read, in the order of the wall."""
    rows = Expression.objects.filter(campaign=campaign, status=Expression.Status.PUBLISHED)
    return rows.order_by("-is_featured", "-published_at", "-pk")


def page(campaign: Campaign, filters: Filters, after: str = "") -> Shown:
    """A page of the wall, the first one or the one after a key. A key that is none is the first page."""
    rows, key = published(campaign).filter(**filters.narrowing), _read_key(after)
    found = list(rows.filter(_after(*key) if key else Q())[: ON_A_PAGE + 1])
    shown = found[:ON_A_PAGE]
    is_more = len(found) > ON_A_PAGE
    counts = _counts(campaign)
    return Shown(
        expressions=shown,
        older=urlencode({**filters.narrowing, "after": _key(shown[-1])}) if is_more else "",
        total=sum(count for facts, count in counts.items() if _fits(facts, filters)),
        is_first=key is None,
        facets=[
            facet
            for facet in _facets(counts, filters)
            if len(facet.choices) > 1 or (facet.choices and filters.query)
        ],
    )


def newest(campaign: Campaign) -> list[Expression]:
    """The three for the campaign's page: featured first."""
    return list(published(campaign)[:ON_THE_CAMPAIGN_PAGE])


def by_category(campaign: Campaign) -> list[Choice]:
    """How many of each category are published, most first. Counted once every five minutes (`progress.py`)."""
    _as_of, rows = counted_once("wall", campaign, lambda _as_of: [*_counts(campaign).items()])
    return _choices("category", {tuple(facts): found for facts, found in rows}, Filters())


# --- keys ---------------------------------------------------------------------------------------------------------


def _key(expression: Expression) -> str:
    moment = (
        expression.published_at.astimezone(UTC) if expression.published_at else datetime.fromtimestamp(0, UTC)
    )
    return f"{int(expression.is_featured)}-{int(moment.timestamp())}.{moment.microsecond:06}-{expression.pk}"


def _read_key(text: str) -> tuple[bool, datetime, int] | None:
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    moment = datetime.fromtimestamp(int(found[2]), tz=UTC).replace(microsecond=int(found[3]))
    return found[1] == "1", moment, int(found[4])


def _after(is_featured: bool, moment: datetime, pk: int) -> Q:
    same = Q(is_featured=is_featured) & (Q(published_at__lt=moment) | Q(published_at=moment, pk__lt=pk))
    return same | Q(is_featured=False) if is_featured else same


# --- figures ------------------------------------------------------------------------------------------------------

_Facts = tuple[str, str, str]


def _counts(campaign: Campaign) -> Mapping[_Facts, int]:
    rows = published(campaign).order_by().values_list(*_DIMENSIONS).annotate(found=Count("pk"))
    return {(category, country, language): found for category, country, language, found in rows}


def _fits(facts: _Facts, filters: Filters) -> bool:
    asked = (filters.category, filters.country, filters.language)
    return all(not value or value == fact for value, fact in zip(asked, facts, strict=True))


def _facets(counts: Mapping[_Facts, int], filters: Filters) -> list[Facet]:
    titles = {"category": _("Who speaks"), "country": _("Country"), "language": _("Language")}
    return [Facet(name, titles[name], _choices(name, counts, filters)) for name in _DIMENSIONS]


def _choices(name: str, counts: Mapping[_Facts, int], filters: Filters) -> list[Choice]:
    """What this filter offers beside the others that are set, most first."""
    at, others = _DIMENSIONS.index(name), replace(filters, **{name: ""})
    found: Counter[str] = Counter()
    for facts, count in counts.items():
        if facts[at] and _fits(facts, others):
            found[facts[at]] += count
    current = getattr(filters, name)
    if current and current not in found:
        found[current] = 0
    labels = _labels(name)
    return [
        Choice(
            labels.get(value, value),
            count,
            (others if value == current else replace(filters, **{name: value})).query,
            value == current,
        )
        for value, count in sorted(found.items(), key=lambda pair: (-pair[1], labels.get(pair[0], pair[0])))
    ]


def _labels(name: str) -> dict[str, str]:
    if name == "category":
        return {value: capfirst(str(label)) for value, label in Expression.Category.choices}
    reader = get_language() or "en"
    return dict(naming.countries(reader) if name == "country" else naming.languages())
