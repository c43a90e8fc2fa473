"""Filters of the lists of people, routes and letters."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from advocacy import states, targets
from advocacy.models import ContactRoute, Legislature, Mandate
from contacts.naming import language_name

_MOST_PARTIES = 60
_NOT_SENT = ("failed", "refused", "closed")  # states of a letter with one word: one choice of the filter


class InWords:
    """Mixed into an admin class: country and language of a row as people call them."""

    @admin.display(description=_("country"), ordering="country")
    def in_country(self, row: Any) -> str:
        return country_name(row.country) if row.country else "–"

    @admin.display(description=_("language"), ordering="language")
    def in_language(self, row: Any) -> str:
        return language_name(row.language) if row.language else "–"


def country_name(code: str) -> str:
    """A country's name in the language of who looks."""
    return targets.country_name(code, get_language() or "en")


class _SeatFilter(admin.SimpleListFilter):
    """One condition on a person's seat. All of them must hold for one and the same seat, so that only
    `CurrentFilter`, which stands last, asks the database."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset


class CountryFilter(_SeatFilter):
    title = _("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = Legislature.objects.order_by().values_list("country", flat=True).distinct()
        return sorted(((code, country_name(code)) for code in codes), key=lambda choice: choice[1])


class LegislatureFilter(_SeatFilter):
    title = _("legislature")
    parameter_name = "legislature"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        country = request.GET.get("country")
        if not country:
            return []  # a list of all the world's chambers is no choice; it opens with the country
        rows = Legislature.objects.filter(country=country).values_list("pk", "name", "region")
        return [(str(pk), f"{name} · {region}" if region else name) for pk, name, region in rows]


class ChamberFilter(_SeatFilter):
    title = _("chamber")
    parameter_name = "chamber"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Legislature.Chamber.choices


class PartyFilter(_SeatFilter):
    title = _("party")
    parameter_name = "party"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        country = request.GET.get("country")
        if not country:
            return []
        rows = Mandate.objects.filter(legislature__country=country).exclude(party="")
        found = rows.values("party").annotate(people=models.Count("pk")).order_by("-people", "party")
        return [(row["party"], row["party"]) for row in found[:_MOST_PARTIES]]


class CurrentFilter(_SeatFilter):
    title = _("seat")
    parameter_name = "seat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("past", _("held one before")), ("any", _("now or before"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("holds one now")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        paths = {
            "country": "legislature__country",
            "legislature": "legislature",
            "chamber": "legislature__chamber",
            "party": "party",
        }
        asked = {path: request.GET[name] for name, path in paths.items() if request.GET.get(name)}
        if not str(asked.get("legislature", "0")).isdecimal():
            return queryset.none()
        seats = Mandate.objects.filter(person=OuterRef("pk"), **asked)
        now = seats.current()
        if self.value() == "any":
            return queryset.filter(Exists(seats)) if asked else queryset
        if self.value() == "past":
            return queryset.filter(Exists(seats), ~Exists(now))
        return queryset.filter(Exists(now))


class RouteFilter(admin.SimpleListFilter):
    title = _("reached by")
    parameter_name = "route"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("email", _("a usable address")),
            ("web_form", _("a web form only")),
            ("bounced", _("an address that bounced")),
            ("refused", _("does not want letters")),
            ("none", _("nothing")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        routes = ContactRoute.objects.filter(person=OuterRef("pk"))
        usable = routes.filter(state=ContactRoute.State.USABLE)
        email = Exists(usable.filter(kind=ContactRoute.Kind.EMAIL))
        form = Exists(usable.filter(kind=ContactRoute.Kind.WEB_FORM))
        match self.value():
            case "email":
                return queryset.filter(email)
            case "web_form":
                return queryset.filter(~email, form)
            case "bounced":
                return queryset.filter(Exists(routes.filter(state=ContactRoute.State.BOUNCED)))
            case "refused":
                return queryset.filter(
                    models.Q(refuses_letters=True) | Exists(routes.filter(state=ContactRoute.State.REFUSED))
                )
            case "none":
                return queryset.filter(~email, ~form)
        return queryset


class StateFilter(admin.SimpleListFilter):
    """What became of a letter, by the word its supporter reads."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        hidden = set(_NOT_SENT) - {_NOT_SENT[0]}
        return [(code, word) for code, word in states.WORDS.items() if code not in hidden]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        code = self.value()
        if code not in states.WORDS:
            return queryset
        codes = _NOT_SENT if code in _NOT_SENT else (code,)
        return queryset.filter(reduce(or_, map(states.having, codes)))
