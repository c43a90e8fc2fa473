"""Who works here: what they are called, what they may do, and whether their account is on.

Nobody changes a person who may do more than they may themselves, and nobody gives a right they do not have
(`accounts.people`). People come by invitation, and are switched off rather than deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts import audit, people, resets
from accounts.desk import Place, StaffAdmin, navigation, own_organisation, places, who
from accounts.models import User
from accounts.role_words import in_words, listed
from accounts.signin import second_factor

navigation.add(Place(90, _("Staff"), "admin:accounts_user_changelist", "accounts.view_user"))
navigation.add(Place(91, _("Roles"), "admin:roles", "auth.view_group"))

_OF_SUPERUSERS = ["username", "is_staff", "is_superuser"]

admin.site.unregister(Group)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class _RightsAreWritten:
    """Mixed into an admin class: a change of what somebody may do stands in the log as what it was and became."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj)._default_manager.filter(pk=obj.pk).first() if change else None
        request.rights_before = people.rights_of(before) if before else None  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        people.write_rights(who(request), form.instance, before=request.rights_before)  # type: ignore[attr-defined]


@admin.register(Group)
class RolesAdmin(_RightsAreWritten, StaffAdmin, GroupAdmin):
    """The groups of `roles.py`. Only superusers change them: who could would give any right to themselves."""

    list_title = _("Rights one by one")
    list_display = ["role"]
    purpose = _("The roles with each of their rights, as the program names them.")
    add_words = _("Add a role")

    @admin.display(description=_("role"), ordering="name")
    def role(self, group: Group) -> str:
        return group.name

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        around = {"desk_places": places(request, "admin:roles")}
        return super().changelist_view(request, {**around, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


class _Act(NamedTuple):
    """A button on the page of a person."""

    word: str
    label: Any
    done: Any
    do: Callable[[User, User], Any]
    shown: Callable[[User], bool]
    is_dangerous: bool = False


def _link(whose: User, by: User) -> None:
    resets.send(whose)
    audit.record(by, audit.Act.CHANGED, audit.Did.PASSWORD_LINK, whose)


_ACTS = [
    _Act(
        "password",
        _("Send a link to a new password"),
        _("The link is on its way. It is good for two hours."),
        _link,
        lambda whose: whose.is_active and whose.has_usable_password() and bool(whose.email),
    ),
    _Act(
        "sign-out",
        _("Sign out everywhere"),
        _("They are signed out everywhere."),
        people.sign_out,
        lambda whose: whose.is_active,
    ),
    _Act(
        "second-step",
        _("Remove the second step"),
        _("They sign in by their password alone, and set up a new second step."),
        second_factor.reset,
        second_factor.has_one,
        is_dangerous=True,
    ),
    _Act(
        "off",
        _("Switch off"),
        _("The account is switched off, and they are signed out."),
        lambda whose, by: people.switch(whose, by, on=False),
        lambda whose: whose.is_active,
        is_dangerous=True,
    ),
    _Act(
        "on",
        _("Switch on"),
        _("The account is on again."),
        lambda whose, by: people.switch(whose, by, on=True),
        lambda whose: not whose.is_active,
    ),
]


class RoleFilter(admin.RelatedFieldListFilter):
    """The roles by what they are called at the desk."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("role")

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(role.pk, listed([role.name])) for role in Group.objects.order_by("name")]


@admin.register(User)
class PeopleAdmin(_RightsAreWritten, StaffAdmin, UserAdmin):
    purpose = _("Who works here, and as what.")
    list_display = ["username", "full_name", "email", "organisation", "is_active", "last_login"]
    list_filter = ["is_active", ("groups", RoleFilter), "organisation"]
    list_select_related = ["organisation"]
    fieldsets: ClassVar[Any] = [
        (_("Who"), {"fields": ["first_name", "last_name", "email"]}),
        (_("Works for"), {"fields": ["organisation"]}),
        (_("May do"), {"fields": ["groups"]}),
        (_("Signed in"), {"fields": ["last_login", "date_joined"]}),
        (_("For superusers"), {"fields": _OF_SUPERUSERS, "classes": ["collapse"]}),
    ]
    autocomplete_fields = ["organisation"]
    filter_horizontal = ()  # roles are ticked; rights by hand are given to a role
    change_form_template = "staff/people/person.html"
    change_list_template = "staff/people/list.html"

    @admin.display(description=_("name"))
    def full_name(self, person: User) -> str:
        return person.get_full_name() or self.get_empty_value_display()

    def get_urls(self) -> list[URLPattern]:
        act = path(
            "<int:pk>/act/<str:word>/", self.admin_site.admin_view(self.act_view), name="accounts_user_act"
        )
        return [act, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_invite = people.may_bring_people(who(request))
        return super().changelist_view(request, {**(extra_context or {}), "may_invite": may_invite})

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if _is_superuser(request):
            return ["last_login", "date_joined"]
        bound = ["organisation"] if own_organisation(request) is not None else []
        return ["last_login", "date_joined", *_OF_SUPERUSERS, *bound]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups" and field is not None:
            given = [role.pk for role in people.roles_to_give(who(request))]
            field.label = _("Roles")
            field.label_from_instance = lambda role: in_words(role.name)
            field.queryset = Group.objects.filter(pk__in=given).order_by("name")
            field.help_text = _("You can give the roles whose rights you have yourself.")
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People come by invitation: nobody knows the password of another."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return isinstance(request.user, User) and people.may_change(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a person did stays written, and so do they: an account is switched off."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Nobody sets the password of another; they are sent a link."""
        raise PermissionDenied

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        whose = context.get("original")
        if isinstance(whose, User) and self._may_act(request, whose):
            context |= {"may_act": True, "acts": [act for act in _ACTS if act.shown(whose)]}
        return super().render_change_form(request, context, *args, **kwargs)

    def act_view(self, request: HttpRequest, pk: int, word: str) -> HttpResponse:
        """Press one of the buttons on the page of a person."""
        whose = self.row_or_404(request, pk, "accounts.change_user")
        act = next((one for one in _ACTS if one.word == word), None)
        if request.method != "POST" or act is None or not self._may_act(request, whose):
            raise PermissionDenied
        if act.shown(whose):
            act.do(whose, who(request))
            messages.success(request, str(act.done))
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))

    def _may_act(self, request: HttpRequest, whose: User) -> bool:
        """Not on oneself: one's own account is on its own page, and nobody locks themselves out."""
        return whose != request.user and self.has_change_permission(request, whose)
