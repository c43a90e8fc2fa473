"""Finding the rows of one address without searching through stored text."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from contacts import addresses

M = TypeVar("M", bound=models.Model)

_MAX_KEY = 2**63 - 1


def by_address(rows: models.QuerySet[M], term: str, *, field: str = "address_hash") -> models.QuerySet[M]:
    """The rows whose `field` is the keyed hash of exactly the address typed; all of them for an empty term.

    A number finds the row with that key. A part of an address finds nothing: it would show people nobody asked for.
    """
    term = term.strip()
    if not term:
        return rows
    if term.isdecimal():
        return rows.filter(pk=int(term)) if int(term) <= _MAX_KEY else rows.none()
    try:
        return rows.filter(**{field: addresses.parse(term).hash})
    except ValidationError:
        return rows.none()


def by_address_or_name(
    rows: models.QuerySet[M], term: str, *names: str, field: str = "address_hash"
) -> models.QuerySet[M]:
    """As `by_address`; a term that is no address and no number is looked for in the fields `names`."""
    term = term.strip()
    if not term or "@" in term or term.isdecimal():
        return by_address(rows, term, field=field)
    wanted = models.Q()
    for name in names:
        wanted |= models.Q(**{f"{name}__icontains": term})
    return rows.filter(wanted)
