"""Who followed which link: people apart from machines, which fetch the links of a mail before anybody reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from mailer.links import rewriting
from mailer.links.judging import WORDS
from mailer.models import Hit, Link, Mailing

BY_A_PERSON = (Hit.Verdict.HUMAN, Hit.Verdict.PROBABLE)
# The newest half minute is not: a hit is kept as probable, without a reason, until then.
JUDGED = ~Q(reason="")


@dataclass(frozen=True, slots=True)
class Clicked:
    """A link and how many followed it. A person who did so twice is one; `clicks` counts both times."""

    link: Link
    people: int
    probable: int  # of the people, those of whom we are not certain
    machines: int
    clicks: int
    languages: tuple[str, ...] = ()  # whose mails hold it; empty: all


def by_link(mailing: Mailing) -> list[Clicked]:
    """The links of a mailing, the most followed first; also those nobody followed. What is not judged yet is not
    counted."""
    person = Q(verdict__in=BY_A_PERSON)
    hits = Hit.objects.filter(JUDGED, link__mailing=mailing).order_by().values("link")
    rows: Iterable[Any] = hits.annotate(
        people=Count("delivery", distinct=True, filter=person),
        certain=Count("delivery", distinct=True, filter=Q(verdict=Hit.Verdict.HUMAN)),
        machines=Count("delivery", distinct=True, filter=Q(verdict=Hit.Verdict.MACHINE)),
        clicks=Count("pk", filter=person),
    )
    counted = {row["link"]: row for row in rows}
    languages = _languages(mailing)
    found = [
        _clicked(link, counted.get(link.pk, {}), languages.get(link.number, ()))
        for link in mailing.links.order_by("number")
    ]
    return sorted(found, key=lambda one: -one.people)


def _languages(mailing: Mailing) -> dict[int, tuple[str, ...]]:
    """By the number of a link the languages whose mails hold it, where not all of them do.

    The same words lead elsewhere in another language, and would stand in the list several times with nothing to tell
    them apart.
    """
    holding: dict[int, set[str]] = {}
    spoken: set[str] = set()
    for language, html in mailing.messages.values_list("language", "message__html"):
        spoken.add(language)
        for number in rewriting.COUNTED_LINK.findall(html):
            holding.setdefault(int(number), set()).add(language)
    return {number: tuple(sorted(held)) for number, held in holding.items() if held != spoken}


def _clicked(link: Link, row: dict[str, int], languages: tuple[str, ...]) -> Clicked:
    people = row.get("people", 0)
    return Clicked(
        link, people, people - row.get("certain", 0), row.get("machines", 0), row.get("clicks", 0), languages
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why so many requests were taken for what they were."""

    verdict: str
    reason: str
    count: int

    @property
    def taken_for(self) -> str:
        return str(Hit.Verdict(self.verdict).label) if self.reason else "–"

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
