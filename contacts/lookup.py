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
