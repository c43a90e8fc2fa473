"""A rule tree, read and checked: bounded, every name known, every value of its kind.

As JSON a tree is `{"all": [...]}`, `{"any": [...]}`, `{"not": {...}}` or a rule, `{"field": …, "is": …, "value": …}`.
An empty "all" is everybody. A place in it is the way down from the root: (0, 2) is the third part of the first part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts.segments import rules
from contacts.segments.rules import Field, Question

MOST_DEPTH = 8
MOST_RULES = 100

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One question about one field, with its values by name."""

    field: Field
    question: Question
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """All of its parts, or (`any_of`) at least one of them."""

    any_of: bool
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Tree


Tree = Rule | Group | Not


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where. `input` is the name of the value at fault, or empty for the rule as a whole."""

    place: Place
    message: str
    input: str = ""

    def __str__(self) -> str:
        where = ".".join(str(number + 1) for number in self.place)
        return f"{gettext('Rule %(place)s:') % {'place': where}} {self.message}" if where else self.message


class RuleError(ValueError):
    """A tree that cannot be read. `problems` names every place, in the reader's language."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def read(data: Any, user: User | None = None, fields: Mapping[str, Field] | None = None) -> Tree:
    """The tree in `data`. Raises RuleError with everything that is wrong with it.

    With `user`, only rules they may write are known, and of lists, imports and other rows those that they may see.
    `fields`, which are those of `user`, spares asking for them again.
    """
    reader = _Reader(user, rules.fields(user) if fields is None else fields)
    tree = reader.node(data, ())
    if reader.problems or tree is None:
        raise RuleError(reader.problems)
    return tree


class _Reader:
    def __init__(self, user: User | None, fields: Mapping[str, Field]) -> None:
        self.user = user
        self.fields = fields
        self.problems: list[Problem] = []
        self.rules = 0

    def wrong(self, place: Place, message: Any, name: str = "") -> Any:
        """Keep a problem. Gives None, which stands for what could not be read."""
        self.problems.append(Problem(place, str(message), name))
        return None

    def node(self, data: Any, place: Place, depth: int = 1) -> Tree | None:
        if depth > MOST_DEPTH:
            return self.wrong(
                place, gettext("Groups may stand in each other %(most)d deep.") % {"most": MOST_DEPTH}
            )
        match data:
            case {"all": list(parts)} if len(data) == 1:
                return self.group(parts, place, depth, any_of=False)
            case {"any": list(parts)} if len(data) == 1:
                return self.group(parts, place, depth, any_of=True)
            case {"not": part} if len(data) == 1:
                found = self.node(part, (*place, 0), depth + 1)
                return Not(found) if found is not None else None
            case {"field": str(), "is": str()} if set(data) <= {"field", "is", "value"}:
                return self.rule(data, place)
        return self.wrong(place, _("This is neither a rule nor a group of rules."))

    def group(self, parts: list[Any], place: Place, depth: int, *, any_of: bool) -> Group | None:
        if any_of and not parts:
            return self.wrong(place, _("A group of which one rule must hold needs at least one."))
        if len(parts) > MOST_RULES:
            return self.too_many(place)
        found = [self.node(part, (*place, number), depth + 1) for number, part in enumerate(parts)]
        return Group(any_of, tuple(part for part in found if part is not None))

    def rule(self, data: dict[str, Any], place: Place) -> Rule | None:
        self.rules += 1
        if self.rules > MOST_RULES:
            return self.too_many(place) if self.rules == MOST_RULES + 1 else None
        field = self.fields.get(data["field"])
        if field is None:
            return self.wrong(place, _("Nothing of this name is known of people: %s") % data["field"][:60])
        question = field.by_name.get(data["is"])
        if question is None:
            return self.wrong(place, _("This cannot be asked here: %s") % data["is"][:60])
        values = self.values(question, data.get("value"), place)
        return Rule(field, question, values) if values is not None else None

    def values(self, question: Question, raw: Any, place: Place) -> dict[str, Any] | None:
        if len(question.inputs) == 1:
            given: Any = {question.inputs[0].name: raw}
        else:
            given = {} if raw is None else raw
        if not isinstance(given, dict) or set(given) - {one.name for one in question.inputs}:
            return self.wrong(place, _("The values do not belong to this rule."))
        found, before = {}, len(self.problems)
        for one in question.inputs:
            try:
                found[one.name] = one.clean(given.get(one.name), self.user)
            except ValidationError as error:
                self.wrong(place, " ".join(error.messages), one.name)
        return found if len(self.problems) == before else None

    def too_many(self, place: Place) -> Any:
        return self.wrong(place, gettext("A segment may hold %(most)d rules.") % {"most": MOST_RULES})


def as_json(tree: Tree) -> dict[str, Any]:
    """The tree as it is stored; `read` of it gives the same tree."""
    match tree:
        case Group(any_of, parts):
            return {"any" if any_of else "all": [as_json(part) for part in parts]}
        case Not(part):
            return {"not": as_json(part)}
        case Rule(field, question, values):
            found: dict[str, Any] = {"field": field.name, "is": question.name}
            if len(question.inputs) == 1:
                found["value"] = values[question.inputs[0].name]
            elif question.inputs:
                found["value"] = {name: value for name, value in values.items() if value is not None}
            return found


def rules_in(data: Any) -> Iterator[dict[str, Any]]:
    """Every rule of a stored tree, however deep, without a look at what it says. Bounded like `read`."""
    todo = [(data, 1)]
    while todo:
        node, depth = todo.pop()
        if not isinstance(node, dict) or depth > MOST_DEPTH:
            continue
        if "field" in node:
            yield node
        for parts in (node.get("all"), node.get("any"), [node.get("not")]):
            todo += [(part, depth + 1) for part in parts or []] if isinstance(parts, list) else []
