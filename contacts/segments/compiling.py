"""From a rule tree to one query: every value a bound parameter, every name from the fixed list of `rules`.

Each "not" is pushed down to the rules first, so that PostgreSQL sees plain semi-joins and anti-joins; what an "any"
asks of one and the same table (or an "all" refuses of it) becomes one subquery.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import and_, or_
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Exists, Q, QuerySet
from django.utils.translation import gettext as _

from contacts.models import Contact, Segment
from contacts.segments.fields import SEGMENT
from contacts.segments.rules import Condition, Related
from contacts.segments.trees import Group, Not, Problem, Rule, RuleError, Tree, read, rules_in

MOST_SEGMENTS = 20  # that one query may use, counted as often as they are used
MOST_RULES = 500  # in one query, those of the segments it uses included

Source = Segment | Tree | dict[str, Any]

_NOBODY = Q(pk__in=[])


def queryset(of: Source) -> QuerySet[Contact]:
    """The contacts that match a segment, a tree that was read, or a tree as JSON; one query, in no order.

    A segment of an organisation holds contacts of that organisation only. Raises RuleError for a tree that cannot be
    read (one that names a list that is gone, too: it must not match more people than it was meant to), and for
    segments that use each other in a circle.
    """
    compiler = _Compiler()
    if isinstance(of, Segment):
        return Contact.objects.filter(compiler.segment(of, denied=False))
    return Contact.objects.filter(compiler.tree(read(of) if isinstance(of, dict) else of, denied=False))


def as_sql(of: Source) -> tuple[str, tuple[Any, ...]]:
    """The query for the members' keys, with its bound parameters, to stand in an INSERT … SELECT; its column is `id`."""
    try:
        sql, parameters = queryset(of).values("id").query.sql_with_params()
    except EmptyResultSet:  # nobody can match, whatever the data
        sql, parameters = Contact.objects.extra(where=["false"]).values("id").query.sql_with_params()
    return str(sql), tuple(parameters)


def check_use(tree: Tree, segment: Segment | None) -> None:
    """Raise RuleError if `tree` may not be the rule of `segment`: for a circle, or for too much in one query."""
    compiler = _Compiler()
    if segment is not None and segment.pk:
        compiler.inside.append(segment.pk)
    compiler.tree(tree, denied=False)


def users_of(segment: Segment) -> list[Segment]:
    """The other segments whose rules name this one."""
    others = Segment.objects.exclude(pk=segment.pk).order_by("name")
    return [other for other in others if segment.pk in _named_in(other.rule)]


def _named_in(data: Any) -> set[Any]:
    return {rule.get("value") for rule in rules_in(data) if rule.get("field") == SEGMENT}


class _Compiler:
    """One walk through a tree and the segments it uses. `inside`: the segments it stands in just now."""

    def __init__(self) -> None:
        self.inside: list[int] = []
        self.segments = 0
        self.rules = 0

    def tree(self, tree: Tree, *, denied: bool) -> Q:
        match tree:
            case Not(part):
                return self.tree(part, denied=not denied)
            case Group(any_of, parts):
                return self.group(parts, any_of=any_of is not denied, denied=denied)
            case Rule():
                return self.group((tree,), any_of=False, denied=denied)

    def group(self, parts: tuple[Tree, ...], *, any_of: bool, denied: bool) -> Q:
        found: list[Q] = []
        related: dict[str, Related] = {}
        for part, is_denied in _bare(parts, denied):
            asked = self.asked(part)
            if asked is None:
                found.append(self.deeper(part, denied=is_denied))
            elif isinstance(asked, Q):
                found.append(~asked if is_denied else asked)
            elif is_denied is any_of:  # "any of: on a list, not on another": these cannot share a subquery
                found.append(_exists(asked, denied=is_denied))
            else:
                same = related.get(asked.source)
                related[asked.source] = (
                    Related(asked.source, asked.rows, same.where | asked.where) if same else asked
                )
        found += [_exists(asked, denied=not any_of) for asked in related.values()]
        if not found:
            return _NOBODY if any_of else ~_NOBODY
        return reduce(or_ if any_of else and_, found)

    def asked(self, part: Tree) -> Condition | None:
        """What a rule asks; None for a group, and for another segment."""
        if not isinstance(part, Rule):
            return None
        self.rules += 1
        if self.rules > MOST_RULES:
            raise _wrong(_("These segments hold too many rules together."))
        return None if part.field.name == SEGMENT else part.question.compile(part.values)

    def deeper(self, part: Tree, *, denied: bool) -> Q:
        if not isinstance(part, Rule):
            return self.tree(part, denied=denied)
        segment = Segment.objects.filter(pk=part.values["value"]).first()
        if segment is None:
            raise _wrong(_("A segment that is used here is no longer there."))
        return self.segment(segment, denied=denied)

    def segment(self, segment: Segment, *, denied: bool) -> Q:
        """Who belongs to a segment, or who does not."""
        self.segments += 1
        if segment.pk in self.inside:
            raise _wrong(_("The segment “%(name)s” would use itself.") % {"name": segment.name})
        if self.segments > MOST_SEGMENTS:
            raise _wrong(_("Too many segments use each other here."))
        self.inside.append(segment.pk)
        found = self.tree(_tree_of(segment), denied=denied)
        self.inside.pop()
        if segment.organisation_id is None:
            return found
        theirs = Q(organisation=segment.organisation_id)
        return found | ~theirs if denied else found & theirs


def _bare(parts: tuple[Tree, ...], denied: bool) -> Iterator[tuple[Tree, bool]]:
    """The parts without the "not" before them, and whether each is denied."""
    for part in parts:
        is_denied = denied
        while isinstance(part, Not):
            part, is_denied = part.part, not is_denied
        yield part, is_denied


def _exists(asked: Related, *, denied: bool) -> Q:
    found = Exists(asked.rows.filter(asked.where))
    return Q(~found) if denied else Q(found)


def _tree_of(segment: Segment) -> Tree:
    try:
        return read(segment.rule)
    except RuleError as error:
        why = _("In the segment “%(name)s”: %(problem)s")
        raise RuleError(
            [Problem((), why % {"name": segment.name, "problem": problem}) for problem in error.problems]
        ) from error


def _wrong(message: str) -> RuleError:
    return RuleError([Problem((), message)])
