"""Which segments a person who is bound to some lists may see: those whose rules name nothing that is hidden from them.

A rule that names another list would tell, by its count, who of one's own people stands on it. So would one that asks
about every list or every campaign, by naming none: about the newsletters somebody was sent, or any consent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db import models

from accounts.models import User
from accounts.permissions import visible
from contacts.models import Segment
from contacts.segments import rules
from contacts.segments.fields import SEGMENT
from contacts.segments.inputs import Row
from contacts.segments.rules import Field
from contacts.segments.trees import rules_in

_Named = set[tuple[type[models.Model], int]]


def seen_by(user: User) -> set[int]:
    """The ids of the segments whose rules, and those of the segments they use, name only rows the person sees.

    One query for the segments and one for each kind of row they name. A rule that cannot be read, or that asks about
    every row of a kind, hides its segment.
    """
    fields = rules.fields()
    named = {pk: _named_in(rule, fields) for pk, rule in Segment.objects.values_list("pk", "rule")}
    seen = _rows_seen(user, named)
    found = {pk for pk, rows in named.items() if rows is not None}
    while hidden := {pk for pk in found if not _is_open(named[pk] or set(), seen, found)}:
        found -= hidden
    return found


def used_by(segment: Segment) -> set[int]:
    """The ids of a segment and of all that its rules use, however deep."""
    rules_of = dict(Segment.objects.values_list("pk", "rule"))
    found, todo = set(), [segment.pk]
    while todo:
        pk = todo.pop()
        if pk not in found:
            found.add(pk)
            named = (rule.get("value") for rule in rules_in(rules_of.get(pk)) if rule.get("field") == SEGMENT)
            todo += [one for one in named if isinstance(one, int)]
    return found


def _rows_seen(user: User, named: Mapping[int, _Named | None]) -> _Named:
    asked: dict[type[models.Model], set[int]] = defaultdict(set)
    for rows in named.values():
        for model, pk in rows or ():
            if model is not Segment:
                asked[model].add(pk)
    return {
        (model, pk)
        for model, pks in asked.items()
        for pk in visible(user, model._default_manager.filter(pk__in=pks)).values_list("pk", flat=True)
    }


def _is_open(rows: _Named, seen: _Named, segments: set[int]) -> bool:
    return all(pk in segments if model is Segment else (model, pk) in seen for model, pk in rows)


def _named_in(tree: Any, fields: Mapping[str, Field]) -> _Named | None:
    """The rows that the rules of a stored tree name; None where one cannot be read, or asks about every row."""
    found: _Named = set()
    for rule in rules_in(tree):
        field = fields.get(rule.get("field", ""))
        question = field.by_name.get(rule.get("is", "")) if field else None
        if field is None or question is None or field.of_any_list:
            return None
        value = rule.get("value")
        given = {question.inputs[0].name: value} if len(question.inputs) == 1 else value or {}
        for one in question.inputs:
            key = given.get(one.name) if isinstance(given, dict) else None
            if isinstance(one, Row):
                if not isinstance(key, int):
                    return None
                found.add((one.rows().model, key))
    return found
