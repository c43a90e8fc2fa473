"""The merge fields of mailings: a closed list, where they may stand, and the value of each for one person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from contacts.models import Attribute
from contacts.naming import countries, language_name
from mailer.composing import fields_in

FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*(?:\|([^{}|]*))?\}\}")
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{\{|\}\}", re.DOTALL)
# What the door fills in, one secret for each person.
SLOTS = ("unsubscribe_link", "preferences_link", "web_link")
SLOT = re.compile(r"\{\{\s*(" + "|".join(SLOTS) + r")\s*\}\}")
# The same value, made to stand within the address of a link: see `in_address`.
IN_ADDRESS = "url_"
MOST_CHARACTERS = 200

_OWN = {
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "name": gettext_lazy("name"),
    "country": gettext_lazy("country"),
    "language": gettext_lazy("language"),
}


@dataclass(frozen=True, slots=True)
class MergeField:
    """One field as the editor offers it: `written` is what is put into the text."""

    name: str
    label: str
    written: str


def offered() -> list[MergeField]:
    """Every field an author may use, named in the reader's language."""
    found = [MergeField(name, str(label), f"{{{{ {name} }}}}") for name, label in _OWN.items()]
    for key, label in Attribute.objects.order_by("name").values_list("key", "name"):
        found.append(MergeField(f"attribute_{key}", label, f"{{{{ attribute_{key} }}}}"))
    return found


def names() -> frozenset[str]:
    """The names an author may use: one query."""
    keys = Attribute.objects.values_list("key", flat=True)
    return frozenset([*_OWN, *(f"attribute_{key}" for key in keys)])


def problems(text: str, known: Collection[str], *, slots: bool = False) -> list[str]:
    """What is wrong with the braces in a text, in the reader's words; slots: those of the door may stand here, too."""
    allowed = {*known, *SLOTS} if slots else known
    found = []
    for match in _BRACES.finditer(text):
        field = FIELD.fullmatch(match[0])
        if field is None:
            found.append(gettext("%(written)s is no merge field.") % {"written": match[0][:60]})
        elif field[1] not in allowed:
            found.append(gettext("There is no merge field of the name %(name)s.") % {"name": field[1][:60]})
        elif field[2] and any(sign in field[2] for sign in '<>&"'):
            found.append(
                gettext("What stands in for %(name)s may not hold < > & or quotes.") % {"name": field[1]}
            )
    return list(dict.fromkeys(found))


def check(text: str, known: Collection[str], *, slots: bool = False) -> None:
    """Raise ValidationError naming everything that `problems` finds."""
    if found := problems(text, known, slots=slots):
        raise ValidationError([ValidationError(one, code="unknown_field") for one in found])


def as_typed(html: str) -> str:
    """HTML whose fields stand as they were typed: escaping has made an apostrophe of a fallback into an entity.

    No fallback holds a sign that could end a tag or an attribute in double quotes (`problems`).
    """
    return FIELD.sub(lambda match: match[0].replace("&#x27;", "'").replace("&#39;", "'"), html)


def in_address(url: str) -> str:
    """A link's address whose fields are filled with percent-encoded values: `{{ name | x }}` as `{{ url_name | x }}`."""

    def encoded(match: re.Match[str]) -> str:
        if match[1] in SLOTS or match[1].startswith(IN_ADDRESS):
            return match[0]
        fallback = f" | {quote(match[2].strip(), safe='')}" if (match[2] or "").strip() else ""
        return f"{{{{ {IN_ADDRESS}{match[1]}{fallback} }}}}"

    return FIELD.sub(encoded, url)


def used(texts: Iterable[str]) -> frozenset[str]:
    """The names of the fields in some texts, those of the door left out."""
    return frozenset().union(*(fields_in(text) for text in texts)) - frozenset(SLOTS)


# --- for one person ----------------------------------------------------------------------------------------

# The columns of Contact that a reader of values needs.
COLUMNS = ("first_name", "last_name", "name", "country", "language", "attributes")


def columns_of(wanted: Collection[str]) -> tuple[str, ...]:
    """Those of COLUMNS that a `reader` of these fields looks at."""
    plain = {name.removeprefix(IN_ADDRESS) for name in wanted}
    needed = plain | ({"first_name", "last_name"} if "name" in plain else set())
    if any(name.startswith("attribute_") for name in plain):
        needed.add("attributes")
    return tuple(name for name in COLUMNS if name in needed)


Person = Mapping[str, Any]
_Getter = Callable[[Person], str]


def values(person: Person, wanted: Collection[str], language: str) -> dict[str, str]:
    """The value of each wanted field for one person; for many people, make one `reader`."""
    return reader(wanted, language)(person)


def reader(wanted: Collection[str], language: str) -> Callable[[Person], dict[str, str]]:
    """What gives the value of each wanted field for a person (COLUMNS of a contact), "" where we know nothing.

    language: of the mail, for the names of countries and languages. A value is one line without control characters, at
    most 200 characters long; `url_…` is percent-encoded. Names outside the list, such as the door's, are left out.
    """
    getters = [(name, get) for name in wanted if (get := _getter(name, language))]

    def read(person: Person) -> dict[str, str]:
        return {name: get(person) for name, get in getters}

    return read


def _getter(name: str, language: str) -> _Getter | None:
    if name.startswith(IN_ADDRESS):
        plain = _getter(name.removeprefix(IN_ADDRESS), language)
        return (lambda person: quote(plain(person), safe="")) if plain else None
    match name:
        case "first_name" | "last_name":
            return lambda person: one_line(person[name])
        case "name":
            return lambda person: one_line(person["name"] or f"{person['first_name']} {person['last_name']}")
        case "country":
            named = dict(countries(language))
            return lambda person: named.get(person["country"], one_line(person["country"]))
        case "language":
            spoken = lru_cache(maxsize=100)(lambda code: one_line(language_name(code, language)))
            return lambda person: str(spoken(person["language"])) if person["language"] else ""
    if name.startswith("attribute_"):
        key = name.removeprefix("attribute_")
        with translation.override(language):
            yes_no = (gettext("no"), gettext("yes"))
        return lambda person: one_line(_said((person["attributes"] or {}).get(key), yes_no))
    return None


def _said(value: Any, yes_no: tuple[str, str]) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return yes_no[value]
        case list():
            return ", ".join(str(one) for one in value)
    return str(value)


def one_line(text: str) -> str:
    """A text as it may stand in a header or a sentence: one line, nothing invisible but joiners, 200 characters."""
    if text.isascii() and text.isprintable() and len(text) <= MOST_CHARACTERS:
        return text.strip()
    shown = "".join(sign if _is_shown(sign) else " " for sign in text[: 4 * MOST_CHARACTERS])
    return " ".join(shown.split())[:MOST_CHARACTERS].rstrip()


def _is_shown(sign: str) -> bool:
    return sign in "\u200c\u200d" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
