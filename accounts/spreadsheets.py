"""Files for spreadsheet programs that no program takes for a formula (CVE-2026-55154 and its kind)."""

from __future__ import annotations

import unicodedata
from typing import Any

from import_export import resources

_STARTS_A_FORMULA = frozenset("=+-@")


def harmless(value: Any) -> Any:
    """`value`, with an apostrophe before text that a spreadsheet would run: = + - @, also full-width or after blanks.

    Nothing is taken away, so the text can be read back; numbers and dates stay what they are.
    """
    if not isinstance(value, str):
        return value
    visible = value.lstrip()
    visible = "".join(sign for sign in visible[:8] if unicodedata.category(sign) not in {"Cc", "Cf", "Zs"})
    first = unicodedata.normalize("NFKC", visible[:1])
    if first in _STARTS_A_FORMULA or value[:1] in {"\t", "\r", "\n"}:
        return f"'{value}"
    return value


class HarmlessResource(resources.ModelResource):
    """A resource whose every cell is harmless."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        return harmless(super().export_field(field, instance, **kwargs))
