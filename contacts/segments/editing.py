"""A rule tree while a person writes it: from what is stored or posted to what a form shows, and back.

A draft keeps everything typed, however wrong. In the form every part has a number of its own; the parts of a group
name it as their parent, and stand in the order in which they are posted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import key_in
from accounts.models import User
from contacts.segments import trees
from contacts.segments.inputs import Input
from contacts.segments.rules import Field, Question
from contacts.segments.trees import MOST_DEPTH, MOST_RULES, Place, Problem, RuleError, Tree

MOST_PARTS = 3 * MOST_RULES
NOT = "not:"
Fields = Mapping[str, Field]

# How a group asks for its parts, and the tree that says so.
HOW = {
    "all": _("all of these hold"),
    "any": _("at least one of these holds"),
    "none": _("none of these holds"),
    "not_all": _("not all of these hold"),
}


@dataclass(slots=True)
class Draft:
    """A part of the tree in a form: a group, with `how` and `parts`, or a rule.

    asked: the question's name, behind "not:" for its opposite. values: what was typed, by the input's name.
    """

    number: int
    how: str = ""
    parts: list[Draft] = field(default_factory=list)
    field_name: str = ""
    asked: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_group(self) -> bool:
        return bool(self.how)

    def all_parts(self) -> Iterator[Draft]:
        """The draft itself and everything in it, in the order of the form."""
        yield self
        for part in self.parts:
            yield from part.all_parts()


# --- from what is stored


def from_json(data: Any, fields: Fields) -> Draft:
    """The draft of a stored tree; what cannot be read in it becomes a rule to be chosen anew."""
    found = _from_node(data, fields, denied=False, depth=1)
    root = found if found.is_group else Draft(0, "all", [found])
    return _numbered(root)


def blank() -> Draft:
    """The draft of a new segment: one rule to be chosen."""
    return _numbered(Draft(0, "all", [Draft(0)]))


def _from_node(data: Any, fields: Fields, *, denied: bool, depth: int) -> Draft:
    match data:
        case {"not": part}:
            return _from_node(part, fields, denied=not denied, depth=depth)
        case {"all": list(parts)} if depth <= MOST_DEPTH:
            how = "not_all" if denied else "all"
        case {"any": list(parts)} if depth <= MOST_DEPTH:
            how = "none" if denied else "any"
        case {"field": str(name), "is": str(asked)}:
            values = _typed(_question(name, asked, fields), data.get("value"))
            return Draft(0, field_name=name, asked=NOT * denied + asked, values=values)
        case _:
            return Draft(0)
    return Draft(
        0, how, [_from_node(part, fields, denied=False, depth=depth + 1) for part in parts[:MOST_RULES]]
    )


def _typed(question: Question | None, value: Any) -> dict[str, list[str]]:
    """The stored value as it would have been typed."""
    if question is None or value is None:
        return {}
    given = {question.inputs[0].name: value} if len(question.inputs) == 1 else value
    if not isinstance(given, Mapping):
        return {}
    found = {}
    for one in question.inputs:
        raw = given.get(one.name)
        if isinstance(raw, list):
            found[one.name] = [str(part) for part in raw] if one.kind == "choices" else [", ".join(raw)]
        elif raw is not None:
            found[one.name] = [str(raw)]
    return found


def _numbered(root: Draft) -> Draft:
    for number, part in enumerate(root.all_parts()):
        part.number = number
    return root


# --- from what is posted


def from_post(posted: QueryDict) -> Draft:
    """The draft as the form has it. What no form of ours could have sent is left out."""
    root = Draft(0, _how(posted.get("how-0", "")))
    known = {0: root}
    for text in posted.getlist("part")[:MOST_PARTS]:
        number, parent = key_in(text), known.get(key_in(posted.get(f"in-{text}", "")) or 0)
        if number is None or number in known or parent is None or not parent.is_group:
            continue
        known[number] = part = _posted_part(posted, number)
        parent.parts.append(part)
    return root


def _posted_part(posted: QueryDict, number: int) -> Draft:
    if f"how-{number}" in posted:
        return Draft(number, _how(posted.get(f"how-{number}", "")))
    name, asked = posted.get(f"field-{number}", ""), posted.get(f"asked-{number}", "")
    start = f"value-{number}-"
    values = {key.removeprefix(start): posted.getlist(key) for key in posted if key.startswith(start)}
    return Draft(number, field_name=name, asked=asked, values=values)


def _how(text: str) -> str:
    return text if text in HOW else "all"


def act(root: Draft, asked: str) -> int | None:
    """Do what a button of the form says: "rule:3", "group:3", "remove:3". Returns the number of a new part."""
    what, _colon, text = asked.partition(":")
    target = key_in(text)
    for group in list(root.all_parts()):
        if what == "remove":
            group.parts = [part for part in group.parts if part.number != target]
        elif group.number == target and group.is_group and what in {"rule", "group"}:
            number = max(part.number for part in root.all_parts()) + 1
            new = Draft(number) if what == "rule" else Draft(number, "any", [Draft(number + 1)])
            group.parts.append(new)
            return number if what == "rule" else number + 1
    return None


def settle(root: Draft, fields: Fields) -> None:
    """After another field was chosen: take its first question where the old one is not asked of it."""
    for part in root.all_parts():
        chosen = fields.get(part.field_name)
        if chosen is not None and part.asked.removeprefix(NOT) not in chosen.by_name:
            part.asked, part.values = chosen.questions[0].name, {}


# --- to a tree


def read(root: Draft, user: User | None, fields: Fields) -> Tree:
    """The tree the draft says. Raises RuleError; each problem then also stands in its part."""
    places: dict[Place, Draft] = {}
    data = _to_json(root, (), places, fields)
    try:
        return trees.read(data, user, fields)
    except RuleError as error:
        for problem in error.problems:
            part = places.get(problem.place)
            if part is not None:
                part.problems.append(_kinder(problem, part))
        raise


def _kinder(problem: Problem, part: Draft) -> Problem:
    if not part.is_group and not part.field_name:
        return Problem(problem.place, gettext("Please choose what this rule is about, or remove it."))
    return problem


def _to_json(part: Draft, place: Place, places: dict[Place, Draft], fields: Fields) -> dict[str, Any]:
    denied = part.how in {"none", "not_all"} or part.asked.startswith(NOT)
    inner = (*place, 0) if denied else place
    places[place] = places[inner] = part
    if part.is_group:
        found: dict[str, Any] = {
            "any" if part.how in {"any", "none"} else "all": [
                _to_json(one, (*inner, number), places, fields) for number, one in enumerate(part.parts)
            ]
        }
    else:
        asked = part.asked.removeprefix(NOT)
        found = {"field": part.field_name, "is": asked}
        question = _question(part.field_name, asked, fields)
        if question is not None and question.inputs:
            values = {one.name: _raw(one, part) for one in question.inputs}
            found["value"] = values[question.inputs[0].name] if len(values) == 1 else values
    return {"not": found} if denied else found


def _raw(one: Input, part: Draft) -> Any:
    typed = part.values.get(one.name, [])
    return [text for text in typed if text] if one.kind == "choices" else (typed[0] if typed else None)


def _question(field_name: str, asked: str, fields: Fields) -> Question | None:
    found = fields.get(field_name)
    return found.by_name.get(asked) if found is not None else None
