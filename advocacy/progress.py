"""What a campaign has reached, as the public sees it: confirmed letters only (A14), rounded and delayed (A9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from accounts import shared_figures
from advocacy.models import Campaign, Letter

# Counted up to the last full stretch of this length: nobody can watch one person's letter being counted.
DELAY = timedelta(minutes=5)
FEWEST = 5  # supporters from which on a country is named
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Progress:
    """Public figures: rounded down, some minutes old. `as_of` is the moment they were true."""

    letters: int
    countries: int
    goal: int
    as_of: datetime

    @property
    def percent(self) -> int:
        return min(100, 100 * self.letters // self.goal)


@dataclass(frozen=True, slots=True)
class Reached:
    """Supporters by country code, rounded down; and how many more countries have too few of them to be named."""

    supporters: dict[str, int]
    few: int


def progress(campaign: Campaign) -> Progress:
    """The public figures of a campaign. Counted once every five minutes, however many visitors ask."""
    return figures(campaign)[0]


def reached(campaign: Campaign) -> Reached:
    """Where a campaign's supporters live, as the public may know it. Counted once every five minutes.

    A country with fewer than FEWEST supporters is not named: in some, to have written is a danger, and whoever knows
    of one supporter there would know who it is.
    """
    return figures(campaign)[1]


def counted_once(name: str, campaign: Campaign, count: Callable[[datetime], Any]) -> tuple[datetime, Any]:
    """What `count` finds for a moment at most five minutes ago, which it is given, and that moment.

    Asked once for each such moment, however many visitors and processes there are; it gives what JSON can hold. `name`
    tells these figures of a campaign from its others.
    """
    as_of = _last_stretch(timezone.now())
    moment, found = shared_figures.of_moment(
        f"{name}:{campaign.pk}", int(as_of.timestamp()), lambda: count(as_of)
    )
    return datetime.fromtimestamp(moment, tz=UTC), found


def figures(campaign: Campaign) -> tuple[Progress, Reached]:
    """Both of one count, so that no page says two things; and the same for all who ask, whichever process answers."""
    as_of, found = counted_once("reached", campaign, partial(_count, campaign))
    letters = sum(count for count, _supporters in found.values())
    # Rows of long ago may have no country; their letters count all the same.
    supporters = {code: people for code, (_letters, people) in found.items() if code}
    named = {code: rounded(count) for code, count in supporters.items() if count >= FEWEST}
    told = Progress(rounded(letters), len(supporters), goal_for(letters, campaign.goal), as_of)
    return told, Reached(named, len(supporters) - len(named))


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


def _count(campaign: Campaign, as_of: datetime) -> dict[str, tuple[int, int]]:
    """Letters and supporters by the code of their country."""
    rows = _counted(campaign, as_of).values_list("submission__country")
    found = rows.annotate(letters=Count("pk"), supporters=Count("supporter_id", distinct=True)).order_by()
    return {country: (letters, supporters) for country, letters, supporters in found}


def _counted(campaign: Campaign, as_of: datetime) -> QuerySet[Letter]:
    # A letter counts once it was confirmed and was not taken back, refused or a repeat.
    return Letter.objects.filter(
        campaign=campaign, confirmed_at__lt=as_of, status__in=Letter.LIVE, is_test=False
    ).order_by()


def _last_stretch(now: datetime) -> datetime:
    seconds = int(DELAY.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)
