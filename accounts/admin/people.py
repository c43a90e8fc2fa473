"""Who works here. Only superusers give rights; an organisation's own staff see their colleagues and nobody else."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.desk import Place, StaffAdmin, navigation, who
from accounts.models import User

navigation.add(Place(90, _("Staff"), "admin:accounts_user_changelist", "accounts.view_user"))
navigation.add(Place(91, _("Roles"), "admin:roles", "auth.view_group"))

_RIGHTS = ["is_superuser", "is_staff", "groups", "user_permissions", "organisation"]

admin.site.unregister(Group)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class _RightsAreWritten:
    """Mixed into an admin class: a change of what somebody may do stands in the log as what it was and became."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj)._default_manager.filter(pk=obj.pk).first() if change else None
        request.rights_before = people.rights_in_words(before) if before else ""  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        people.write_rights(who(request), form.instance, before=request.rights_before)  # type: ignore[attr-defined]


@admin.register(Group)
class RolesAdmin(_RightsAreWritten, GroupAdmin):
    """The groups of `roles.py`. Only superusers change them: who could would give any right to themselves."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


@admin.register(User)
class PeopleAdmin(_RightsAreWritten, StaffAdmin, UserAdmin):
    list_display = ["username", "email", "organisation", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "groups", "organisation"]
    list_select_related = ["organisation"]
    fieldsets = [*(UserAdmin.fieldsets or []), (_("Works for"), {"fields": ["organisation"]})]
    add_fieldsets = UserAdmin.add_fieldsets
    autocomplete_fields = ["organisation"]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rights are a superuser's to give: who may change people must not be able to promote themselves."""
        if _is_superuser(request):
            return ["last_login", "date_joined"]
        return ["last_login", "date_joined", *_RIGHTS]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off, not deleted: the log says what they did."""
        return False
