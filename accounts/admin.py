"""Who works here. Only superusers give rights; an organisation's own staff see their colleagues and nobody else."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, ReadOnly, StaffAdmin, navigation, own_organisation
from accounts.models import Organisation, User
from accounts.permissions import visible

navigation.add(Place(90, _("Staff"), "admin:accounts_user_changelist", "accounts.view_user"))
navigation.add(Place(91, _("Roles"), "admin:auth_group_changelist", "auth.view_group"))
navigation.add(
    Place(92, _("Organisations"), "admin:accounts_organisation_changelist", "accounts.view_organisation")
)
navigation.add(Place(93, _("What staff did"), "admin:admin_logentry_changelist", "admin.view_logentry"))

_RIGHTS = ["is_superuser", "is_staff", "groups", "user_permissions", "organisation"]

admin.site.unregister(Group)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


@admin.register(Group)
class RolesAdmin(GroupAdmin):
    """The groups of `roles.py`. Only superusers change them: who could would give any right to themselves."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


@admin.register(User)
class PeopleAdmin(StaffAdmin, UserAdmin):
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


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    list_display = ["name", "slug", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        own = own_organisation(request)
        return rows if own is None else rows.filter(pk=own)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(LogEntry)
class StaffActsAdmin(ReadOnly, StaffAdmin):
    """What people did at the desk; nobody edits it (RELIABILITY A12)."""

    newest_first = True
    list_display = ["action_time", "user", "content_type", "object_repr", "what"]
    list_filter = ["content_type"]
    list_select_related = ["user", "content_type"]
    date_hierarchy = None

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        own = own_organisation(request)
        return rows if own is None else rows.filter(user__in=visible(request.user, User.objects.all()))

    @admin.display(description=_("what"))
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message()
