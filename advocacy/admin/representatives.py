"""The people letters go to, their seats, and how they are reached."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, StaffInline, navigation
from advocacy.admin.exports import ExportPage, PersonResource, shown_seats
from advocacy.admin.filters import (
    ChamberFilter,
    CountryFilter,
    CurrentFilter,
    InWords,
    LegislatureFilter,
    PartyFilter,
    RouteFilter,
)
from advocacy.admin.routes import STAFF, RouteInline
from advocacy.models import (
    Area,
    ContactRoute,
    Legislature,
    Mandate,
    Person,
)

navigation.add(Place(30, _("Representatives"), "admin:advocacy_person_changelist", "advocacy.view_person"))
navigation.add(
    Place(33, _("Legislatures"), "admin:advocacy_legislature_changelist", "advocacy.view_legislature")
)
navigation.add(Place(35, _("Areas"), "admin:advocacy_area_changelist", "advocacy.view_area"))


class TypedAtTheDesk(forms.ModelForm):
    """A row typed here has the desk as its source. One that an import made is marked as changed by staff, so that
    the next import leaves it alone."""

    def save(self, commit: bool = True) -> Any:
        row = self.instance
        if row.pk is None:
            row.source, row.source_id = STAFF, str(uuid.uuid4())
        elif row.source != STAFF and set(self.changed_data) - {"kept"}:
            row.kept = True
        row.as_of = timezone.localdate()
        return super().save(commit)


class MandateInline(StaffInline):
    model = Mandate
    form = TypedAtTheDesk
    fields = ["legislature", "area", "role", "party", "start_date", "end_date"]
    autocomplete_fields = ["legislature", "area"]
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return (
            super().get_queryset(request).select_related("legislature", "area").order_by("-start_date", "pk")
        )


@admin.register(Person)
class PersonAdmin(ExportPage, StaffAdmin):
    purpose = _("Who is written to: people with a seat, and how they are reached.")
    add_words = _("Add a representative")
    empty_words = _("No representative yet. Import a file of them, or add one by hand.")
    export_resource = PersonResource
    list_display = ["name", "native_name", "seat", "party", "reached_by"]
    counts_filters = False
    list_filter = [CountryFilter, LegislatureFilter, ChamberFilter, PartyFilter, RouteFilter, CurrentFilter]
    search_fields = ["name", "native_name", "sort_name", "mandates__area__name"]
    search_help_text = _("A name, in any script, or a constituency.")
    ordering = ["sort_name", "name"]
    form = TypedAtTheDesk
    inlines = [MandateInline, RouteInline]
    readonly_fields = ["source", "source_id", "as_of"]
    fieldsets = [
        (None, {"fields": ["name", "native_name", "honorific", "refuses_letters"]}),
        (
            _("More about the name"),
            {
                "fields": [
                    "given_name",
                    "family_name",
                    "sort_name",
                    "language",
                    "gender",
                    "image_url",
                    "other_names",
                ]
            },
        ),
        (_("Where this comes from"), {"fields": ["source", "source_id", "as_of", "kept"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        seats = Mandate.objects.select_related("legislature", "area").order_by("-start_date", "pk")
        return super().get_queryset(request).prefetch_related(Prefetch("mandates", seats), "routes")

    @admin.display(description=_("seat"))
    def seat(self, person: Person) -> str:
        return format_html_join(
            "\n", "<div>{}</div>", ((_seat_in_words(seat),) for seat in shown_seats(person))
        )

    @admin.display(description=_("party"))
    def party(self, person: Person) -> str:
        return ", ".join(dict.fromkeys(seat.party for seat in shown_seats(person) if seat.party))

    @admin.display(description=_("reached by"))
    def reached_by(self, person: Person) -> str:
        routes = list(person.routes.all())
        usable = [route for route in routes if route.state == ContactRoute.State.USABLE]
        kinds = dict.fromkeys(route.get_kind_display() for route in usable)
        if kinds:
            return ", ".join(str(kind) for kind in kinds)
        return routes[0].get_state_display() if routes else ""


def _seat_in_words(seat: Mandate) -> str:
    return " · ".join(part for part in [str(seat.legislature), seat.area.name if seat.area else ""] if part)


@admin.register(Legislature)
class LegislatureAdmin(InWords, StaffAdmin):
    saves_in_a_row = True
    purpose = _("Parliaments and councils, with the office hours in which letters leave.")
    add_words = _("Add a legislature")
    empty_words = _("No legislature yet. An import of representatives brings them along.")
    list_display = ["name", "in_country", "region", "chamber", "level", "time_zone", "hours"]
    list_filter = ["level", "chamber"]
    search_fields = ["name", "native_name", "=country", "region"]
    form = TypedAtTheDesk
    readonly_fields = ["source", "source_id", "as_of"]
    fieldsets = [
        (None, {"fields": ["name", "native_name", "country", "region", "chamber", "level", "language"]}),
        (_("Office hours"), {"fields": ["time_zone", "office_opens", "office_closes", "office_days"]}),
        (_("Where this comes from"), {"fields": ["source", "source_id", "as_of", "kept"]}),
    ]

    @admin.display(description=_("office hours"))
    def hours(self, legislature: Legislature) -> str:
        return f"{legislature.office_opens:%H:%M} – {legislature.office_closes:%H:%M}"


@admin.register(Area)
class AreaAdmin(InWords, StaffAdmin):
    saves_in_a_row = True
    purpose = _("Constituencies and other areas that seats belong to.")
    add_words = _("Add an area")
    empty_words = _("No area yet. An import of representatives brings them along.")
    list_display = ["name", "in_country", "code", "parent"]
    list_select_related = ["parent"]
    search_fields = ["name", "code"]
    autocomplete_fields = ["parent"]
    form = TypedAtTheDesk
    fields = ["name", "country", "code", "parent", "source", "source_id", "as_of", "kept"]
    readonly_fields = ["source", "source_id", "as_of"]
