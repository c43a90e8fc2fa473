"""Names and other single lines of text: trimmed, composed (NFC), without control characters; else as they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from accounts.formulas import restored
from contacts.imports.cleaning.words import Rejected

NAME = 200  # characters, as Contact.name
PART = 100  # characters, as Contact.first_name and last_name

Warn = Callable[[str], None]

_EDGES = " \t\r\n\u00a0\u200b\u2060\ufeff"
_LINE_BREAKS = re.compile(r"\s*[\r\n\t\u2028\u2029]+\s*")
# What UTF-8's bytes look like as Windows-1252: a lead byte's letter and a continuation byte's sign.
_GARBLED = re.compile("[\u00c2-\u00df\u00e0-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_LOST = re.compile(r"[A-Za-z]\?[A-Za-z]|\ufffd")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)


def clean_line(text: str, limit: int, warn: Warn) -> str:
    """One line of text of at most `limit` characters. Raises Rejected: control_character (NUL) or too_long."""
    if len(text) > 10 * limit:  # before any pattern looks at it
        raise Rejected("too_long")
    if not text.isprintable():
        text = _without_controls(text, warn)
        if _LINE_BREAKS.search(text.strip(_EDGES)):
            warn("line_break")
            text = _LINE_BREAKS.sub(" ", text.strip(_EDGES))
    return _finish(text.strip(_EDGES), limit, warn)


def clean_text(text: str, limit: int, warn: Warn) -> str:
    """Text of any number of lines; the same otherwise."""
    if not text.isprintable():
        text = _without_controls(text, warn)
    return _finish(text.strip(_EDGES), limit, warn)


def _finish(text: str, limit: int, warn: Warn) -> str:
    text = restored(text)
    if len(text) > limit:
        raise Rejected("too_long")
    if not text.isascii():
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
            if len(text) > limit:
                raise Rejected("too_long")
        if _GARBLED.search(text) and _reads_as_utf8(text):
            warn("looks_garbled")
    if ("?" in text or "\ufffd" in text) and _LOST.search(text):
        warn("letters_lost")
    if "&" in text and _ENTITY.search(text):
        warn("html_entities")
    return text


def _without_controls(text: str, warn: Warn) -> str:
    """Without control characters but line breaks and tabs. Format characters stay: scripts and emoji need them."""
    if "\0" in text:
        raise Rejected("control_character")
    kept = [sign for sign in text if sign in "\t\r\n" or unicodedata.category(sign) not in ("Cc", "Cs")]
    if len(kept) != len(text):
        warn("control_character")
    return "".join(kept)


def _reads_as_utf8(text: str) -> bool:
    """Whether a garbled pair of letters is one: its bytes in Windows-1252 are UTF-8."""
    for pair in _GARBLED.finditer(text):
        start = pair.start()
        for length in (2, 3, 4):
            try:
                text[start : start + length].encode("cp1252").decode()
            except UnicodeError:
                continue
            return True
    return False
