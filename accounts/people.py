"""Who may bring people, change them and give them what: never more than one has. And what they may do, in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import models, transaction

from accounts import audit
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
    audit.record(by, audit.Act.RIGHTS, "Switched on." if on else "Switched off.", whose)
    return True


@transaction.atomic
def sign_out(whose: User, by: User) -> None:
    """End every session of a person."""
    whose.end_sessions()
    audit.record(by, audit.Act.SIGNED_OUT, "Signed them out everywhere.", whose)


def rights_in_words(whose: User | Group) -> str:
    """What a person or a role may do, as the log says it: "active; roles Moderators; organisation ICC Coalition"."""
    if isinstance(whose, Group):
        return ", ".join(_codes(whose.permissions.all())) or "nothing"
    roles = ", ".join(whose.groups.order_by("name").values_list("name", flat=True))
    rights = ", ".join(_codes(whose.user_permissions.all()))
    parts = [
        "active" if whose.is_active else "switched off",
        "staff" if whose.is_staff else "",
        "superuser" if whose.is_superuser else "",
        f"roles {roles}" if roles else "no roles",
        f"rights {rights}" if rights else "",
        f"organisation {whose.organisation}" if whose.organisation else "",
    ]
    return "; ".join(part for part in parts if part)


def write_rights(by: User, whose: User | Group, *, before: str) -> bool:
    """Write down what `whose` rights became, if that is not `before`. False: nothing had changed."""
    # Read anew: the organisation and the roles in memory may be those of the form.
    now = rights_in_words(type(whose)._default_manager.get(pk=whose.pk))
    if now == before:
        return False
    sentence = f"From: {before}. To: {now}." if before else f"May: {now}."
    audit.record(by, audit.Act.RIGHTS, sentence, whose)
    return True


def _codes(rights: models.QuerySet[Permission]) -> list[str]:
    return sorted(
        f"{right.content_type.app_label}.{right.codename}" for right in rights.select_related("content_type")
    )
