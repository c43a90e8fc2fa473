"""A campaign at a glance: what is missing, what waits, when the queue ends, who would be written to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Count, Max, Q, QuerySet, Value
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from advocacy import targets
from advocacy.admin import languages
from advocacy.models import Campaign, CampaignText, ContactRoute, Letter, TargetRule

_TEXTS = ["title", "summary", "story", "asks", "share_text", "thank_you", "closed_text"]
_FIRST_NAMES = 3

Status = Letter.Status


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of a campaign's text one language has."""

    language: str
    filled: int
    missing: list[str]

    @property
    def name(self) -> str:
        return languages.name_of(self.language)

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def sentence(self) -> str:
        if not self.filled:
            return _("not written yet")
        if self.is_complete:
            return _("complete")
        return _("%(filled)d of %(all)d; missing: %(missing)s") % {
            "filled": self.filled,
            "all": len(_TEXTS),
            "missing": ", ".join(self.missing),
        }


def completeness(text: CampaignText) -> Completeness:
    """What a text has and lacks."""
    labels = {name: str(CampaignText._meta.get_field(name).verbose_name) for name in _TEXTS}  # type: ignore[union-attr]
    missing = [labels[name] for name in _TEXTS if not getattr(text, name).strip()]
    return Completeness(text.language, len(_TEXTS) - len(missing), missing)


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a campaign's page; three queries whatever its size."""

    languages: list[Completeness]
    people: int
    reachable: int
    countries: int
    waiting: int
    waiting_tests: int
    held: int
    handed_over: int
    unconfirmed: int
    edited_percent: int | None
    forecast: str

    @classmethod
    def of(cls, campaign: Campaign) -> Overview:
        texts = {text.language: completeness(text) for text in campaign.texts.all()}
        confirmed = Q(status__in=Letter.LIVE)
        counts = campaign.letters.aggregate(
            waiting=Count("pk", filter=Q(status=Status.CONFIRMED)),
            waiting_tests=Count("pk", filter=Q(status=Status.CONFIRMED, is_test=True)),
            held=Count("pk", filter=Q(status=Status.WITHHELD)),
            handed_over=Count("pk", filter=Q(status=Status.DISPATCHED)),
            unconfirmed=Count("pk", filter=Q(status=Status.PENDING)),
            live=Count("pk", filter=confirmed),
            edited=Count("pk", filter=confirmed & Q(own_words__gt=0)),
            last=Max("slot", filter=Q(status=Status.CONFIRMED)),
        )
        everyone = targets.everyone(campaign).order_by()
        reached = Q(
            person__routes__kind=ContactRoute.Kind.EMAIL, person__routes__state=ContactRoute.State.USABLE
        )
        people = everyone.aggregate(
            people=Count("person", distinct=True),
            reachable=Count("person", distinct=True, filter=reached),
            countries=Count("legislature__country", distinct=True),
        )
        return cls(
            languages=[texts.get(code, Completeness(code, 0, [])) for code, _name in languages.of_pages()],
            **people,
            waiting=counts["waiting"],
            waiting_tests=counts["waiting_tests"],
            held=counts["held"],
            handed_over=counts["handed_over"],
            unconfirmed=counts["unconfirmed"],
            edited_percent=round(100 * counts["edited"] / counts["live"]) if counts["live"] else None,
            forecast=ends_in_words(counts["waiting"], counts["last"]),
        )


def ends_in_words(waiting: int, last: datetime | None) -> str:
    """When the last waiting letter leaves: "the queue ends Thursday at 14:05 UTC"; "" for an empty queue."""
    if not waiting or last is None:
        return ""
    local = timezone.localtime(last)
    days = (local.date() - timezone.localdate()).days
    time = date_format(local, "H:i T")
    if days < 0 or local < timezone.localtime():
        return _("the queue ends now")
    if days == 0:
        return _("the queue ends today at %(time)s") % {"time": time}
    day = date_format(local, "l") if days < 7 else date_format(local, "DATE_FORMAT")
    return _("the queue ends %(day)s at %(time)s") % {"day": day, "time": time}


def matches_in_words(rule: TargetRule) -> str:
    """How many people hold a seat that a rule names, and the first of them by name."""
    seats = targets.matching(rule)
    count = seats.order_by().aggregate(people=Count("person", distinct=True))["people"]
    return _people_in_words(count, list(_first_names(seats)))


def matches_of(rules: Sequence[TargetRule]) -> dict[int, str]:
    """As `matches_in_words`, for many rules in two queries."""
    if not rules:
        return {}
    seats = {rule.pk: targets.matching(rule).order_by() for rule in rules}
    counts = [
        rows.annotate(rule=Value(pk, output_field=BigIntegerField()))
        .values("rule")
        .annotate(people=Count("person", distinct=True))
        .values_list("rule", "people")
        for pk, rows in seats.items()
    ]
    names = [
        _first_names(rows.annotate(rule=Value(pk, output_field=BigIntegerField())), "rule")
        for pk, rows in seats.items()
    ]
    people = dict(_together(counts))
    first: dict[int, list[str]] = defaultdict(list)
    for pk, name in _together(names):
        first[pk].append(name)
    return {pk: _people_in_words(people.get(pk, 0), first[pk]) for pk in seats}


def _together(queries: list[Any]) -> Any:
    return queries[0].union(*queries[1:], all=True) if len(queries) > 1 else queries[0]


def _first_names(seats: QuerySet[Any], *also: str) -> QuerySet[Any]:
    """The names of the first seats, in order; a person with several seats may come up more than once."""
    ordered = seats.order_by("person__sort_name", "person__name", "person_id")
    return ordered.values_list(*also, "person__name", flat=not also)[: _FIRST_NAMES * 3]


def _people_in_words(count: int, names: Sequence[str]) -> str:
    if not count:
        return _("nobody")
    first = list(dict.fromkeys(names))[:_FIRST_NAMES]
    shown = number_format(count, force_grouping=True)
    people = ngettext("%(count)s person", "%(count)s people", count) % {"count": shown}
    return f"{people}: {', '.join(first)}{'…' if count > len(first) else ''}"
