"""Imports at the desk: the list of files brought, the wizard of four steps, and the saved mappings of columns."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Need, Place, StaffAdmin, navigation, needs
from accounts.models import User
from accounts.permissions import may, visible
from contacts.admin.import_steps import Preparing
from contacts.admin.import_watching import Watching
from contacts.imports import words
from contacts.imports.columns import POSITION
from contacts.models import Import, ImportMapping

navigation.add(Place(70, _("Imports"), "admin:contacts_import_changelist", "contacts.view_import"))
navigation.add(
    Place(71, _("Column mappings"), "admin:contacts_importmapping_changelist", "contacts.view_importmapping")
)


@needs.add
def what_waits(user: User) -> list[Need]:
    """Imports that nobody goes on with unless a person does."""
    if not may(user, "contacts.change_import"):
        return []
    waiting = (Import.Status.CHECKED, Import.Status.STOPPED, Import.Status.FAILED)
    count = visible(user, Import.objects.filter(status__in=waiting)).count()
    sentence = ngettext("%(count)d import waits for you", "%(count)d imports wait for you", count)
    url = reverse("admin:contacts_import_changelist")
    return [Need(count, sentence % {"count": count}, gettext("see"), url)]


@admin.register(Import)
class ImportAdmin(Preparing, Watching, StaffAdmin):
    """`Preparing` holds the steps before the check, `Watching` those from the check on."""

    purpose = _(
        "The files of people that were brought, with what came of each. A finished one can be undone."
    )
    add_words = _("Import people")
    empty_words = _("No file was brought yet. Bring one in four steps; nothing is written before the last.")
    newest_first = True
    list_display = ["file", "state", "mailing_list", "mode", "rows_read", "brought_by", "brought_on"]
    list_display_links = ["file"]
    list_filter = ["status", "mode"]
    list_select_related = ["mailing_list", "created_by"]
    search_fields = ["file_name"]
    search_help_text = _("A part of the file's name.")
    change_list_template = "staff/imports/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_import = self._may(request, "add")
        context = {"title": _("Imports"), "may_import": may_import, **(extra_context or {})}
        return super().changelist_view(request, context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An import is thrown away or undone; its row stays and says so."""
        return False

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        pages = {
            "columns/": ("columns", self.columns_view),
            "check/": ("check", self.check_view),
            "run/": ("run", self.run_view),
            "undo/": ("undo", self.undo_view),
            "act/": ("act", self.act_view),
            "progress/": ("progress", self.progress_view),
            "rejected/": ("rejected", self.rejected_view),
            "result.csv": ("result_file", self.result_file_view),
            "rejected.csv": ("rejected_file", self.rejected_file_view),
        }
        ours = [
            path(f"<int:pk>/{end}", view(page), name=f"contacts_import_{name}")
            for end, (name, page) in pages.items()
        ]
        return [*ours, *super().get_urls()]

    @admin.display(description=_("file"), ordering="pk")
    def file(self, row: Import) -> str:
        return format_html("<bdi>{}</bdi>", row.file_name or row)

    @admin.display(description=_("state"))
    def state(self, row: Import) -> str:
        return format_html(
            '<span class="desk-word {}">{}</span>', words.tone(row.status), row.get_status_display()
        )

    @admin.display(description=_("rows"))
    def rows_read(self, row: Import) -> str:
        return intcomma(row.rows or row.staged_rows)

    @admin.display(description=_("brought on"))
    def brought_on(self, row: Import) -> dt.datetime:
        return row.created_at

    @admin.display(description=_("brought by"))
    def brought_by(self, row: Import) -> str:
        return row.created_by.get_username() if row.created_by else "–"


@admin.register(ImportMapping)
class ImportMappingAdmin(StaffAdmin):
    """Mappings are made in the wizard; here they are looked at, given another name, and taken away."""

    purpose = _("Which column of a file means what, kept for the next file of its kind.")
    empty_words = _("No mapping is kept yet. You keep one while you import a file.")
    list_display = ["name", "matched", "created_at"]
    search_fields = ["name"]
    fields = ["name", "matched"]
    readonly_fields = ["matched"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("columns"))
    def matched(self, mapping: ImportMapping) -> str:
        return ", ".join(
            f"{_column(header)} → {words.field_label(field)}"
            for header, field in mapping.columns.items()
            if field
        )


def _column(kept_as: str) -> str:
    if kept_as.startswith(POSITION):
        return gettext("Column %(number)d") % {"number": int(kept_as.removeprefix(POSITION))}
    return kept_as
