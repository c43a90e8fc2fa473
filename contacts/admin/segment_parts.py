"""The parts of a segment's form as its template shows them: options, inputs and what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accounts.models import User
from contacts.segments.editing import HOW, NOT, Draft, Fields
from contacts.segments.inputs import Choice, Input, Row
from contacts.segments.rules import Field
from contacts.segments.trees import Problem

_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ShownInput:
    id: str
    kind: str
    label: str
    is_optional: bool
    text: str
    options: Sequence[Option]
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A group or a rule. `problems` are those of the part as a whole; an input has its own."""

    number: int
    is_group: bool
    parts: Sequence[ShownPart] = ()
    how: Sequence[Option] = ()
    fields: Sequence[tuple[str, Sequence[Option]]] = ()
    questions: Sequence[Option] = ()
    inputs: Sequence[ShownInput] = ()
    help: str = ""
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the summary of what is wrong, with the part it leads to."""

    number: int
    message: str


def listed(draft: Draft, problems: Sequence[Problem]) -> list[Listed]:
    """Every problem in the order of the form; those of no part, such as a circle, lead to the whole."""
    found = [Listed(part.number, one.message) for part in draft.all_parts() for one in part.problems]
    return found or [Listed(0, one.message) for one in problems]


def shown(draft: Draft, fields: Fields, user: User) -> ShownPart:
    """The draft with everything its form needs. The rows of a table are asked for once."""
    return _Form(fields, user).part(draft)


class _Form:
    def __init__(self, fields: Fields, user: User) -> None:
        self.known = fields
        self.user = user
        self.rows: dict[Input, list[tuple[str, str]]] = {}

    def part(self, draft: Draft) -> ShownPart:
        whole = [one.message for one in draft.problems if not one.input]
        if draft.is_group:
            return ShownPart(
                draft.number,
                is_group=True,
                parts=[self.part(one) for one in draft.parts],
                how=[Option(value, str(label), value == draft.how) for value, label in HOW.items()],
                problems=whole,
            )
        field = self.known.get(draft.field_name)
        return ShownPart(
            draft.number,
            is_group=False,
            fields=self.fields(draft.field_name),
            questions=list(_questions(field, draft.asked)) if field else [],
            inputs=list(self.inputs(field, draft)) if field else [],
            help=str(field.help) if field else "",
            problems=whole,
        )

    def fields(self, chosen: str) -> list[tuple[str, list[Option]]]:
        groups: dict[str, list[Option]] = defaultdict(list)
        for one in self.known.values():
            groups[str(one.group)].append(Option(one.name, str(one.label), one.name == chosen))
        return list(groups.items())

    def inputs(self, field: Field, draft: Draft) -> Iterator[ShownInput]:
        question = field.by_name.get(draft.asked.removeprefix(NOT))
        for one in question.inputs if question else []:
            typed = draft.values.get(one.name, [])
            yield ShownInput(
                id=f"value-{draft.number}-{one.name}",
                kind=one.kind,
                label=str(one.label or field.label),
                is_optional=not one.is_required(self.user),
                text=typed[0] if typed else "",
                options=[Option(value, label, value in typed) for value, label in self.options(one)],
                problems=[problem.message for problem in draft.problems if problem.input == one.name],
            )

    def options(self, one: Input) -> list[tuple[str, str]]:
        if isinstance(one, Choice):
            return [(value, str(label)) for value, label in one.options()]
        if not isinstance(one, Row):
            return []
        if one not in self.rows:
            self.rows[one] = [(str(row.pk), one.name_of(row)) for row in one.offered(self.user)[:_MOST_ROWS]]
        return self.rows[one]


def _questions(field: Field, asked: str) -> Iterator[Option]:
    """Each question and its opposite, with dots for the values."""
    dots: dict[str, str] = defaultdict(lambda: "…")
    for question in field.questions:
        for value, says in ((question.name, question.says), (NOT + question.name, question.says_not)):
            yield Option(value, str(says) % dots, value == asked)
