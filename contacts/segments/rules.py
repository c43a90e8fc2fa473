"""What a segment's rules may ask: the fields, the questions about each, and the values those take.

Each app registers a source of fields when it starts; the names of fields and questions come from here and from
nowhere else, so that nothing a person types ever becomes a name in a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import bound_to
from contacts.segments.inputs import Input

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Related:
    """Rows of another table that belong to a contact: true of whoever has one for which `where` holds.

    `rows` names the contact by an OuterRef. Several of one `source` in an "any" become one subquery.
    """

    source: str
    rows: QuerySet[Any]
    where: Q


# A question about the contact's own row, never null; or about rows that belong to it.
Condition = Q | Related


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that can be asked about a field.

    name: the word in the rule's "is". says, says_not: the rule in words with the inputs' names as placeholders, e.g.
    "on %(list)s". A rule with one input holds its bare value, one with several an object by name.
    """

    name: str
    says: Any
    says_not: Any
    compile: Callable[[Values], Condition]
    inputs: Sequence[Input] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """Something that is known of people, with the questions that can be asked about it.

    of_any_list: what is known came of any list, and would tell whoever is bound to some lists of the others.
    """

    name: str
    label: Any
    group: Any
    questions: Sequence[Question]
    help: Any = ""
    of_any_list: bool = False
    by_name: Mapping[str, Question] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {question.name: question for question in self.questions})


Source = Callable[[], Iterable[Field]]
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add the fields of an app under a name such as "mailer". `source` is asked anew for each tree. Safe to repeat."""
    _sources[name] = source


def fields(user: User | None = None) -> dict[str, Field]:
    """Every field by its name, in the order they are offered; with `user`, those whose rules they may write."""
    is_bound = user is not None and bound_to(user) is not None
    return {one.name: one for one in _all() if not (is_bound and one.of_any_list)}


def _all() -> Iterator[Field]:
    for source in _sources.values():
        yield from source()
