"""The one helper that says what a member of staff may see and do. Every staff page asks it, nothing else does.

Two questions, both answered here: has this person the right (a Django permission, given through the groups
of `roles.py`), and does the row belong to an organisation they work for.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models

from accounts.models import User

M = TypeVar("M", bound=models.Model)


def may(user: User | AnonymousUser, permission: str, row: models.Model | None = None) -> bool:
    """Whether `user` holds `permission` ("app.codename"), and, if `row` is given, whether the row is theirs."""
    if not (user.is_active and user.has_perm(permission)):
        return False
    return row is None or _is_theirs(user, row)


def require(user: User | AnonymousUser, permission: str, row: models.Model | None = None) -> None:
    """Raise PermissionDenied unless `may` says yes."""
    if not may(user, permission, row):
        raise PermissionDenied(f"{permission} is needed")


def visible(user: User | AnonymousUser, rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows of a model with an `organisation` that `user` may see; all rows of a model without one."""
    if not user.is_active or not user.is_staff:
        return rows.none()
    if user.organisation_id is None or not _has_organisation(rows.model):
        return rows
    return rows.filter(organisation_id=user.organisation_id)


def _is_theirs(user: User | AnonymousUser, row: models.Model) -> bool:
    if isinstance(user, AnonymousUser):
        return False
    if user.organisation_id is None or not _has_organisation(type(row)):
        return True
    return bool(getattr(row, "organisation_id", None) == user.organisation_id)


def _has_organisation(model: type[models.Model]) -> bool:
    return any(field.name == "organisation" for field in model._meta.get_fields())
