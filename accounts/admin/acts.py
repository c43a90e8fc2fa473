"""What staff did: the log that nobody changes, searched and filtered (RELIABILITY A12)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Act
from accounts.desk import Place, ReadOnly, StaffAdmin, key_in, navigation, own_organisation
from accounts.models import User
from accounts.permissions import may, visible

navigation.add(Place(93, _("What staff did"), "admin:admin_logentry_changelist", "admin.view_logentry"))


class WhoFilter(admin.SimpleListFilter):
    """A member of staff, among those one may see. More than a page holds are found by the search."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        people = visible(request.user, User.objects.all()).order_by("username")
        return [(str(pk), name) for pk, name in people.values_list("pk", "username")[:200]]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any] | None:
        key = key_in(self.value() or "")
        return queryset if key is None else queryset.filter(user=key)


class KindFilter(admin.SimpleListFilter):
    """What kind of act it was."""

    title = _("what")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(value), label) for value, label in Act.choices]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any] | None:
        key = key_in(self.value() or "")
        return queryset.filter(action_flag=key) if key in Act.values else queryset


class WhenFilter(admin.DateFieldListFilter):
    """When it was, under the name of the column: Django's own has none in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("when")


@admin.register(LogEntry)
class StaffActsAdmin(ReadOnly, StaffAdmin):
    list_title = _("What staff did")
    purpose = _("Every act of staff, kept for good: nobody changes or removes an entry.")
    empty_words = _("Nothing was done yet.")
    newest_first = True
    list_display = ["when", "who", "kind", "name", "what"]
    list_filter = [WhoFilter, KindFilter, ("action_time", WhenFilter)]
    list_select_related = ["user", "content_type", "reason"]
    search_fields = [
        *("object_repr", "change_message", "reason__words"),
        *("user__username", "user__first_name", "user__last_name"),
    ]
    search_help_text = _("A name, a number, or a word of what was done.")
    fields = ["when", "who", "kind", "name", "row_number", "what"]
    readonly_fields = ["when", "who", "kind", "name", "row_number", "what"]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        own = own_organisation(request)
        return rows if own is None else rows.filter(user__in=visible(request.user, User.objects.all()))

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Every word stands in a name, in a detail, or in the sentence as this reader sees it."""
        for word in search_term.split():
            found = audit.saying(word)
            for field in self.search_fields:
                found |= models.Q((f"{field}__icontains", word))
            queryset = queryset.filter(found)
        return queryset, False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; each of its entries leads to the row it was done to, where the reader may see such rows."""
        shown = super().get_changelist_instance(request)
        for entry in shown.result_list:
            kind = entry.content_type
            entry.leads = kind is not None and any(
                may(request.user, f"{kind.app_label}.{act}_{kind.model}") for act in ("view", "change")
            )
        return shown

    @admin.display(description=_("when"))
    def when(self, entry: LogEntry) -> dt.datetime:
        return entry.action_time

    @admin.display(description=_("who"))
    def who(self, entry: LogEntry) -> str:
        return str(entry.user)

    @admin.display(description=_("name"))
    def name(self, entry: LogEntry) -> str:
        """What the row it was done to is, and how it was called then: “campaign · Save the marsh”."""
        kind = entry.content_type.name if entry.content_type else ""
        words = " · ".join(filter(None, (kind, entry.object_repr)))
        url = entry.get_admin_url() if getattr(entry, "leads", False) else None
        if url is None or entry.action_flag == Act.DELETED:
            return words
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, words)

    @admin.display(description=_("number"))
    def row_number(self, entry: LogEntry) -> str:
        """Of the row it was done to."""
        return entry.object_id or ""

    @admin.display(description=_("what"))
    def what(self, entry: LogEntry) -> str:
        return audit.told(entry)

    @admin.display(description=_("kind"))
    def kind(self, entry: LogEntry) -> str:
        return str(Act(entry.action_flag).label) if entry.action_flag in Act.values else ""
