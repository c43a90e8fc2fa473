"""The one helper that says what a member of staff may see and do. Every staff page asks it, nothing else does.

Three questions, all answered here: has this person the right (a Django permission, given through the groups
of `roles.py`), does the row belong to an organisation they work for, and does it belong to the mailing lists they are
bound to, if they are bound to some.

A model says whose its rows are by a field `organisation`; one that says it through another row is announced
by `belongs_through`, which then counts more. A model with neither is shared by the whole house.

Which lists a person is bound to is known to the app above: it gives `binds` the question. What is left of a model's
rows for such a person is said by `narrows`; a model without that is not about lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import models

from accounts.models import Organisation, User

M = TypeVar("M", bound=models.Model)

Condition = Callable[[User, frozenset[int]], models.Q]

_paths: dict[type[models.Model], tuple[str, ...]] = {}
_only_without: dict[tuple[type[models.Model], str], str] = {}
_conditions: dict[type[models.Model], Condition] = {}
_besides: dict[type[models.Model], Condition] = {}
_shut_to_the_bound: set[str] = set()
_lists_of: Callable[[User], frozenset[int]] | None = None


def belongs_through(model: type[models.Model], *paths: str, only_without: str = "") -> None:
    """Rows of `model` belong to the organisation at the end of any of `paths`, e.g. "campaign__organisation".

    `only_without` names a relation: these paths count for rows where it is empty. Several apps may add paths to one
    model. A path goes through single-valued relations only. Safe to repeat.
    """
    _paths[model] = tuple(dict.fromkeys([*_paths.get(model, ()), *paths]))
    if only_without:
        _only_without.update({(model, path): only_without for path in paths})


def binds(lists_of: Callable[[User], frozenset[int]], *, shut: tuple[str, ...] = ()) -> None:
    """Say which lists a person is bound to (none: to all), and which rights nobody has who is bound to some."""
    global _lists_of
    _lists_of = lists_of
    _shut_to_the_bound.update(shut)


def narrows(model: type[models.Model], condition: Condition) -> None:
    """The rows of `model` left to a person who is bound to some lists. Safe to repeat."""
    _conditions[model] = condition


def narrows_less(model: type[models.Model], condition: Condition) -> None:
    """Rows of `model` that are left besides those of `narrows`, known to an app above. Safe to repeat."""
    _besides[model] = condition


def bound_to(user: User) -> frozenset[int] | None:
    """The ids of the lists a person is bound to; None for who works with all lists. One query a request."""
    if _lists_of is None or user.pk is None:
        return None
    known: frozenset[int] | None = user.__dict__.get("_bound_to")
    if known is None:
        known = user.__dict__["_bound_to"] = _lists_of(user)
    return known or None


def scope_of(user: User) -> str:
    """A word that is the same for people who see the same rows: the key under which a count is remembered."""
    lists = bound_to(user)
    bound = "" if lists is None else ":" + ",".join(str(pk) for pk in sorted(lists))
    return f"{user.organisation_id}{bound}"


def may(user: User | AnonymousUser, permission: str, row: models.Model | None = None) -> bool:
    """Whether `user` holds `permission` ("app.codename"), and, if `row` is given, whether the row is theirs."""
    if not (user.is_active and user.is_staff and user.has_perm(permission)):
        return False
    if permission in _shut_to_the_bound and bound_to(user) is not None:
        return False
    return row is None or _is_theirs(user, row)


def require(user: User | AnonymousUser, permission: str, row: models.Model | None = None) -> None:
    """Raise PermissionDenied unless `may` says yes."""
    if not may(user, permission, row):
        raise PermissionDenied(f"{permission} is needed")


def visible(user: User | AnonymousUser, rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows that belong to an organisation `user` works for; all rows of a model the house shares.

    For who is bound to some lists, of these only what belongs to these lists.
    """
    if not user.is_active or not user.is_staff:
        return rows.none()
    narrowed = _narrowing(user, rows.model)
    if narrowed is not None:
        rows = rows.filter(narrowed)
    paths = _paths_of(rows.model)
    if user.organisation_id is None or not paths:
        return rows
    theirs = models.Q()
    for path in paths:
        without = _only_without.get((rows.model, path))
        empty = models.Q(**{f"{without}__isnull": True}) if without else models.Q()
        theirs |= empty & models.Q(**{path: user.organisation_id})
    return rows.filter(theirs)


def sees_all(user: User) -> bool:
    """Whether `visible` leaves out nothing at all for this person."""
    return user.organisation_id is None and bound_to(user) is None


def _narrowing(user: User, model: type[models.Model]) -> models.Q | None:
    condition = _conditions.get(model)
    lists = bound_to(user) if condition is not None else None
    if condition is None or lists is None:
        return None
    besides = _besides.get(model)
    return condition(user, lists) | besides(user, lists) if besides else condition(user, lists)


def _is_theirs(user: User | AnonymousUser, row: models.Model) -> bool:
    if isinstance(user, AnonymousUser):
        return False
    narrowed = _narrowing(user, type(row)) if row.pk is not None else None
    if narrowed is not None and not type(row)._base_manager.filter(narrowed, pk=row.pk).exists():
        return False
    paths = _paths_of(type(row))
    if user.organisation_id is None or not paths:
        return True
    return any(_counts(row, path) and _end_of(row, path) == user.organisation_id for path in paths)


def _counts(row: models.Model, path: str) -> bool:
    without = _only_without.get((type(row), path))
    return without is None or getattr(row, f"{without}_id") is None


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


def names_its_organisation(model: type[models.Model]) -> bool:
    """Whether a row of `model` belongs to the organisation it names itself.

    Not where `belongs_through` says otherwise, as with a member of another's campaign, and not where the field of this
    name holds words that somebody typed.
    """
    fields = {field.name: field for field in model._meta.get_fields()}
    named = fields.get("organisation")
    return model not in _paths and named is not None and named.related_model is Organisation


def _paths_of(model: type[models.Model]) -> tuple[str, ...]:
    return ("organisation",) if names_its_organisation(model) else _paths.get(model, ())
