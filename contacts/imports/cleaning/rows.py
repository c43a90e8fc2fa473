"""A row of a spreadsheet by a plan: cleaned, or rejected with a reason; written as a line for COPY into ImportRow.

A million rows pass here, so an ordinary cell costs a look (`isprintable` sees control characters, odd blanks and
lone surrogates at once) and only what is unusual goes through the rules one by one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from json.encoder import encode_basestring  # the C one: JSON of a text, not only ASCII
from typing import Any

from contacts.imports.cleaning import attributes, dates, people, places, statuses
from contacts.imports.cleaning.addresses import AddressReader
from contacts.imports.cleaning.words import Rejected
from contacts.imports.columns import ATTRIBUTE, attribute_key
from contacts.imports.plan import Plan

# The columns of ImportRow in the order of a line; `repeats` is the engine's.
COPY_COLUMNS = (
    "from_import_id",
    "line",
    "result",
    "reason",
    "column",
    "address",
    "address_key",
    "address_hash",
    "name",
    "first_name",
    "last_name",
    "country",
    "language",
    "time_zone",
    "attributes",
    "standing",
    "consent_at",
    "proof",
    "warnings",
    "cells",
)
_AT = {name: index for index, name in enumerate(COPY_COLUMNS)}
_LINE, _ADDRESS, _KEY, _HASH = _AT["line"], _AT["address"], _AT["address_key"], _AT["address_hash"]
_NAME, _FIRST, _LAST = _AT["name"], _AT["first_name"], _AT["last_name"]
_NULL = "\\N"
_NOTHING = re.compile(
    r"[\s0:./-]*\Z|null\Z|none\Z|n/a\Z", re.IGNORECASE
)  # what databases write for "no date"
_IP = re.compile(r"[0-9A-Fa-f:.]{3,45}\Z")
_UNUSUAL = re.compile(r"[?&\\]|\A'")  # may be a warning, needs an escape, or was made harmless in an export
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Handler = Callable[[str], None]


class Cleaner:
    """Turns rows into lines for COPY; counts what it rejects and the dates it would have to ask about.

    One cleaner reads one file: it remembers nothing of a row but counts, and the domains it met.
    """

    def __init__(self, plan: Plan, secret: str, import_id: int) -> None:
        self.rejected: Counter[str] = Counter()
        self.warned: Counter[str] = Counter()
        self._plan = plan
        self._order = plan.options.date_order
        self._width = len(plan.columns)
        self._addresses = AddressReader(secret)
        self._blank = ["" for _ in COPY_COLUMNS]
        self._blank[0] = str(import_id)
        for name in ("column", "consent_at", "proof", "warnings", "cells"):
            self._blank[_AT[name]] = _NULL
        self._blank[_AT["attributes"]] = "{}"
        self._address_at = plan.columns.index("address")
        # Of the row at hand
        self._out = self._blank.copy()
        self._warnings: list[str] = []
        self._fragments: list[str] = []  # of the JSON object of its attributes
        self._says: dict[str, str] = {}
        self._handlers = [
            (index, handler)
            for index, field in enumerate(plan.columns)
            if (handler := self._handler(field)) is not None
        ]
        self._says_standing = bool(plan.options.standing) or any(
            field in _STANDING_FIELDS for field in plan.columns
        )

    def line(self, number: int, cells: list[str], fault: str = "") -> str:
        """The line for COPY of a row; `fault` is what the reader found wrong with it as a whole. Ends with LF."""
        self._out = out = self._blank.copy()
        out[_LINE] = str(number)
        if fault:
            return self._reject(cells, fault, None)
        at = self._address_at
        width = len(cells)
        if width > self._width and any(cell.strip() for cell in cells[self._width :]):
            return self._reject(cells, "column_count", self._width)
        try:
            given, key, called = self._addresses.read(cells[at] if at < width else "")
            out[_ADDRESS], out[_KEY] = given, key
            out[_HASH] = "\\\\x" + self._addresses.hash_of(key)
            if "\\" in key:  # the rules allow none today; a line must not depend on that
                out[_ADDRESS], out[_KEY] = escape(given), escape(key)
            for at, handler in self._handlers:
                if at < width and (text := cells[at]):
                    handler(text)
        except Rejected as rejected:
            self._fragments.clear()
            self._says.clear()
            return self._reject(cells, rejected.reason, at)
        self._finish(called)
        return "\t".join(out) + "\n"

    def _finish(self, called: str) -> None:
        """What several cells say together."""
        out = self._out
        if not out[_NAME]:
            out[_NAME] = f"{out[_FIRST]} {out[_LAST]}".strip()[: people.NAME]
            if called and not out[_NAME] and len(called) <= people.NAME:
                self._text_into(_NAME, people.NAME)(called)
        if self._fragments:
            out[_AT["attributes"]] = "{" + ",".join(self._fragments).replace("\\", "\\\\") + "}"
            self._fragments.clear()
        if self._says_standing:
            self._settle_standing()
            self._says.clear()
        if self._warnings:
            found = list(dict.fromkeys(self._warnings))
            self.warned.update(found)
            out[_AT["warnings"]] = "{" + ",".join(found) + "}"
            self._warnings.clear()

    def _reject(self, cells: Sequence[str], reason: str, column: int | None) -> str:
        """A rejected row keeps its cells as they stood, so that the person can correct them."""
        self.rejected[reason] += 1
        self._warnings.clear()
        out = self._blank.copy()
        out[_LINE] = self._out[_LINE]
        out[_AT["result"]], out[_AT["reason"]] = "rejected", reason
        out[_AT["column"]] = _NULL if column is None else str(column)
        out[_AT["cells"]] = _array(cells)
        return "\t".join(out) + "\n"

    # What is done with a cell of each field

    def _handler(self, field: str) -> Handler | None:
        match field:
            case "" | "address":
                return None
            case "name":
                return self._text_into(_NAME, people.NAME)
            case "first_name":
                return self._text_into(_FIRST, people.PART)
            case "last_name":
                return self._text_into(_LAST, people.PART)
            case "country":
                return self._code_into(_AT["country"], places.country_of, "unknown_country")
            case "language":
                return self._code_into(_AT["language"], places.language_of, "unknown_language")
            case "time_zone":
                return self._code_into(_AT["time_zone"], places.time_zone_of, "unknown_time_zone")
            case "attributes":
                return self._merge_object
            case "tags":
                return self._attribute("tags", "tags")
        if field.startswith(ATTRIBUTE):
            key = field.removeprefix(ATTRIBUTE)
            return self._attribute(key, self._plan.attributes.get(key, "text"))
        return self._keep_saying(field)

    def _text_into(self, position: int, limit: int) -> Handler:
        def clean(text: str) -> None:
            if len(text) <= limit and text.isascii() and text.isprintable() and not _UNUSUAL.search(text):
                self._out[position] = text.strip()
                return
            self._out[position] = escape(people.clean_line(text, limit, self._warnings.append))

        return clean

    def _code_into(self, position: int, known: Callable[[str], str], warning: str) -> Handler:
        seen: dict[str, str] = {}

        def clean(text: str) -> None:
            code = seen.get(text)
            if code is None:
                if "\0" in text:
                    raise Rejected("control_character")
                code = known(text[:200])
                if len(seen) < 10_000:
                    seen[text] = code
            if code:
                self._out[position] = code
            elif text.strip():
                self._warnings.append(warning)

        return clean

    def _attribute(self, key: str, kind: str) -> Handler:
        start = encode_basestring(key) + ":"
        warn, add, order = self._warnings.append, self._fragments.append, self._order

        def clean(text: str) -> None:
            if (
                kind == "text"
                and text.isprintable()
                and text.isascii()
                and len(text) < 1_000
                and text[:1] != "'"
            ):
                if text := text.strip():
                    add(start + encode_basestring(text))
                return
            if kind == "number" and len(text) < 16 and text.isascii() and text.isdecimal():
                add(f"{start}{int(text)}")
                return
            if "\0" in text:
                raise Rejected("control_character")
            if not text.strip():
                return
            value = attributes.value_of(kind, text, order, warn)
            if value not in ("", None, []):
                add(start + _dumps(value))

        return clean

    def _merge_object(self, text: str) -> None:
        if "\0" in text:
            raise Rejected("control_character")
        if not text.strip():
            return
        for key, value in attributes.object_of(text, self._warnings.append).items():
            kept = attribute_key(key)
            kind = self._plan.attributes.get(kept)
            if kind and kind != "text" and isinstance(value, str):
                value = attributes.value_of(kind, value, self._order, self._warnings.append)
            if kept and value not in ("", None):
                self._fragments.append(f"{encode_basestring(kept)}:{_dumps(value)}")

    def _keep_saying(self, field: str) -> Handler:
        def keep(text: str) -> None:
            if "\0" in text:
                raise Rejected("control_character")
            if not text.isspace():
                self._says[field] = text.strip()

        return keep

    # Whether the person may be mailed

    def _settle_standing(self) -> None:
        says, columns = self._says, self._plan.columns
        proof: dict[str, Any] = {}
        found = [self._plan.options.standing]
        if status := says.get("status"):
            known = statuses.standing_of(status)
            if known is None:
                self._warnings.append("unknown_status")
                known = "disabled"
            found.append(known)
        for field, standing in _REFUSALS.items():
            if (word := says.get(field)) and not _NOTHING.match(word) and not statuses.says_no(word):
                found.append(standing)
                if statuses.yes_or_no(word) is None:
                    proof[field] = self._moment(word)
        consented = self._moment(says.get("consent_at", ""))
        confirmed = self._moment(says.get("confirmed_at", ""))
        if "consent" in columns:
            consented = self._answer(says, found, proof) or consented
        proof["confirmed_at"] = confirmed
        for field in ("consent_ip", "confirmed_ip"):
            if (word := says.get(field)) and _IP.match(word):
                proof[field] = word
        self._out[_AT["standing"]] = statuses.worst(*found)
        if moment := consented or confirmed:
            self._out[_AT["consent_at"]] = moment.isoformat()
        kept = {
            key: each.isoformat() if isinstance(each, datetime) else each
            for key, each in proof.items()
            if each
        }
        if kept:
            self._out[_AT["proof"]] = _dumps(kept).replace("\\", "\\\\")

    def _answer(self, says: dict[str, str], found: list[str], proof: dict[str, Any]) -> datetime | None:
        """What the consent cell says. A date in it is a yes; an empty one is a yes only if its date or IP is there."""
        word = says.get("consent", "")
        if not word:
            dated = any(
                says.get(field) for field in ("consent_at", "consent_ip", "confirmed_at", "confirmed_ip")
            )
            found.append("" if dated else "no_consent")
            return None
        answer = statuses.yes_or_no(word)
        moment = None
        if answer is None:
            try:
                moment = dates.moment_of(word, self._order)
                answer = True
            except dates.Ambiguous:
                self._warnings.append("ambiguous_date")
                answer = True
            except dates.NotADate:
                self._warnings.append("unclear_consent")
        if answer:
            proof["consent"] = (
                people.clean_line(word, 200, self._warnings.append) if len(word) < 200 else "yes"
            )
        else:
            found.append("no_consent")
        return moment

    def _moment(self, word: str) -> datetime | None:
        if not word or _NOTHING.match(word):
            return None
        try:
            return dates.moment_of(word, self._order)
        except dates.Ambiguous:
            self._warnings.append("ambiguous_date")
        except dates.NotADate:
            self._warnings.append("not_a_date")
        return None


# Columns in which anything but a no is a refusal: a yes, a date, or a word that nobody taught us.
_REFUSALS = {"unsubscribed_at": "unsubscribed", "bounced_at": "bounced", "do_not_contact": "do_not_contact"}
_STANDING_FIELDS = frozenset(
    [
        *_REFUSALS,
        "status",
        "consent",
        "consent_at",
        "consent_ip",
        "confirmed_at",
        "confirmed_ip",
    ]
)


def escape(text: str) -> str:
    """A text as COPY's text format wants it."""
    if text.isprintable() and "\\" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _array(cells: Sequence[str]) -> str:
    """An array of texts. What PostgreSQL cannot hold is shown by its picture: ␀ for NUL, � for bytes of no text."""
    quoted = (
        '"' + cell.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\u2400") + '"' for cell in cells
    )
    whole = "{" + ",".join(quoted) + "}"
    return escape(whole.encode("utf-8", "replace").decode() if not whole.isprintable() else whole)
