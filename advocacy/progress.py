"""What a campaign has reached, as the public sees it: confirmed letters only (A14), rounded and delayed (A9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from advocacy.models import Campaign, Letter

# Counted up to the last full stretch of this length: nobody can watch one person's letter being counted.
DELAY = timedelta(minutes=5)
FEWEST = 5  # supporters from which on a country is named
_STEPS = (1, 2, 5)


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


def progress(campaign: Campaign) -> Progress:
    """The public figures of a campaign. Counted once every five minutes, however many visitors ask."""
    as_of = _last_stretch(timezone.now())
    key = f"advocacy:progress:{campaign.pk}:{int(as_of.timestamp())}"
    found = cache.get_or_set(key, lambda: _count(campaign, as_of), timeout=2 * DELAY.total_seconds())
    letters, supporters, countries = found or (0, 0, 0)
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
    as_of = _last_stretch(timezone.now())
    key = f"advocacy:reached:{campaign.pk}:{int(as_of.timestamp())}"
    found: dict[str, int] = (
        cache.get_or_set(key, lambda: _count_by_country(campaign, as_of), timeout=2 * DELAY.total_seconds())
        or {}
    )
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
