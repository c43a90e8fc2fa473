"""What a person is shown of a file before anything is imported: its first rows, and how they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from contacts.imports import columns
from contacts.imports.cleaning import dates
from contacts.imports.plan import ReadOptions
from contacts.imports.reading.rows import MARK
from contacts.imports.reading.table import Table, guess_columns, second_addresses

SHOWN = 20  # rows
SAMPLES = 5  # values of a column
CELL = 200  # characters
_DATE_FIELDS = frozenset(["consent_at", "confirmed_at", "unsubscribed_at", "bounced_at", "consent"])


@dataclass(frozen=True, slots=True)
class Column:
    """One column. field: what it seems to be, "" for nothing we know; attribute: the key it would have as one.

    repeats: a second column of addresses, which is not imported as further people.
    ambiguous_dates: it holds dates of which nobody can say whether the month or the day stands first.
    """

    header: str
    field: str
    attribute: str
    samples: Sequence[str]
    repeats: bool = False
    ambiguous_dates: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """How the first rows that are not plain ASCII look in one encoding."""

    encoding: str
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Preview:
    """kind: csv, xlsx, xls, xlsb or ods. source: mailchimp, listmonk, epistle or "".

    options: with every blank filled by what was found; store them, so that what was shown is what is imported.
    problem: why the file cannot be imported as it is read now ("" if it can): a word of FILE_ERRORS.
    certain: False where the encoding is a guess that a person should check; `readings` shows the others.
    sheets: [name, hidden] each. rows: [line, cells] of the first people.
    """

    kind: str
    source: str
    options: ReadOptions
    problem: str
    newline: str
    certain: bool
    readings: Sequence[Reading]
    sheets: Sequence[tuple[str, bool]]
    columns: Sequence[Column]
    rows: Sequence[tuple[int, Sequence[str]]]
    more_rows: bool

    @property
    def fields(self) -> list[str]:
        """The field of each column, as `Import.columns` holds them."""
        return [column.field for column in self.columns]

    @property
    def headers(self) -> list[str]:
        return [column.header for column in self.columns]

    @property
    def ambiguous_dates(self) -> bool:
        """Whether the person has to say how 01/02/2023 is meant."""
        return not self.options.date_order and any(column.ambiguous_dates for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"options": self.options.to_json()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Preview:
        return cls(
            **{
                **said,
                "options": ReadOptions.from_json(said["options"]),
                "columns": [Column(**column) for column in said["columns"]],
                "readings": [Reading(**reading) for reading in said["readings"]],
                "sheets": [(name, hidden) for name, hidden in said["sheets"]],
                "rows": [(line, cells) for line, cells in said["rows"]],
            }
        )


def of_table(table: Table, attributes: Sequence[str]) -> Preview:
    """The preview of an opened file. attributes: keys of the organisation's own fields."""
    found = guess_columns(table, attributes)
    second = second_addresses(table)
    shown = [(line, [_shown(cell) for cell in cells]) for line, cells, _ in table.head[:SHOWN]]
    options = table.options
    if not options.standing:
        options = replace(options, standing=columns.standing_of_file(table.headers))
    return Preview(
        kind=table.kind,
        source=columns.kind_of_file(table.headers),
        options=options,
        problem=table.problem,
        newline=table.newline,
        certain=table.encoding.certain,
        readings=_readings(table),
        sheets=table.sheets,
        columns=[
            _column(table, index, field, index in second and not field) for index, field in enumerate(found)
        ],
        rows=shown,
        more_rows=len(table.head) > SHOWN,
    )


def _column(table: Table, index: int, field: str, repeats: bool) -> Column:
    values = [cells[index] for cells in table.sample if index < len(cells) and cells[index].strip()]
    header = table.headers[index]
    # Two columns may have one name: what differs is kept apart by the column's number.
    samples = list(dict.fromkeys(_shown(value) for value in values))[:SAMPLES]
    ambiguous = (field in _DATE_FIELDS or not field or field.startswith(columns.ATTRIBUTE)) and any(
        dates.is_ambiguous(value) for value in values
    )
    key = columns.attribute_key(header) or f"column_{index + 1}"
    return Column(_shown(header), field, key, samples, repeats, ambiguous)


def _readings(table: Table) -> list[Reading]:
    """The first rows with anything but ASCII in each encoding that comes into question."""
    if table.encoding.certain:
        return []
    if table.encoding.encoding.startswith(
        "utf-16"
    ):  # its rows are shown as they are; there is nothing to compare
        return []
    with table.path.open("rb") as file:
        lines = [line for line in file.read(1 << 20).splitlines() if not line.isascii()][:3]
    separator = table.options.separator
    found = []
    for encoding in (table.encoding.encoding, *table.encoding.alternatives):
        rows = []
        for line in lines:
            text = line.decode(encoding, "replace")
            rows.append([_shown(cell) for cell in (text.split(separator) if separator else [text])])
        found.append(Reading(encoding, rows))
    return found


def _shown(cell: str) -> str:
    text = cell.replace(MARK, "\ufffd").replace("\0", "\u2400")
    return text if len(text) <= CELL else text[: CELL - 1] + "…"
