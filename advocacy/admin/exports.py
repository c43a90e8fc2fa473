"""People and routes as a spreadsheet: what the list shows, as CSV or Excel, by a right of its own."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX

from accounts.audit import Act
from accounts.desk import StaffAdmin
from accounts.permissions import may, require
from accounts.spreadsheets import HarmlessResource
from advocacy.deeds import Did
from advocacy.models import ContactRoute, Mandate, Person

_FORMATS = {"csv": CSV, "xlsx": XLSX}


class PersonResource(HarmlessResource):
    """One row a person, with the seat they hold now (else the last) and their first usable address."""

    legislature = Field(column_name="legislature")
    country = Field(column_name="country")
    area = Field(column_name="area")
    role = Field(column_name="role")
    party = Field(column_name="party")
    start_date = Field(column_name="start_date")
    end_date = Field(column_name="end_date")
    email = Field(column_name="email")

    class Meta:
        model = Person
        fields = [
            "source", "source_id", "name", "native_name", "given_name", "family_name", "honorific", "language",
            "refuses_letters", "legislature", "country", "area", "role", "party", "start_date", "end_date", "email",
        ]  # fmt: skip
        export_order = fields

    def dehydrate_legislature(self, person: Person) -> str:
        seat = _seat(person)
        return seat.legislature.name if seat else ""

    def dehydrate_country(self, person: Person) -> str:
        seat = _seat(person)
        return seat.legislature.country if seat else ""

    def dehydrate_area(self, person: Person) -> str:
        seat = _seat(person)
        return seat.area.name if seat and seat.area else ""

    def dehydrate_role(self, person: Person) -> str:
        seat = _seat(person)
        return seat.role if seat else ""

    def dehydrate_party(self, person: Person) -> str:
        seat = _seat(person)
        return seat.party if seat else ""

    def dehydrate_start_date(self, person: Person) -> str:
        seat = _seat(person)
        return seat.start_date.isoformat() if seat and seat.start_date else ""

    def dehydrate_end_date(self, person: Person) -> str:
        seat = _seat(person)
        return seat.end_date.isoformat() if seat and seat.end_date else ""

    def dehydrate_email(self, person: Person) -> str:
        usable = (
            route.value
            for route in person.routes.all()
            if route.kind == ContactRoute.Kind.EMAIL and route.state == ContactRoute.State.USABLE
        )
        return next(usable, "")


class RouteResource(HarmlessResource):
    """One row a route."""

    person_name = Field(attribute="person__name", column_name="person")
    person_source = Field(attribute="person__source", column_name="person_source")
    person_source_id = Field(attribute="person__source_id", column_name="person_source_id")

    class Meta:
        model = ContactRoute
        fields = [
            "person_name", "person_source", "person_source_id", "kind", "value", "state", "state_reason", "priority",
            "source", "as_of", "verified_at",
        ]  # fmt: skip
        export_order = fields


def shown_seats(person: Person) -> list[Mandate]:
    """The seats a person holds now; for one who holds none, the last they held. Reads `person.mandates` once."""
    today = timezone.localdate()
    seats = list(person.mandates.all())
    now = [
        seat
        for seat in seats
        if (seat.start_date is None or seat.start_date <= today)
        and (seat.end_date is None or seat.end_date > today)
    ]
    return now or seats[:1]


def _seat(person: Person) -> Mandate | None:
    return next(iter(shown_seats(person)), None)


class ExportPage(StaffAdmin):
    """A page beside a list that gives what the list shows, with its search and filters, as a file."""

    export_resource: type[HarmlessResource]
    change_list_template = "staff/list_with_export.html"

    def may_export(self, request: HttpRequest) -> bool:
        return may(request.user, self._export_permission)

    @property
    def _export_permission(self) -> str:
        return f"{self.opts.app_label}.export_{self.opts.model_name}"

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {"may_export": self.may_export(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """GET says how many rows there would be; POST gives them and writes that into the log of staff acts."""
        require(request.user, self._export_permission)
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)  # as the list does with a filter it cannot read
        if request.method == "POST" and request.POST.get("format") in _FORMATS:
            return self._file(request, request.POST["format"], rows)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Export"),
            "opts": self.opts,
            "count": rows.count(),
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(request, "staff/export.html", context)

    def _file(self, request: HttpRequest, name: str, rows: Any) -> HttpResponse:
        kind = _FORMATS[name]()
        data = self.export_resource().export(rows)
        answer = HttpResponse(kind.export_data(data), content_type=kind.get_content_type())
        day = timezone.localdate().isoformat()
        answer["Content-Disposition"] = f'attachment; filename="{self.opts.model_name}-{day}.{name}"'
        answer["Cache-Control"] = "no-store"
        first = rows.first()
        if first is not None:
            self.note(request, first, Did.EXPORTED, Act.TAKEN, count=len(data), format=name)
        return answer
