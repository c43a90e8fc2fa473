"""Sessions end when what a person may do changes: their roles, their rights, or the rights of a role they have.

What stands on the person's own row is watched by `User.save`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import F
from django.db.models.signals import m2m_changed, pre_delete

from accounts.models import User

_CHANGED = {"post_add", "post_remove", "pre_clear"}  # after a clear nobody knows any more who was meant


def watch() -> None:
    """From now on a change of roles or rights ends sessions. Safe to repeat."""
    for through in (User.groups.through, User.user_permissions.through):
        m2m_changed.connect(_rights_of_people, sender=through, dispatch_uid=f"accounts.sessions.{through}")
    m2m_changed.connect(
        _rights_of_a_role, sender=Group.permissions.through, dispatch_uid="accounts.sessions.roles"
    )
    pre_delete.connect(_role_goes, sender=Group, dispatch_uid="accounts.sessions.role_goes")


def _rights_of_people(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **kwargs: Any
) -> None:
    if action not in _CHANGED or pk_set == set():
        return
    if not reverse:
        instance.end_sessions()
    elif pk_set is not None:
        _end(pk__in=pk_set)
    else:
        _end(pk__in=instance.user_set.values("pk"))


def _rights_of_a_role(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **kwargs: Any
) -> None:
    if action not in _CHANGED or pk_set == set():
        return
    if not reverse:
        _end(groups=instance)
    elif pk_set is not None:
        _end(groups__in=pk_set)
    else:
        _end(groups__permissions=instance)


def _role_goes(sender: Any, instance: Group, **kwargs: Any) -> None:
    _end(groups=instance)


def _end(**whose: Any) -> None:
    found = User.objects.filter(**whose).order_by().values("pk").distinct()
    User.objects.filter(pk__in=found).update(session_epoch=F("session_epoch") + 1)
