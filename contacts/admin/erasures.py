"""Erasing a person at the desk, and the log of who was erased."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, ReadOnly, StaffAdmin, navigation, who
from accounts.permissions import require, visible
from contacts import addresses, erasing
from contacts.lookup import by_address
from contacts.models import Contact, Erasure
from contacts.registry import Person

navigation.add(Place(69, _("Erasures"), "admin:contacts_erasure_changelist", "contacts.view_erasure"))

# What the page calls rows whose model has no name for people.
_NAMES = {
    "contacts.importrow": _("rows of imported files"),
    "contacts.importchange": _("changes made by imports"),
    "contacts.importchunk": _("pieces of files that wait to be imported"),
    "admin.logentry": _("entries in the log of staff acts"),
    "accounts.reason": _("reasons in the log of staff acts"),
}


@admin.register(Erasure)
class ErasureAdmin(ReadOnly, StaffAdmin):
    purpose = _("That people were erased, when and by whom; who they were is not kept.")
    empty_words = _("Nobody was erased yet.")
    newest_first = True
    list_display = ["at", "door", "by", "total"]
    list_filter = ["door"]
    list_select_related = ["by"]
    search_fields = ["pk"]
    search_help_text = _("A whole address: was it erased?")
    fields = ["at", "door", "by", "touched"]
    readonly_fields = ["touched"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False

    @admin.display(description=_("rows"))
    def total(self, erasure: Erasure) -> int:
        return sum(erasure.rows.values())

    @admin.display(description=_("rows"))
    def touched(self, erasure: Erasure) -> str:
        return ", ".join(f"{name}: {rows}" for rows, name in named(erasure.rows)) or "–"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("contact/<int:pk>/", wrap(self.erase_view), name="contacts_contact_erase"),
            *super().get_urls(),
        ]

    def erase_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What an erasure would take, in numbers; and the erasure, once the address was typed."""
        require(request.user, "contacts.erase_contact")
        contact = get_object_or_404(visible(request.user, Contact.objects.all()), pk=pk)
        person = Person.of_contact(contact)
        wrong = request.method == "POST" and not _is_address_of(request.POST.get("address", ""), contact)
        if request.method == "POST" and not wrong:
            counts = erasing.erase(person, by=who(request), door=Erasure.Door.DESK)
            rows = sum(counts.values())
            done = ngettext(
                "The person is erased: %(rows)d row.", "The person is erased: %(rows)d rows.", rows
            )
            messages.success(request, done % {"rows": rows})
            return HttpResponseRedirect(reverse("admin:contacts_contact_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Erase this person"),
            "opts": Contact._meta,
            "contact": contact,
            "rows": named(erasing.forecast(person)),
            "wrong": wrong,
        }
        return TemplateResponse(request, "staff/erase.html", context)


def _is_address_of(text: str, contact: Contact) -> bool:
    try:
        return addresses.parse(text).key == contact.address_key
    except ValidationError:
        return False


def named(counts: dict[str, int]) -> list[tuple[int, str]]:
    """Numbers of rows with what people call them, the most first."""
    found = [(rows, str(_NAMES.get(table) or _plural(table))) for table, rows in counts.items()]
    return sorted(found, key=lambda entry: (-entry[0], entry[1]))


def _plural(table: str) -> str:
    try:
        return str(apps.get_model(table)._meta.verbose_name_plural)
    except LookupError:  # a table of an older version, in the log
        return table
