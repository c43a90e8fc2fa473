"""Whom a supporter may write to: the people of a country as the campaign's rules offer them.

Every public choice comes through here, and `chosen` checks it again on the server: a form holds ids of people and
never an address (RELIABILITY A1, A9).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from babel import Locale, UnknownLocaleError
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Case, Count, F, Prefetch, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from advocacy.models import Area, Campaign, ContactRoute, Legislature, Mandate, Person, Postcode, TargetRule

PAGE_SIZE = 100
MAX_CHOICES = 300
_DEPTH = 4  # levels of areas above a constituency that anybody uses

Effect = TargetRule.Effect

_NOBODY, _EVERYBODY = Q(pk__isnull=True), Q(pk__isnull=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person a supporter can choose, in the office they hold today."""

    mandate: Mandate
    person: Person
    legislature: Legislature
    area: Area | None
    route: ContactRoute | None
    web_form: ContactRoute | None
    ticked: bool

    @property
    def reach(self) -> str:
        """`letter`: we can send it. `web_form`: only by their own form. `none`: we know no way."""
        if self.route is not None:
            return "letter"
        return "web_form" if self.web_form is not None else "none"


@dataclass(frozen=True, slots=True)
class CountryChoice:
    code: str
    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One page of candidates, and what they can be narrowed by."""

    candidates: list[Candidate]
    total: int
    is_fallback: bool
    chambers: list[tuple[str, str]] = field(default_factory=list)
    parties: list[str] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    postcode_example: str = ""
    postcode_areas: list[Area] = field(default_factory=list)
    postcode_is_unknown: bool = False
    page: int = 1
    pages: int = 1

    @property
    def has_postcodes(self) -> bool:
        """Whether people of this country can be found by postcode at all."""
        return bool(self.postcode_example)

    def unticked(self) -> Offer:
        """The same people, none of them ticked: for a place we could not make out."""
        return replace(self, candidates=[replace(one, ticked=False) for one in self.candidates])


# --- reading ----------------------------------------------------------------------------------------------------


def countries(campaign: Campaign, language: str) -> list[CountryChoice]:
    """The countries where somebody is offered, named and sorted in the reader's language."""
    rules = _Rules(campaign)
    rows = (
        rules.everyone()
        .order_by()
        .values_list("legislature__country")
        .annotate(people=Count("person_id", distinct=True))
    )
    found = [CountryChoice(code, country_name(code, language), people) for code, people in rows]
    return sorted(found, key=lambda choice: sort_key(choice.name))


def country_name(code: str, language: str) -> str:
    """A country's name in a language, by CLDR; the code itself where it has none."""
    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return str(locale.territories.get(code.upper(), code))


def offer(
    campaign: Campaign,
    country: str,
    *,
    postcode: str = "",
    area: str = "",
    chamber: str = "",
    party: str = "",
    q: str = "",
    page: int = 1,
) -> Offer:
    """The people offered in a country, a page of at most 100 of them, ticked ones first.

    `area` is an area's id, `chamber` one of `Legislature.Chamber`, `q` a part of a name. Whatever cannot be read is
    as if it was not there. A postcode in several areas offers all of them, with `postcode_areas` to choose from; one
    that is in none narrows nothing and is `postcode_is_unknown`, unless an area is chosen.
    """
    rules = _Rules(campaign)
    places = _postcode_areas(country, postcode)
    near = _family(_chosen_area(area, places))
    offered, is_fallback = rules.offered(country, near)
    # Those who stand in for a vacant seat are elsewhere: they are not narrowed by place.
    narrowed = _narrow(offered, near=None if is_fallback else near, chamber=chamber, party=party, q=q)
    people = narrowed.order_by().values("person_id").distinct().count()
    example = _postcode_example(country)
    pages = max(1, -(-people // PAGE_SIZE))
    page = min(max(page, 1), pages)
    candidates = _candidates(rules, narrowed, start=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    return Offer(
        candidates=_tick_first(candidates, campaign.max_recipients if page == 1 else 0),
        total=people,
        is_fallback=is_fallback,
        **_choices(offered),
        postcode_example=example,
        postcode_areas=places,
        postcode_is_unknown=bool(postcode and example) and near is None,
        page=page,
        pages=pages,
    )


def chosen(campaign: Campaign, country: str, person_ids: Sequence[int]) -> list[Candidate]:
    """The candidates with these ids, in this order, checked against the rules once more.

    Raises ValidationError for nobody, for too many, for anyone the campaign does not offer in this country, and for
    anyone nobody can reach.
    """
    ids = list(dict.fromkeys(person_ids))
    if not ids:
        raise ValidationError(_("Please choose at least one person to write to."), code="missing")
    if len(ids) > campaign.max_recipients:
        raise ValidationError(
            ngettext(
                "Please choose at most %(limit)d person.",
                "Please choose at most %(limit)d people.",
                campaign.max_recipients,
            )
            % {"limit": campaign.max_recipients},
            code="too_many",
        )
    by_person = _offered_of(campaign, country, ids)
    if any(pk not in by_person for pk in ids):
        raise ValidationError(
            _("One of these people can no longer be written to here. Please choose again."),
            code="not_offered",
        )
    for pk in ids:
        if by_person[pk].reach == "none":
            raise ValidationError(
                _("We know no way to reach %(name)s. Please choose somebody else.")
                % {"name": by_person[pk].person.name},
                code="unreachable",
            )
    return [by_person[pk] for pk in ids]


def still_offered(campaign: Campaign, country: str, person_ids: Sequence[int]) -> list[Candidate]:
    """Those of these people who can be written to here, in this order; the others are left out."""
    by_person = _offered_of(campaign, country, list(dict.fromkeys(person_ids)))
    found = [by_person[pk] for pk in person_ids if pk in by_person]
    return [candidate for candidate in found if candidate.reach != "none"]


def _offered_of(campaign: Campaign, country: str, ids: Sequence[int]) -> dict[int, Candidate]:
    if not ids:
        return {}
    rules, wanted = _Rules(campaign), Q(person_id__in=ids)
    rows = rules.wanted(country).filter(wanted) | rules.fallback(country).filter(wanted)
    return {found.person.pk: found for found in _candidates(rules, rows, start=0, limit=len(ids))}


def matches(rule_effect: str, campaign: Campaign) -> QuerySet[Mandate]:
    """The current mandates that a campaign's rules of one effect name; staff see the count beside the rule."""
    return _current().filter(_Rules(campaign).condition(rule_effect))


def matching(rule: TargetRule) -> QuerySet[Mandate]:
    """The current mandates that one rule names, saved or not; staff see the count beside it."""
    return _current().filter(_condition(rule))


def everyone(campaign: Campaign) -> QuerySet[Mandate]:
    """The current mandates that a campaign may ask anybody to write to, in all countries."""
    return _Rules(campaign).everyone()


def candidate(mandate: Mandate) -> Candidate:
    """The holder of a seat as somebody to write to, whatever any campaign's rules say; for previews."""
    return Candidate(
        mandate=mandate,
        person=mandate.person,
        legislature=mandate.legislature,
        area=mandate.area,
        route=best_route(mandate.person, ContactRoute.Kind.EMAIL),
        web_form=best_route(mandate.person, ContactRoute.Kind.WEB_FORM),
        ticked=False,
    )


def best_route(person: Person, kind: str) -> ContactRoute | None:
    """The usable route of a kind that its source puts first, from `person.usable_routes` where that is loaded."""
    routes: Iterable[ContactRoute] | None = getattr(person, "usable_routes", None)
    if routes is None:
        routes = person.routes.filter(state=ContactRoute.State.USABLE).order_by("priority", "pk")
    return next((route for route in routes if route.kind == kind), None)


# --- the rules --------------------------------------------------------------------------------------------------


class _Rules:
    """A campaign's target rules as conditions on mandates."""

    def __init__(self, campaign: Campaign) -> None:
        self._rules = list(campaign.rules.all())
        self.has_fallback = any(rule.effect == Effect.FALLBACK for rule in self._rules)
        self._asks = any(rule.effect in {Effect.TICK, Effect.OFFER} for rule in self._rules)

    def condition(self, *effects: str) -> Q:
        """True for what any rule of these effects names; without such a rule, for nothing."""
        found = _NOBODY
        for rule in self._rules:
            if rule.effect in effects:
                found |= _condition(rule)
        return found

    def wanted(self, country: str) -> QuerySet[Mandate]:
        """Who is ticked or offered and not spared; everybody not spared where no rule asks for anyone."""
        rows = self._not_spared().filter(legislature__country=country)
        return rows.filter(self.condition(Effect.TICK, Effect.OFFER)) if self._asks else rows

    def fallback(self, country: str) -> QuerySet[Mandate]:
        """Who is offered when nobody else is: in this country, or anywhere if the rule names the person."""
        here = Q(legislature__country=country)
        found = _NOBODY
        for rule in self._rules:
            if rule.effect == Effect.FALLBACK:
                found |= _condition(rule) if rule.person_id and not rule.country else _condition(rule) & here
        return self._not_spared().filter(found)

    def everyone(self) -> QuerySet[Mandate]:
        rows = self._not_spared()
        if not self._asks:
            return rows
        return rows.filter(self.condition(Effect.TICK, Effect.OFFER, Effect.FALLBACK))

    def offered(self, country: str, near: set[int] | None) -> tuple[QuerySet[Mandate], bool]:
        """The mandates to show, and whether they are the fallback. `near` are the areas of the supporter's place."""
        wanted = self.wanted(country)
        if not self.has_fallback:
            return wanted, False
        here = wanted.filter(area_id__in=near) if near is not None else wanted
        return (wanted, False) if here.exists() else (self.fallback(country), True)

    def _not_spared(self) -> QuerySet[Mandate]:
        # Sparing is about the person: whoever is spared in one office is not offered in another.
        rows = _current()
        if any(rule.effect == Effect.SPARE for rule in self._rules):
            # As a list of people and not row by row: PostgreSQL hashes it also before it has any statistics.
            spared = _current().filter(self.condition(Effect.SPARE))
            rows = rows.exclude(person_id__in=spared.order_by().values("person_id"))
        return rows


def _current() -> QuerySet[Mandate]:
    return Mandate.objects.current().filter(person__refuses_letters=False)


def _condition(rule: TargetRule) -> Q:
    found = Q()
    if rule.country:
        found &= Q(legislature__country=rule.country)
    if rule.legislature_id:
        found &= Q(legislature_id=rule.legislature_id)
    if rule.chamber:
        found &= Q(legislature__chamber=rule.chamber)
    if rule.party:
        found &= Q(party__iexact=rule.party)
    if rule.role:
        found &= Q(role__iexact=rule.role)
    if rule.area_id:
        found &= _inside(rule.area_id)
    if rule.person_id:
        found &= Q(person_id=rule.person_id)
    # A rule without conditions names everybody; an empty Q would vanish from an "or".
    return found or _EVERYBODY


def _inside(area_id: int) -> Q:
    """The area or any area within it."""
    path, found = "area", Q(area_id=area_id)
    for _level in range(_DEPTH - 1):
        path += "__parent"
        found |= Q(**{f"{path}_id": area_id})
    return found


# --- places -----------------------------------------------------------------------------------------------------


def _postcode_areas(country: str, postcode: str) -> list[Area]:
    if not postcode:
        return []
    # A longer form of a postcode (ZIP+4) is looked up by its first part where it has no entry of its own.
    for code in dict.fromkeys((postcode, postcode[:5])):
        codes = Postcode.objects.filter(country=country, code=code).values("area_code")
        found = list(Area.objects.filter(country=country, code__in=codes).order_by("name", "pk"))
        if found:
            return found
    return []


def _postcode_example(country: str) -> str:
    """A postcode of the country as it is kept; "" where we know none."""
    codes = Postcode.objects.filter(country=country).order_by("code").values_list("code", flat=True)
    return codes.first() or ""


def _chosen_area(area: str, places: list[Area]) -> list[int] | None:
    """The ids the supporter's place comes down to; None where no place was given."""
    if area.isascii() and area.isdigit() and len(area) < 19:
        return [int(area)]
    return [place.pk for place in places] or None


def _family(ids: list[int] | None) -> set[int] | None:
    """The areas with those around them (a senator stands for the whole state) and those within them."""
    if ids is None:
        return None
    found = set(ids)
    up = set(ids)
    down = set(ids)
    for _level in range(_DEPTH):
        up = set(Area.objects.filter(pk__in=up).exclude(parent=None).values_list("parent_id", flat=True))
        found |= up
        if not up:
            break
    for _level in range(_DEPTH):
        down = set(Area.objects.filter(parent_id__in=down).values_list("pk", flat=True))
        found |= down
        if not down:
            break
    return found


def _narrow(
    rows: QuerySet[Mandate], *, near: set[int] | None, chamber: str, party: str, q: str
) -> QuerySet[Mandate]:
    if near is not None:
        rows = rows.filter(area_id__in=near)
    if chamber:
        rows = rows.filter(legislature__chamber=chamber)
    if party:
        rows = rows.filter(party=party)
    for word in q.replace("\0", "").split()[:5]:
        rows = rows.filter(
            Q(person__name__icontains=word)
            | Q(person__native_name__icontains=word)
            | Q(area__name__icontains=word)
        )
    return rows


def _choices(rows: QuerySet[Mandate]) -> dict[str, Any]:
    """What the whole offer, before narrowing, can be narrowed by; too long a list of areas becomes their parents."""
    plain = rows.order_by()
    kinds = plain.values_list("legislature__chamber", flat=True).distinct()
    parties = plain.exclude(party="").values_list("party", flat=True).distinct()[:MAX_CHOICES]
    ids = set(plain.exclude(area=None).values_list("area_id", flat=True).distinct())
    areas = list(Area.objects.filter(pk__in=ids).order_by("name", "pk")[: MAX_CHOICES + 1])
    if len(areas) > MAX_CHOICES:
        above = Area.objects.filter(children__in=ids).distinct()
        areas = list(above.order_by("name", "pk")[:MAX_CHOICES])
    present = set(kinds)
    return {
        "chambers": [(value, str(label)) for value, label in Legislature.Chamber.choices if value in present],
        "parties": sorted(parties, key=sort_key),
        "areas": areas,
    }


# --- rows to candidates -------------------------------------------------------------------------------------------


def _candidates(rules: _Rules, rows: QuerySet[Mandate], *, start: int, limit: int) -> list[Candidate]:
    """A page of people: one mandate each, a ticked one if they have one; ticked people first, then by name."""
    ticked = Case(
        When(rules.condition(Effect.TICK), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    # The page's ids first, in one pass over the offer: joining the offer with itself needs statistics that a
    # table just imported does not have yet. Then the hundred rows with all that is shown of them.
    place = Window(
        RowNumber(),
        partition_by=F("person_id"),
        order_by=[F("ticked").desc(), F("start_date").desc(nulls_first=True), F("pk").asc()],
    )
    shown = ("-ticked", "person__sort_name", "person__name", "person_id")
    ids = (
        rows.annotate(ticked=ticked, place=place)
        .filter(place=1)
        .order_by(*shown)
        .values_list("pk", flat=True)[start : start + limit]
    )
    usable = ContactRoute.objects.filter(state=ContactRoute.State.USABLE).order_by("priority", "pk")
    page = (
        Mandate.objects.filter(pk__in=list(ids))
        .annotate(ticked=ticked)
        .select_related("person", "legislature", "area__parent__parent")
        .prefetch_related(Prefetch("person__routes", queryset=usable, to_attr="usable_routes"))
        .order_by(*shown)
    )
    return [
        Candidate(
            mandate=mandate,
            person=mandate.person,
            legislature=mandate.legislature,
            area=mandate.area,
            route=best_route(mandate.person, ContactRoute.Kind.EMAIL),
            web_form=best_route(mandate.person, ContactRoute.Kind.WEB_FORM),
            ticked=mandate.ticked,
        )
        for mandate in page
    ]


def _tick_first(candidates: list[Candidate], limit: int) -> list[Candidate]:
    """No more ticks than may be sent at once, and none for people nobody can reach."""
    found, left = [], limit
    for candidate in candidates:
        ticked = candidate.ticked and candidate.reach != "none" and left > 0
        left -= ticked
        found.append(replace(candidate, ticked=ticked))
    return found


def sort_key(name: str) -> str:
    """Accents do not count: Österreich stands between Oman and Pakistan."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
