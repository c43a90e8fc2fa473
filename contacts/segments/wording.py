"""A rule tree in a sentence of the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from django.utils.translation import get_language, gettext

from contacts.segments.trees import Group, Not, Rule, Tree


def sentence(tree: Tree) -> str:
    """What a tree means: “on News and in Kenya, but not in the segment Board”."""
    return _say(tree, inside=False)


def joined(parts: Sequence[str], how: str) -> str:
    """“a, b and c”, or with `how` = "or" “a, b or c”, as the reader's language does it."""
    style = "or" if how == "or" else "standard"
    return format_list(list(parts), style=style, locale=_locale())  # type: ignore[arg-type]


def rule(rule: Rule, *, denied: bool = False) -> str:
    """One rule in words, or its opposite."""
    question = rule.question
    says = question.says_not if denied else question.says
    shown = {one.name: one.show(rule.values[one.name]) for one in question.inputs if one.required}
    words = [str(says) % shown]
    words += [
        str(one.says) % {"value": one.show(rule.values[one.name])}
        for one in question.inputs
        if not one.required and rule.values[one.name] is not None
    ]
    said = " ".join(words)
    return f"{rule.field.label}: {said}" if rule.field.name.startswith("attribute:") else said


def _say(tree: Tree, *, inside: bool) -> str:
    match tree:
        case Rule():
            return rule(tree)
        case Not(Rule() as part):
            return rule(part, denied=True)
        case Not(part):
            return gettext("not %(what)s") % {"what": _in_brackets(_say(part, inside=True), part)}
        case Group(any_of, parts):
            return _say_group(any_of, parts, inside)


def _say_group(any_of: bool, parts: tuple[Tree, ...], inside: bool) -> str:
    if not parts:
        return gettext("everybody")
    if len(parts) == 1:
        return _say(parts[0], inside=inside)
    refused = [] if any_of else [part.part for part in parts if _refuses_a_group(part)]
    said = [_say(part, inside=True) for part in parts if any_of or not _refuses_a_group(part)]
    words = joined(said, "or" if any_of else "and") if said else gettext("everybody")
    for part in refused:
        those = _in_brackets(_say(part, inside=True), part)
        words = gettext("%(these)s, but not %(those)s") % {"these": words, "those": those}
    return f"({words})" if inside else words


def _refuses_a_group(part: Tree) -> TypeGuard[Not]:
    return isinstance(part, Not) and isinstance(part.part, Group)


def _in_brackets(words: str, tree: Tree) -> str:
    return words if words.startswith("(") or isinstance(tree, Rule) else f"({words})"


def _locale() -> Locale:
    try:
        return Locale.parse(get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
