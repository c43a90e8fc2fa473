"""Who may bring people, change them and give them what: never more than one has. And what they may do, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import models, transaction
from django.utils.translation import gettext

from accounts import audit, role_words
from accounts.models import User
from accounts.permissions import bound_to, may


def may_bring_people(by: User) -> bool:
    """Whether `by` may invite. Who is bound to some lists may not: nobody can be bound before they are here."""
    return may(by, "accounts.add_invitation") and bound_to(by) is None


def roles_to_give(by: User) -> list[Group]:
    """The roles `by` may give, in the order of their names: those that allow nothing they may not do themselves."""
    every = Group.objects.prefetch_related("permissions__content_type").order_by("name")
    return [role for role in every if may_give(by, [role])]


def may_give(by: User, roles: Iterable[Group]) -> bool:
    if by.is_superuser:
        return True
    own = by.get_all_permissions()
    return all(own.issuperset(_codes(role.permissions.all())) for role in roles)


def may_change(by: User, whose: User) -> bool:
    """Whether `by` may change, switch off or let in again `whose`: who may do all that they may."""
    if not may(by, "accounts.change_user", whose) or bound_to(by) is not None:
        return False
    if by.is_superuser:
        return True
    rights = whose.get_all_permissions() if whose.is_active else _rights_if_active(whose)
    return not whose.is_superuser and by.get_all_permissions() >= rights


def _rights_if_active(whose: User) -> set[str]:
    """What somebody who is switched off could do again once they are switched on."""
    rights = Permission.objects.filter(models.Q(group__user=whose) | models.Q(user=whose))
    return set(_codes(rights.distinct()))


@transaction.atomic
def switch(whose: User, by: User, *, on: bool) -> bool:
    """Switch an account off, which ends its sessions, or on again. False if it stood so already."""
    if whose.is_active == on:
        return False
    whose.is_active = on
    whose.save(update_fields=["is_active"])
    audit.record(by, audit.Act.RIGHTS, audit.Did.SWITCHED_ON if on else audit.Did.SWITCHED_OFF, whose)
    return True


@transaction.atomic
def sign_out(whose: User, by: User) -> None:
    """End every session of a person."""
    whose.end_sessions()
    audit.record(by, audit.Act.SIGNED_OUT, audit.Did.SIGNED_THEM_OUT, whose)


def rights_of(whose: User | Group) -> dict[str, Any]:
    """What a person or a role may do, as the log keeps it; `rights_in_words` says it."""
    if isinstance(whose, Group):
        return {"rights": _codes(whose.permissions.all())}
    return {
        "active": whose.is_active,
        "staff": whose.is_staff,
        "superuser": whose.is_superuser,
        "roles": list(whose.groups.order_by("name").values_list("name", flat=True)),
        "rights": _codes(whose.user_permissions.all()),
        "organisation": str(whose.organisation or ""),
    }


@audit.says("before", "after")
def rights_in_words(kept: Mapping[str, Any]) -> str:
    """What `rights_of` kept: "active; roles Moderators; organisation ICC Coalition"."""
    rights = gettext(", ").join(kept["rights"])
    if "active" not in kept:  # a role
        return rights or gettext("nothing")
    roles = role_words.listed(kept["roles"])
    parts = [
        gettext("active") if kept["active"] else gettext("switched off"),
        gettext("staff") if kept["staff"] else "",
        gettext("superuser") if kept["superuser"] else "",
        gettext("roles %(roles)s") % {"roles": roles} if kept["roles"] else roles,
        gettext("rights %(rights)s") % {"rights": rights} if rights else "",
        gettext("organisation %(name)s") % {"name": kept["organisation"]} if kept["organisation"] else "",
    ]
    return gettext("; ").join(part for part in parts if part)


@audit.says("inviter")
def _name_of(pk: int) -> str:
    """Who it was is kept by number: the name they have now is shown."""
    return str(User.objects.filter(pk=pk).first() or f"#{pk}")


def write_rights(by: User, whose: User | Group, *, before: Mapping[str, Any] | None) -> bool:
    """Write down what `whose` rights became, if that is not `before`. False: nothing had changed."""
    # Read anew: the organisation and the roles in memory may be those of the form.
    now = rights_of(type(whose)._default_manager.get(pk=whose.pk))
    if now == before:
        return False
    if before is None:
        audit.record(by, audit.Act.RIGHTS, audit.Did.RIGHTS_GIVEN, whose, after=now)
    else:
        audit.record(by, audit.Act.RIGHTS, audit.Did.RIGHTS_CHANGED, whose, before=before, after=now)
    return True


def _codes(rights: models.QuerySet[Permission]) -> list[str]:
    return sorted(
        f"{right.content_type.app_label}.{right.codename}" for right in rights.select_related("content_type")
    )
