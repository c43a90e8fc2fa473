"""Values of the fields an organisation adds itself, by kind, ready for jsonb."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from contacts.imports.cleaning import dates, statuses
from contacts.imports.cleaning.people import Warn, clean_line, clean_text

TEXT = 100_000  # characters
TAG = 100  # characters of one tag
TAGS = 100  # of one person
TAGS_TEXT = 5_000  # characters of them all; the pattern is slow on a long row of quotes
OBJECT = 20_000  # characters of a JSON object
DEPTH = 5
KEYS = 100

_BLANKS = re.compile(r"[\s\u00a0\u202f']")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?\Z")
_QUOTED_TAGS = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=[,;|]|\Z)|([^,;|]+)')


def value_of(kind: str, text: str, order: str, warn: Warn) -> Any:
    """The value of a cell for an attribute of this kind; None, with a warning, for one that is not of the kind.

    Raises Rejected for a NUL and for text beyond the limit.
    """
    match kind:
        case "number":
            number = number_of(text)
            if number is None:
                warn("not_a_number")
            return number
        case "date":
            try:
                return dates.day_of(text, order).isoformat()
            except dates.Ambiguous:
                warn("ambiguous_date")
            except dates.NotADate:
                warn("not_a_date")
            return None
        case "yes_no":
            answer = statuses.yes_or_no(text)
            if answer is None:
                warn("not_yes_or_no")
            return answer
        case "tags":
            return tags_of(text, warn)
    return clean_text(text, TEXT, warn)


def number_of(text: str) -> int | float | None:
    """1234, 1 234.5, 1.234,5 or 1,234.5. None for no number and for 1,234, which half the world reads as 1.234."""
    if len(text) > 60:
        return None
    compact = _BLANKS.sub("", text)
    comma, dot = compact.rfind(","), compact.rfind(".")
    if comma >= 0 and dot >= 0:
        thousands = "," if dot > comma else "."
        compact = compact.replace(thousands, "").replace(",", ".")
    elif comma >= 0:
        if re.fullmatch(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+", compact):
            return None
        compact = compact.replace(",", ".")
    elif compact.count(".") > 1 and re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{3})+", compact):
        compact = compact.replace(".", "")
    if len(compact) > 30 or not _NUMBER.match(compact):
        return None
    try:
        exact = Decimal(compact)
    except InvalidOperation:
        return None
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < 10**18 else float(exact)


def tags_of(text: str, warn: Warn) -> list[str]:
    """Tags between commas, semicolons or bars, in quotes where they hold such a sign themselves; each once."""
    found: dict[str, None] = {}
    for quoted, plain in _QUOTED_TAGS.findall(text[:TAGS_TEXT]):
        tag = clean_line((quoted.replace('""', '"') or plain), TEXT, warn)
        if tag:
            found.setdefault(tag)
    tags = [tag for tag in found if len(tag) <= TAG]
    if len(tags) != len(found) or len(tags) > TAGS or len(text) > TAGS_TEXT:
        warn("too_many_tags")
    return tags[:TAGS]


def object_of(text: str, warn: Warn) -> dict[str, Any]:
    """The JSON object in a cell; empty, with a warning, for anything else. What jsonb cannot hold is left out."""
    try:
        found = json.loads(text) if len(text) <= OBJECT else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(found) > KEYS:
        warn("broken_attributes")
        return {}
    lost: list[str] = []
    kept = _storable(found, DEPTH, lost.append)
    if lost:
        warn("broken_attributes")
    return dict(kept)


def _storable(value: Any, depth: int, lose: Warn) -> Any:
    match value:
        case dict() if depth:
            pairs = (
                (_storable(key, 1, lose), _storable(each, depth - 1, lose)) for key, each in value.items()
            )
            return {key: each for key, each in pairs if key and each is not None}
        case list() if depth:
            return [each for each in (_storable(each, depth - 1, lose) for each in value) if each is not None]
        case str():
            if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
                lose("text")
                return None
            return value
        case bool() | None:
            return value
        case int() if abs(value) < 10**18:
            return value
        case float() if math.isfinite(value):
            return value
    lose("value")
    return None
