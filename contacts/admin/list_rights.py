"""Who is bound to which mailing lists (see `contacts.list_rights`)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, navigation
from contacts.models import ListRight

navigation.add(Place(94, _("List rights"), "admin:contacts_listright_changelist", "contacts.view_listright"))


@admin.register(ListRight)
class ListRightAdmin(StaffAdmin):
    """A right is given or taken away, never changed into another."""

    purpose = _("Who is bound to some mailing lists, and sees these and their people only.")
    add_words = _("Add a list right")
    empty_words = _("Nobody is bound: everybody works with every list, as far as their roles go.")
    newest_first = True
    list_display = ["user", "mailing_list", "created_at"]
    list_display_links = ["user"]
    list_filter = ["mailing_list"]
    list_select_related = ["user", "mailing_list"]
    search_fields = ["user__username", "user__email", "mailing_list__name"]
    autocomplete_fields = ["user", "mailing_list"]
    fields = ["user", "mailing_list"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "user":
            field.help_text = _(
                "With one list or more this person sees and uses these lists only: their people, mailings, imports and "
                "exports. With none they work with every list."
            )
        return field
