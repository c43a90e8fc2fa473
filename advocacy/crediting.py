"""What came by each member of a campaign: letters, supporters, countries, sign-ups, and by which way. No person.

Counted as the public figures are (`progress.py`): confirmed letters that were not taken back, refused or repeated, and
no tests. A letter belongs to the member whose page, embedded form or short link its writer came by. Who came by the
personal link of such a supporter is counted apart: the member reached them at second hand.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.charts import Series
from advocacy.models import Campaign, Letter, Membership, ShareLink, Submission

DAYS = 30
KEPT_FOR = 60  # seconds
EMBEDDED = (
    "embedded"  # the source of who wrote from a form on another site, and came by no link with a source
)

_PASSED_ON = ~Q(submission__membership=F("submission__referrer__membership")) | Q(submission__membership=None)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came by one member (`membership` None: by none of them)."""

    membership: int | None
    letters: int = 0
    supporters: int = 0
    countries: int = 0
    sign_ups: int = 0
    opened: int = 0
    passed_on: int = 0
    ways: Mapping[str, int] = field(default_factory=dict)
    days: Sequence[tuple[dt.date, int]] = ()

    @property
    def by_page(self) -> int:
        return self.ways.get("", 0)

    @property
    def by_form(self) -> int:
        return self.ways.get(EMBEDDED, 0)

    @property
    def by_links(self) -> list[tuple[str, int]]:
        """Supporters by the source of the link they came by, most first."""
        found = [(source, count) for source, count in self.ways.items() if source not in {"", EMBEDDED}]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    @property
    def by_any_link(self) -> int:
        return sum(count for _source, count in self.by_links)

    @property
    def series(self) -> Series:
        return Series(_("letters in 30 days"), self.days)


def of_campaign(campaign: Campaign) -> dict[int | None, Figures]:
    """The figures of every member of a campaign, and under None of who came by none; at most a minute old."""
    found: dict[int | None, Figures] = _kept("members", campaign, lambda: _counted(campaign))
    return found


def _kept(name: str, campaign: Campaign, count: Callable[[], Any]) -> Any:
    """What `count` found, at most a minute ago: a million letters cannot be counted for every look."""
    key = f"advocacy:crediting:{name}:{campaign.pk}:{timezone.localdate()}"
    return cache.get_or_set(key, count, KEPT_FOR)


def of_member(member: Membership) -> Figures:
    """The figures of one member, as they stand in those of its campaign."""
    return of_campaign(member.campaign).get(member.pk, Figures(member.pk, days=_days({})))


def by_country(member: Membership) -> list[tuple[str, int]]:
    """How many supporters of each country came by a member, by the country's code; at most a minute old."""
    rows = _letters(member.campaign).filter(submission__membership=member)
    by_code = rows.values_list("submission__country").annotate(Count("supporter", distinct=True))
    found: list[tuple[str, int]] = _kept(f"countries:{member.pk}", member.campaign, lambda: list(by_code))
    return found


def total_of(figures: Mapping[int | None, Figures], campaign: Campaign) -> Figures:
    """All of the campaign. A supporter who came twice, by two ways, is one here: the column need not add up."""
    letters = _kept("total", campaign, lambda: _total(campaign))
    days: dict[dt.date, int] = defaultdict(int)
    for one in figures.values():
        for day, count in one.days:
            days[day] += count
    return Figures(
        None,
        **letters,
        sign_ups=sum(one.sign_ups for one in figures.values()),
        opened=sum(one.opened for one in figures.values()),
        passed_on=sum(one.passed_on for one in figures.values()),
        days=_days(days),
    )


def _total(campaign: Campaign) -> dict[str, int]:
    return _letters(campaign).aggregate(
        letters=Count("pk"),
        supporters=Count("supporter", distinct=True),
        countries=Count("submission__country", distinct=True),
    )


def _letters(campaign: Campaign) -> QuerySet[Letter]:
    return Letter.objects.filter(
        campaign=campaign, confirmed_at__isnull=False, status__in=Letter.LIVE, is_test=False
    ).order_by()


def _counted(campaign: Campaign) -> dict[int | None, Figures]:
    """Six questions, however many members there are."""
    letters = _letters(campaign)
    member = F("submission__membership")
    counts: dict[int | None, dict[str, int]] = {
        pk: {"letters": number, "supporters": people, "countries": countries}
        for pk, number, people, countries in letters.values_list(member).annotate(
            Count("pk"), Count("supporter", distinct=True), Count("submission__country", distinct=True)
        )
    }
    ways: dict[int | None, dict[str, int]] = defaultdict(dict)
    by_way = letters.values(member=member, source=F("submission__source")).annotate(
        found=Count("supporter", distinct=True)
    )
    for row in by_way:
        ways[row["member"]][row["source"]] = row["found"]
    since = timezone.localdate() - dt.timedelta(days=DAYS - 1)
    days: dict[int | None, dict[dt.date, int]] = defaultdict(dict)
    by_day = letters.filter(confirmed_at__date__gte=since).values_list(member, TruncDate("confirmed_at"))
    for pk, day, found in by_day.annotate(found=Count("pk")):
        days[pk][day] = found
    passed_on: dict[int | None, int] = dict(
        letters.filter(_PASSED_ON, submission__referrer__membership__isnull=False)
        .values(member=F("submission__referrer__membership"))
        .annotate(found=Count("supporter", distinct=True))
        .values_list("member", "found")
    )
    sign_ups: dict[int | None, int] = dict(
        Submission.objects.filter(campaign=campaign, confirmed_at__isnull=False, wants_member_news=True)
        .filter(Exists(Letter.objects.filter(submission=OuterRef("pk"), is_test=False)))
        .order_by()
        .values("membership")
        .annotate(found=Count("supporter", distinct=True))
        .values_list("membership", "found")
    )
    opened: dict[int | None, int] = dict(
        ShareLink.objects.filter(campaign=campaign, membership__isnull=False)
        .order_by()
        .values("membership")
        .annotate(found=Sum("opened"))
        .values_list("membership", "found")
    )
    members = set(campaign.memberships.values_list("pk", flat=True)) | {None}
    return {
        pk: Figures(
            pk,
            **counts.get(pk, {}),
            sign_ups=sign_ups.get(pk, 0),
            opened=opened.get(pk, 0),
            passed_on=passed_on.get(pk, 0),
            ways=dict(ways[pk]),
            days=_days(days[pk]),
        )
        for pk in members
    }


def _days(counts: Mapping[dt.date, int]) -> list[tuple[dt.date, int]]:
    today = timezone.localdate()
    days = [today - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(day, counts.get(day, 0)) for day in days]
