"""The organisations this service works for; staff of one see their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, navigation, own_organisation
from accounts.models import Organisation

navigation.add(
    Place(92, _("Organisations"), "admin:accounts_organisation_changelist", "accounts.view_organisation")
)


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    purpose = _("The organisations this service works for, and the members of campaigns.")
    add_words = _("Add an organisation")
    empty_words = _("No organisation yet. Without one, everything belongs to the house as a whole.")
    list_display = ["name", "slug", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        own = own_organisation(request)
        return rows if own is None else rows.filter(pk=own)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
