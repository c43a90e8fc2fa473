"""The fields of a person as people read them: names of fields, of countries and languages, and values."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from contacts.imports import words
from contacts.imports.cleaning import attributes
from contacts.imports.cleaning.words import Rejected
from contacts.models import Attribute

ATTRIBUTE = "attribute:"  # before the key, where an attribute stands among fields

_LABELS = {
    "paused_until": _("wants no newsletter until"),
    "subscription": _("subscription"),
    "attributes": _("attributes"),
}
_REFUSED = {
    "not_a_number": _("Please enter a number, such as 1250 or 12.5."),
    "not_a_date": _("Please enter a date as year-month-day, such as 2026-05-31."),
    "ambiguous_date": _("Please enter a date as year-month-day, such as 2026-05-31."),
    "not_yes_or_no": _("Please choose yes or no."),
    "too_many_tags": _("At most 100 words of at most 100 letters each."),
}
_NO_COUNTRIES = {"EU", "UN", "EZ", "ZZ", "QO", "XA", "XB"}


def field_label(name: str, names: dict[str, str] | None = None) -> str:
    """What a field is called; an attribute by the name in `names`, else by its key."""
    if name.startswith(ATTRIBUTE) and names and (own := names.get(name.removeprefix(ATTRIBUTE))):
        return own
    return str(_LABELS[name]) if name in _LABELS else words.field_label(name)


def shown(value: Any) -> str:
    """A stored value as text. "" for nothing."""
    match value:
        case None:
            return ""
        case bool():
            return gettext("yes") if value else gettext("no")
        case list() if all(isinstance(each, str) for each in value):
            return ", ".join(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def attribute_names() -> dict[str, str]:
    """Name by key, of every attribute there is."""
    return dict(Attribute.objects.values_list("key", "name"))


def attribute_value(kind: str, text: str) -> Any:
    """What staff typed for an attribute of this kind, by the rules of the import; None for nothing.

    Raises ValidationError for what an import would leave out with a warning.
    """
    warnings: list[str] = []
    try:
        value = attributes.value_of(kind, text, "", warnings.append) if text.strip() else None
    except Rejected as rejected:
        raise ValidationError(words.reason_text(rejected.reason)) from rejected
    refused = next((word for word in warnings if word in _REFUSED), None)
    if refused:
        raise ValidationError(_REFUSED[refused], code=refused)
    return value


def country_name(code: str) -> str:
    """The country's name in the language of who looks; the code itself where Babel knows none."""
    return dict(countries()).get(code, code)


def language_name(tag: str) -> str:
    return dict(languages()).get(tag, tag)


def countries() -> tuple[tuple[str, str], ...]:
    """(code, name) of every country, in the order of the names in the reader's language."""
    return _names("territories", get_language() or "en")


def languages() -> tuple[tuple[str, str], ...]:
    """(tag, name) of every language with a code of two letters, in the order of their names."""
    return _names("languages", get_language() or "en")


@lru_cache(maxsize=20)
def _names(part: str, reader: str) -> tuple[tuple[str, str], ...]:
    try:
        found = getattr(Locale.parse(reader, sep="-"), part)
    except (UnknownLocaleError, ValueError):
        found = getattr(Locale("en"), part)
    known = [(str(code), str(name)) for code, name in found.items()]
    kept = [
        (code, name)
        for code, name in known
        if len(code) == 2 and code not in _NO_COUNTRIES and code.isalpha()
    ]
    return tuple(sorted(kept, key=lambda pair: pair[1].casefold()))
