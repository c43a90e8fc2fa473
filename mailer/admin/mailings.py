"""Mailings at the desk: their list, and what all pages of one have in common."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, key_in, navigation
from accounts.permissions import visible
from contacts.models import MailingList
from mailer.admin import mailing_forms, mailing_words, mailing_write, pages
from mailer.models import Mailing, MailingAct

navigation.add(Place(40, _("Mailings"), "admin:mailer_mailing_changelist", "mailer.view_mailing"))

_VIEW = "mailer.view_mailing"
_MOST_LISTS = 50


class OfList(admin.SimpleListFilter):
    """The lists that the person may see, and no other's names."""

    title = _("list")
    parameter_name = "list"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = visible(request.user, MailingList.objects.order_by("name"))
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:_MOST_LISTS]]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        pk = key_in(self.value() or "")
        return queryset.filter(mailing_list=pk) if pk else queryset


@admin.register(Mailing)
class MailingAdmin(StaffAdmin):
    """Pages of a mailing are added by `pages.register`."""

    purpose = _("Newsletters: those being written, on their way, and sent.")
    add_words = _("New mailing")
    empty_words = _("No mailing yet. Begin one: nothing is sent before you say so.")
    newest_first = True
    change_list_template = "staff/mailings/list.html"
    list_display = ["titled", "state", "mailing_list", "starts", "finished_at", "audience", "begun_by"]
    list_display_links = None
    list_filter = ["status", OfList]
    list_select_related = ["mailing_list", "sender"]
    search_fields = ["name"]
    search_help_text = _("A part of the mailing's name.")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        begun = MailingAct.objects.filter(mailing=models.OuterRef("pk"), what=MailingAct.What.CREATED)
        rows = super().get_queryset(request).select_related("sender", "mailing_list", "organisation")
        return rows.annotate(begun_by_name=models.Subquery(begun.values("by__username")[:1]))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Only a draft is thrown away: what was sent stays on record."""
        is_draft = not isinstance(obj, Mailing) or obj.status == Mailing.Status.DRAFT
        return is_draft and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        return [*pages.urls(self), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": _("Mailings"), **(extra_context or {})})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return mailing_forms.new_mailing(self, request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A mailing opens where it is written."""
        mailing = self.row_or_404(request, key_in(object_id) or 0, _VIEW)
        return pages.shown(self, request, mailing, mailing_write.write)

    def page_context(
        self, request: HttpRequest, mailing: Mailing, here: str, title: Any = ""
    ) -> dict[str, Any]:
        """What every page of a mailing needs, see templates/staff/mailings/_frame.html. `here` is the name of its tab."""
        tone, standing = mailing_words.standing(mailing)
        return {
            **self.admin_site.each_context(request),
            "title": title or pages.TABS[here],
            "opts": self.opts,
            "mailing": mailing,
            "tabs": pages.tabs(mailing, here),
            "steps": pages.steps(mailing, here),
            "tone": tone,
            "standing": standing,
        }

    # --- the list

    @admin.display(description=_("name"))
    def titled(self, mailing: Mailing) -> str:
        page = "report" if mailing.started_at and pages.exists("report") else "write"
        url = pages.url(mailing, page if pages.exists(page) else "change")
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, mailing.name)

    @admin.display(description=_("status"))
    def state(self, mailing: Mailing) -> str:
        return format_html(
            '<span class="desk-word {}">{}</span>',
            mailing_words.tone(mailing),
            mailing.get_status_display(),
        )

    @admin.display(description=_("starts"))
    def starts(self, mailing: Mailing) -> Any:
        return mailing.started_at or mailing.starts_at

    @admin.display(description=_("begun by"))
    def begun_by(self, mailing: Any) -> str:
        return mailing.begun_by_name or "–"
