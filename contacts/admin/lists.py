"""What people subscribe to and what they agreed to, as staff see it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, ReadOnly, StaffAdmin, navigation
from contacts.lookup import by_address
from contacts.models import Consent, MailingList

navigation.add(Place(61, _("Lists"), "admin:contacts_mailinglist_changelist", "contacts.view_mailinglist"))
navigation.add(Place(63, _("Consents"), "admin:contacts_consent_changelist", "contacts.view_consent"))


@admin.register(MailingList)
class MailingListAdmin(StaffAdmin):
    list_display = ["name", "slug", "opt_in", "organisation"]
    list_select_related = ["organisation"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["organisation"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Consent)
class ConsentAdmin(ReadOnly, StaffAdmin):
    newest_first = True
    list_display = ["given_at", "purpose", "granted", "mailing_list", "source"]
    list_filter = ["purpose", "granted"]
    list_select_related = ["mailing_list"]
    search_fields = ["pk"]
    search_help_text = _("A whole address: what did this person agree to?")
    fields = ["given_at", "purpose", "granted", "text", "page", "source", "proof", "mailing_list", "contact"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False
