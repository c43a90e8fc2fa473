"""What exactly a check or an approval was about: another fingerprint is another mailing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from contacts.models import Segment
from mailer import theming
from mailer.models import Mailing

_SENDER = ("name", "address", "postal_address", "reply_to", "road")
_MAILING = (
    "language",
    "fallbacks",
    "mailing_list_id",
    "leave_out",
    "based_on_id",
    "relation",
    "track_clicks",
    "track_opens",
)
_THEME = ("logo_id", "logo_link", "accent", "ink", "paper", "ground", "headings", "footer", "profiles")
_TEXT = ("language", "subject", "preheader", "blocks", "plain")
_LISTS = ("include_lists", "exclude_lists")
_SEGMENTS = ("include_segments", "exclude_segments")


def fingerprint(mailing: Mailing) -> str:
    """SHA-256 over what is said, by whom, how it looks, and to whom it is meant, as the database has it now.

    The people themselves are not in it: they come and go by the minute. Neither is the day it starts.
    """
    now = Mailing.objects.select_related("sender", "organisation").get(pk=mailing.pk)
    said: dict[str, Any] = {
        "mailing": _fields(now, _MAILING),
        "sender": _fields(now.sender, _SENDER) if now.sender else None,
        "theme": _fields(theming.theme_of(now.organisation), _THEME),
        "texts": [_fields(text, _TEXT) for text in now.texts.order_by("language")],
        "lists": {name: _keys(now, name) for name in _LISTS},
        "segments": {name: _rules(now, name) for name in _SEGMENTS},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _fields(row: Any, names: tuple[str, ...]) -> list[Any]:
    return [getattr(row, name) for name in names]


def _keys(mailing: Mailing, name: str) -> list[int]:
    return list(getattr(mailing, name).order_by("pk").values_list("pk", flat=True))


def _rules(mailing: Mailing, name: str) -> list[Any]:
    """The segments with what they ask: one whose rule was changed means other people. Those inside it count too."""
    chosen = list(_keys(mailing, name))
    found: dict[int, Any] = {}
    while chosen:
        rows = Segment.objects.filter(pk__in=chosen).exclude(pk__in=found)
        found |= {row.pk: [row.rule, row.organisation_id] for row in rows}
        chosen = [key for row in rows for key in _used_in(row.rule) if key not in found]
    return sorted(found.items())


def _used_in(rule: Any) -> set[int]:
    """The keys of other segments that a rule tree names."""
    match rule:
        case {"field": "segment", "value": int(key)}:
            return {key}
        case dict():
            return set().union(*(_used_in(part) for part in rule.values()))
        case list():
            return set().union(*(_used_in(part) for part in rule))
    return set()
