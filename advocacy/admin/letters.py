"""Letters and their whole history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import NewestFirst, Place, ReadOnly, StaffAdmin, navigation
from advocacy.models import Letter
from contacts.lookup import by_address

navigation.add(Place(20, _("Letters"), "admin:advocacy_letter_changelist", "advocacy.view_letter"))


@admin.register(Letter)
class LetterAdmin(ReadOnly, StaffAdmin):
    list_display = ["pk", "status", "campaign", "person", "subject", "slot", "confirmed_at"]
    list_filter = ["status", "campaign", "is_test"]
    list_select_related = ["campaign", "person", "delivery"]
    search_fields = ["pk"]
    search_help_text = _("A supporter's whole address, a representative's name, or the number of a letter.")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NewestFirst]:
        return NewestFirst

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        term = search_term.strip()
        if not term or "@" in term or term.isdecimal():
            return by_address(queryset, term, field="supporter__address_hash"), False
        named = models.Q(person__name__icontains=term) | models.Q(person__native_name__icontains=term)
        return queryset.filter(named), False
