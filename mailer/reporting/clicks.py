"""Who followed which link: people apart from machines, which fetch the links of a mail before anybody reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from mailer.links.judging import WORDS
from mailer.models import Hit, Link, Mailing

BY_A_PERSON = (Hit.Verdict.HUMAN, Hit.Verdict.PROBABLE)


@dataclass(frozen=True, slots=True)
class Clicked:
    """A link and how many followed it. A person who did so twice is one; `clicks` counts both times."""

    link: Link
    people: int
    probable: int  # of the people, those of whom we are not certain
    machines: int
    clicks: int


def by_link(mailing: Mailing) -> list[Clicked]:
    """The links of a mailing, the most followed first; also those nobody followed.

    One index holds all that is asked, so the hits themselves are not read.
    """
    person = Q(verdict__in=BY_A_PERSON)
    hits = Hit.objects.filter(link__mailing=mailing).order_by().values("link")
    rows: Iterable[Any] = hits.annotate(
        people=Count("delivery", distinct=True, filter=person),
        certain=Count("delivery", distinct=True, filter=Q(verdict=Hit.Verdict.HUMAN)),
        machines=Count("delivery", distinct=True, filter=Q(verdict=Hit.Verdict.MACHINE)),
        clicks=Count("pk", filter=person),
    )
    counted = {row["link"]: row for row in rows}
    found = [_clicked(link, counted.get(link.pk, {})) for link in mailing.links.order_by("number")]
    return sorted(found, key=lambda one: -one.people)


def _clicked(link: Link, row: dict[str, int]) -> Clicked:
    people = row.get("people", 0)
    return Clicked(link, people, people - row.get("certain", 0), row.get("machines", 0), row.get("clicks", 0))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why so many requests were taken for what they were."""

    verdict: str
    reason: str
    count: int

    @property
    def taken_for(self) -> str:
        return str(Hit.Verdict(self.verdict).label)

    @property
    def words(self) -> str:
        return str(WORDS.get(self.reason, "")) or _("not judged yet")


def reasons(mailing: Mailing, kind: str = Hit.Kind.CLICK) -> Sequence[Reason]:
    """How the requests of a mailing were judged, the commonest first. Reads every hit: not for a page that is polled."""
    hits = Hit.objects.filter(delivery__mailing=mailing, kind=kind).order_by()
    if kind == Hit.Kind.CLICK:
        hits = Hit.objects.filter(link__mailing=mailing).order_by()
    counted = hits.values_list("verdict", "reason").annotate(count=Count("pk"))
    return [Reason(*row) for row in sorted(counted, key=lambda row: -row[2])]
