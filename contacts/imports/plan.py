"""What staff decided about a spreadsheet: how its bytes are read and what each of its columns is.

`ReadOptions` is the JSON of `Import.options` and `ImportMapping.options`, `Plan.columns` that of `Import.columns`.
This module imports nothing of Django: the reader process uses it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

DATE_ORDERS = ("dmy", "mdy")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read. Everything left empty is looked for; `Preview.options` says what was found.

    encoding: a Python codec name ("utf-8", "cp1252"); text files only.
    separator: one character; text files only.
    header: False if the first row is a person. None: look for it.
    header_line: the line (a sheet's row) of the column names; rows above it are titles and are skipped.
    sheet: the name of the sheet; workbooks only. Empty: the first visible one that holds anything.
    date_order: "dmy" or "mdy", how 01/02/2023 is meant. Empty: such dates are left out with a warning.
    standing: a word of `contacts/imports/standing.py` that holds for every row, such as "unsubscribed" for a file
        of people who left; what a row says of itself can only be worse. Empty: nothing.
    """

    encoding: str = ""
    separator: str = ""
    header: bool | None = None
    header_line: int | None = None
    sheet: str = ""
    date_order: str = ""
    standing: str = ""

    def to_json(self) -> dict[str, Any]:
        """Only what was said: an empty object is "find out everything"."""
        return {key: value for key, value in asdict(self).items() if value not in ("", None)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ReadOptions:
        """The options stored by `to_json`; keys of another version are ignored."""
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in stored.items() if key in known and value is not None})


@dataclass(frozen=True, slots=True)
class Plan:
    """All that cleaning a row needs to know.

    columns: the field of each column in order, "" for none; the closed list is `contacts/imports/columns.FIELDS`,
        and "attribute:<key>".
    attributes: the organisation's attributes, key to kind (a word of `Attribute.Kind`). A column matched to a key
        that is not among them is kept as text.
    """

    columns: Sequence[str]
    options: ReadOptions = ReadOptions()
    attributes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "options": self.options.to_json(),
            "attributes": dict(self.attributes),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Plan:
        return cls(
            columns=tuple(stored["columns"]),
            options=ReadOptions.from_json(stored.get("options", {})),
            attributes=dict(stored.get("attributes", {})),
        )
