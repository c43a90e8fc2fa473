"""The one helper that says what a member of staff may see and do. Every staff page asks it, nothing else does.

Two questions, both answered here: has this person the right (a Django permission, given through the groups
of `roles.py`), and does the row belong to an organisation they work for.

A model says whose its rows are by a field `organisation`; one that says it through another row is announced
by `belongs_through`. A model with neither is shared by the whole house.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import models

from accounts.models import User

M = TypeVar("M", bound=models.Model)

_paths: dict[type[models.Model], tuple[str, ...]] = {}


def belongs_through(model: type[models.Model], *paths: str) -> None:
    """Rows of `model` belong to the organisation at the end of any of `paths`, e.g. "campaign__organisation".

    Several apps may add paths to one model. A path goes through single-valued relations only. Safe to repeat.
    """
    _paths[model] = tuple(dict.fromkeys([*_paths.get(model, ()), *paths]))


def may(user: User | AnonymousUser, permission: str, row: models.Model | None = None) -> bool:
    """Whether `user` holds `permission` ("app.codename"), and, if `row` is given, whether the row is theirs."""
    if not (user.is_active and user.is_staff and user.has_perm(permission)):
        return False
    return row is None or _is_theirs(user, row)


def require(user: User | AnonymousUser, permission: str, row: models.Model | None = None) -> None:
    """Raise PermissionDenied unless `may` says yes."""
    if not may(user, permission, row):
        raise PermissionDenied(f"{permission} is needed")


def visible(user: User | AnonymousUser, rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows that belong to an organisation `user` works for; all rows of a model the house shares."""
    if not user.is_active or not user.is_staff:
        return rows.none()
    paths = _paths_of(rows.model)
    if user.organisation_id is None or not paths:
        return rows
    theirs = models.Q()
    for path in paths:
        theirs |= models.Q(**{path: user.organisation_id})
    return rows.filter(theirs)


def _is_theirs(user: User | AnonymousUser, row: models.Model) -> bool:
    if isinstance(user, AnonymousUser):
        return False
    paths = _paths_of(type(row))
    if user.organisation_id is None or not paths:
        return True
    return any(_end_of(row, path) == user.organisation_id for path in paths)


def _end_of(row: models.Model, path: str) -> Any:
    """The organisation's id at the end of `path`; None where a step is missing."""
    *steps, last = path.split("__")
    found: Any = row
    for step in steps:
        try:
            found = getattr(found, step)
        except ObjectDoesNotExist:
            return None
        if found is None:
            return None
    return getattr(found, f"{last}_id")


def _paths_of(model: type[models.Model]) -> tuple[str, ...]:
    if any(field.name == "organisation" for field in model._meta.get_fields()):
        return ("organisation",)
    return _paths.get(model, ())
