"""What a campaign has reached, as the public sees it: confirmed letters only (A14), rounded and delayed (A9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from advocacy.models import Campaign, Letter

# Counted up to the last full stretch of this length: nobody can watch one person's letter being counted.
DELAY = timedelta(minutes=5)
FEWEST = 5  # supporters from which on a country is named
_STEPS = (1, 2, 5)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """Public figures: rounded down, some minutes old. `as_of` is the moment they were true."""

    letters: int
    supporters: int
    countries: int
    goal: int
    as_of: datetime

    @property
    def percent(self) -> int:
        return min(100, 100 * self.letters // self.goal)


def counted_once(name: str, campaign: Campaign, count: Callable[[datetime], T]) -> T:
    """What `count` finds for a moment at most five minutes ago, which it is given: asked once for each such moment,
    however many visitors there are. `name` tells these figures of a campaign from its others."""
    as_of = _last_stretch(timezone.now())
    key = f"advocacy:{name}:{campaign.pk}:{int(as_of.timestamp())}"
    found: T | None = cache.get(key)
    if found is None:
        found = count(as_of)
        cache.set(key, found, timeout=2 * DELAY.total_seconds())
    return found


def progress(campaign: Campaign) -> Progress:
    """The public figures of a campaign. Counted once every five minutes, however many visitors ask."""
    as_of = _last_stretch(timezone.now())
    letters, supporters, countries = counted_once("progress", campaign, partial(_count, campaign))
    return Progress(rounded(letters), rounded(supporters), countries, goal_for(letters, campaign.goal), as_of)


@dataclass(frozen=True, slots=True)
class Reached:
    """Supporters by country code, rounded down; and how many more countries have too few of them to be named."""

    supporters: dict[str, int]
    few: int


def reached(campaign: Campaign) -> Reached:
    """Where a campaign's supporters live, as the public may know it. Counted once every five minutes.

    A country with fewer than FEWEST supporters is not named: in some, to have written is a danger, and whoever knows
    of one supporter there would know who it is.
    """
    found = counted_once("reached", campaign, partial(_count_by_country, campaign))
    named = {code: rounded(count) for code, count in found.items() if count >= FEWEST}
    return Reached(named, len(found) - len(named))


def rounded(count: int) -> int:
    """`count` as the public sees it: exact to ten, then down to full tens, from 1,000 on to full hundreds."""
    if count < 10:
        return count
    return count - count % (10 if count < 1_000 else 100)


def goal_for(count: int, first: int) -> int:
    """The goal to show: the first one until nine tenths are reached, then the next round number that is not."""
    if 10 * count < 9 * first:
        return first
    return next(
        step * 10**power
        for power in range(1, 20)
        for step in _STEPS
        if step * 10**power > first and 10 * count < 9 * step * 10**power
    )


def _count(campaign: Campaign, as_of: datetime) -> tuple[int, int, int]:
    found = _counted(campaign, as_of).aggregate(
        letters=Count("pk"),
        supporters=Count("supporter_id", distinct=True),
        countries=Count(F("submission__country"), distinct=True),
    )
    return found["letters"], found["supporters"], found["countries"]


def _count_by_country(campaign: Campaign, as_of: datetime) -> dict[str, int]:
    rows = _counted(campaign, as_of).exclude(submission__country="")
    found = rows.values_list("submission__country").annotate(Count("supporter_id", distinct=True))
    return dict(found.order_by())


def _counted(campaign: Campaign, as_of: datetime) -> QuerySet[Letter]:
    # A letter counts once it was confirmed and was not taken back, refused or a repeat.
    return Letter.objects.filter(
        campaign=campaign, confirmed_at__lt=as_of, status__in=Letter.LIVE, is_test=False
    ).order_by()


def _last_stretch(now: datetime) -> datetime:
    seconds = int(DELAY.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)
