"""Who came by which link: letters that count (A14), each in exactly one line, so that the lines add up to the total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from advocacy.models import Campaign, Letter, Membership, ShareLink


@dataclass(frozen=True, slots=True)
class Came:
    """How many people came by one way, and their letters. `opened` is None where no link of ours counts it."""

    letters: int = 0
    supporters: int = 0
    opened: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """`links`: those of staff and members, newest first. `pages`: letters from members' pages and sources without one.

    Somebody who came by two ways is one supporter in each line and one in `total`.
    """

    links: list[tuple[ShareLink, Came]]
    pages: list[tuple[str, Came]]
    own: Came
    own_links: int
    direct: Came
    total: Came


def links_of(campaign: Campaign) -> QuerySet[ShareLink]:
    """The links that staff made, newest first; not those of supporters, present or erased."""
    made = Q(membership__isnull=False) | ~Q(source="")
    rows = campaign.share_links.filter(made, submission__isnull=True)
    return rows.select_related("membership__organisation").order_by("-created_at", "-pk")


def who_came(campaign: Campaign) -> Figures:
    """The figures of a campaign as they are now; five queries whatever its size."""
    letters = Letter.objects.filter(
        campaign=campaign, confirmed_at__isnull=False, status__in=Letter.LIVE, is_test=False
    ).order_by()
    brought = Q(submission__referrer__isnull=False)
    groups = _by_source(letters.exclude(brought))
    own = campaign.share_links.filter(membership__isnull=True, source="").aggregate(
        links=Count("pk"), opened=Sum("opened")
    )
    links = [
        (link, _came(groups.pop((link.membership_id, link.source), None), link.opened))
        for link in links_of(campaign)
    ]
    direct = _came(groups.pop((None, ""), None))
    return Figures(
        links=links,
        pages=_named(campaign, groups),
        own=_came(_count(letters.filter(brought)), own["opened"] or 0),
        own_links=own["links"],
        direct=direct,
        total=_came(_count(letters)),
    )


def _by_source(letters: QuerySet[Letter]) -> dict[tuple[int | None, str], Any]:
    rows = letters.values("submission__membership", "submission__source").annotate(
        letters=Count("pk"), supporters=Count("supporter", distinct=True)
    )
    return {(row["submission__membership"], row["submission__source"]): row for row in rows}


def _count(letters: QuerySet[Letter]) -> dict[str, int]:
    return letters.aggregate(letters=Count("pk"), supporters=Count("supporter", distinct=True))


def _came(counts: dict[str, Any] | None, opened: int | None = None) -> Came:
    found = counts or {"letters": 0, "supporters": 0}
    return Came(found["letters"], found["supporters"], opened)


def _named(campaign: Campaign, groups: dict[tuple[int | None, str], Any]) -> list[tuple[str, Came]]:
    """What came by no link of ours: by the page of a member, or by a source whose link is gone."""
    names = dict(
        Membership.objects.filter(campaign=campaign).values_list("pk", "organisation__name") if groups else []
    )
    named = [
        (" · ".join(filter(None, [names.get(member or 0, ""), source])), _came(counts))
        for (member, source), counts in groups.items()
    ]
    return sorted(named, key=lambda line: (-line[1].letters, line[0]))
