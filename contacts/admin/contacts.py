"""The people of the address book, as staff see them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, ReadOnly, StaffAdmin, StaffInline, navigation
from contacts import addresses
from contacts.models import Contact, Subscription

navigation.add(Place(60, _("Contacts"), "admin:contacts_contact_changelist", "contacts.view_contact"))


class SubscriptionInline(ReadOnly, StaffInline):
    model = Subscription
    fields = ["mailing_list", "status", "changed_at"]
    readonly_fields = ["mailing_list", "status", "changed_at"]
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("mailing_list")


@admin.register(Contact)
class ContactAdmin(ReadOnly, StaffAdmin):
    newest_first = True
    list_display = ["pk", "name", "country", "language", "source", "created_at"]
    list_filter = ["language"]
    search_fields = ["name"]
    search_help_text = _("A whole address, or the beginning of a name.")
    fields = ["address", "name", "organisation", "country", "language", "attributes", "source", "created_at"]
    inlines = [SubscriptionInline]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        term = search_term.strip()
        if "@" not in term:
            return (queryset.filter(name__istartswith=term) if term else queryset), False
        try:
            return queryset.filter(address_key=addresses.parse(term).key), False
        except ValidationError:
            return queryset.none(), False
