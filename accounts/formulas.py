"""Text that a spreadsheet program would run as a formula: made harmless, and read back (CVE-2026-55154 and its kind).

Imports nothing of Django: the process that reads spreadsheets uses it too.
"""

from __future__ import annotations

import unicodedata
from typing import Any

_STARTS_A_FORMULA = frozenset("=+-@")


def harmless(value: Any) -> Any:
    """`value`, with an apostrophe before text that a spreadsheet would run: = + - @, also full-width or after blanks.

    Nothing is taken away, so the text can be read back (`restored`); numbers and dates stay what they are.
    """
    return f"'{value}" if isinstance(value, str) and _runs(value) else value


def restored(text: str) -> str:
    """`text` without the apostrophe that `harmless`, or a spreadsheet program, set before it."""
    return text[1:] if text[:1] == "'" and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    if not text or text[0].isalnum():
        return False  # a letter or a digit starts no formula, nor does a composed form of one
    visible = text.lstrip()
    visible = "".join(sign for sign in visible[:8] if unicodedata.category(sign) not in {"Cc", "Cf", "Zs"})
    first = unicodedata.normalize("NFKC", visible[:1])
    return first in _STARTS_A_FORMULA or text[:1] in {"\t", "\r", "\n"}
