"""Addresses we leave alone, as staff see them. They are added here and never taken away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, navigation
from contacts import addresses, suppressions
from contacts.lookup import by_address
from contacts.models import Suppression

navigation.add(
    Place(62, _("Suppressions"), "admin:contacts_suppression_changelist", "contacts.view_suppression")
)


class SuppressionForm(forms.ModelForm):
    """An address typed by a person becomes a keyed hash; the address itself is not kept."""

    address = forms.CharField(label=_("Address"), max_length=254)
    note = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Who asked, and how. Do not write the address here.")
    )

    class Meta:
        model = Suppression
        fields = ["reason", "scope", "ends_at"]

    def clean_address(self) -> addresses.Address:
        return addresses.parse(self.cleaned_data["address"])

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        if "@" in note:
            raise ValidationError(_("The address is remembered as a hash only: leave it out of the reason."))
        return note


@admin.register(Suppression)
class SuppressionAdmin(StaffAdmin):
    newest_first = True
    list_display = ["created_at", "reason", "scope", "ends_at", "why"]
    list_display_links = ["created_at"]
    list_filter = ["reason", "scope"]
    search_fields = ["pk"]
    search_help_text = _("A whole address: is it suppressed?")
    readonly_fields = ["why", "created_at"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs, **({} if obj else {"form": SuppressionForm}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["address", "reason", "scope", "ends_at", "note"]
        return ["reason", "scope", "why", "created_at", "ends_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Suppress through the one door; an address that already was is no error."""
        address: addresses.Address = form.cleaned_data["address"]
        suppressions.suppress(
            address.hash,
            obj.reason,
            scope=obj.scope,
            evidence={"by": request.user.pk, "note": form.cleaned_data["note"]},
            ends_at=obj.ends_at,
        )
        found = Suppression.objects.get(address_hash=address.hash, reason=obj.reason, scope=obj.scope)
        obj.pk, obj.address_hash = found.pk, found.address_hash

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False

    @admin.display(description=_("why"))
    def why(self, suppression: Suppression) -> str:
        return str(suppression.evidence.get("note", "")) or "–"
