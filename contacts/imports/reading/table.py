"""A file opened as a table: what it is, how it is read, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from contacts.imports import columns
from contacts.imports.cleaning import statuses
from contacts.imports.plan import ReadOptions
from contacts.imports.reading import detecting, formats
from contacts.imports.reading.bounds import Bounds, FileRefused
from contacts.imports.reading.rows import Row, TextTable

_LOOKED_AT = 200  # rows from which header and address column are found


@dataclass(slots=True)
class Table:
    """An opened file. `options` has every blank filled with what was found; `rows()` is one pass over the people."""

    path: Path
    kind: str
    options: ReadOptions
    bounds: Bounds
    headers: list[str] = field(default_factory=list)
    head: list[Row] = field(default_factory=list)  # the first rows below the header
    problem: str = ""  # why the file cannot be imported as it is read now
    encoding: detecting.Guess = field(default_factory=lambda: detecting.Guess(""))
    newline: str = ""
    sheets: Sequence[tuple[str, bool]] = ()  # name, hidden
    unread: list[tuple[int, int]] = field(default_factory=list)
    bytes_read: int = 0
    _workbook: object = None

    def rows(self) -> Iterator[Row]:
        """Every row below the header that is not blank. Raises FileRefused where the file goes over a bound."""
        limit = self.bounds.rows
        first = self.options.header_line or 0
        for count, row in enumerate(self._after(first), start=1):
            if count > limit:
                raise FileRefused("too_many_rows", f"{limit:,}")
            yield row

    @property
    def sample(self) -> list[list[str]]:
        """Cells of the first people, without rows that could not be read."""
        return [cells for _, cells, fault in self.head if not fault]

    def first_rows(self, count: int) -> list[Row]:
        """The first rows that are not blank, the header among them."""
        return list(islice(self._after(0, only_head=True), count))

    def _after(self, line: int, *, only_head: bool = False) -> Iterator[Row]:
        return (row for row in self._all(only_head) if row[0] > line and not self._hint(row))

    def _all(self, only_head: bool) -> Iterator[Row]:
        if self._workbook is not None:
            yield from self._workbook.rows()  # type: ignore[attr-defined]
            self.bytes_read = self.path.stat().st_size
            return
        text = TextTable(self.path, self.options.encoding, self.options.separator, self.bounds, only_head)
        self.unread = text.unread
        try:
            for count, row in enumerate(text.rows()):
                if not count & 1023:
                    self.bytes_read = text.bytes_read
                yield row
            self.bytes_read = text.bytes_read
        finally:
            text.close()

    def _hint(self, row: Row) -> bool:
        """Excel's first line "sep=;" is neither header nor person; read with its own separator it is two cells."""
        return row[0] == 1 and self.kind == formats.TEXT and row[1][0].lower().startswith("sep=")


def open_table(path: Path, options: ReadOptions, bounds: Bounds) -> Table:
    """Find out what the file is and how to read it. Raises FileRefused if it cannot be read at all.

    A file that can be read, but not imported as it stands, comes back with `problem` set, so that a person can see
    its rows and say what is what.
    """
    if path.stat().st_size > bounds.file:
        raise FileRefused("too_large", f"{bounds.file:,}")
    kind = formats.of_file(path)
    table = (
        _open_text(path, options, bounds)
        if kind == formats.TEXT
        else _open_workbook(path, kind, options, bounds)
    )
    _find_header(table)
    return table


def _open_text(path: Path, options: ReadOptions, bounds: Bounds) -> Table:
    guess = detecting.Guess(options.encoding) if options.encoding else detecting.encoding_of(path)
    try:
        with path.open("rb") as file:
            head = file.read(formats.SAMPLE).decode(guess.encoding, "replace").removeprefix("\ufeff")
    except LookupError as error:
        raise FileRefused("unsupported_format", "unknown encoding") from error
    if not head.strip("\0 \t\r\n\u00a0\ufeff"):
        raise FileRefused("empty_file")
    separator = options.separator or detecting.separator_of_text(head)
    if len(separator) > 1 or separator.isalnum() or separator in ('"', "\r", "\n"):
        raise FileRefused("unsupported_format", "separator")
    return Table(
        path,
        formats.TEXT,
        replace(options, encoding=guess.encoding, separator=separator, sheet=""),
        bounds,
        encoding=guess,
        newline=detecting.newline_of(head),
    )


def _open_workbook(path: Path, kind: str, options: ReadOptions, bounds: Bounds) -> Table:
    from contacts.imports.reading.workbooks import Workbook

    book = Workbook(path, kind, options.sheet, bounds)
    found = replace(options, encoding="", separator="", sheet=book.sheet)
    sheets = tuple((sheet.name, sheet.hidden) for sheet in book.sheets)
    return Table(path, kind, found, bounds, sheets=sheets, _workbook=book)


def _find_header(table: Table) -> None:
    """Fill `headers`, `head`, `problem` and the header's line."""
    first = table.first_rows(_LOOKED_AT + detecting.TITLE_ROWS)
    if not first:
        raise FileRefused("empty_file")
    options = table.options
    if options.header is False:
        table.options = replace(options, header_line=None)
        width = max(len(cells) for _, cells, _ in first)
        table.headers, table.head = [""] * width, first
        _judge(table)
        return
    if options.header_line:
        index = next((index for index, row in enumerate(first) if row[0] >= options.header_line), None)
        found = detecting.Header(index)
    else:
        found = detecting.header_of([cells for _, cells, _ in first])
    if found.index is None and options.header:
        found = detecting.Header(0)  # a person said that there is one
    if found.index is None:
        table.problem = "no_header"
        table.headers, table.head = [""] * max(len(cells) for _, cells, _ in first), first
        return
    table.headers = [cell.strip().strip("\ufeff\u200b") for cell in first[found.index][1]]
    if any(table.headers[table.bounds.columns :]):
        raise FileRefused("too_many_columns", f"{table.bounds.columns:,}")
    del table.headers[table.bounds.columns :]
    table.head = first[found.index + 1 :]
    if table.kind != formats.TEXT:
        # Nothing slips in a sheet: what stands right of the names is a column that has none.
        widest = max((len(cells) for _, cells, _ in table.head), default=0)
        table.headers += [""] * (widest - len(table.headers))
    table.options = replace(options, header=True, header_line=first[found.index][0])
    _judge(table)


def _judge(table: Table) -> None:
    if not table.head:
        table.problem = "no_rows"
    elif "address" not in guess_columns(table, ()):
        table.problem = "no_email_column"


def guess_columns(table: Table, attributes: Sequence[str]) -> list[str]:
    """The field of each column by its name; the address, where no name tells it, by what stands in the cells.

    A column is taken for a status or a consent only if its words are understood: "State" is also a part of a country.
    """
    found = columns.match(table.headers, attributes)
    rows = table.sample
    if "address" not in found:
        index = detecting.address_column(rows)
        if index is not None and index < len(found):
            found[index] = "address"
    for name, known in (("status", statuses.standing_of), ("consent", statuses.says_consent)):
        if name in found and not _mostly(known, rows, found.index(name)):
            found[found.index(name)] = ""
    for index, asked in _questions(table, found):
        if asked not in found:
            found[index] = asked
    return found


def _questions(table: Table, found: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Columns that ask for consent in a sentence, "Would you like our newsletter?", and are answered yes and no.

    Left out, everybody who answered no would be put on the list by the consent of the others.
    """
    for index, header in enumerate(table.headers):
        asked = "" if found[index] else columns.question_of(header)
        answers = [cells[index] for cells in table.sample if index < len(cells) and cells[index].strip()]
        if asked and answers and all(statuses.yes_or_no(answer) is not None for answer in answers):
            yield index, asked


def second_addresses(table: Table) -> set[int]:
    """Columns of addresses, by their names or by what stands in them, the first among them or not.

    One row is one person, so nobody is made of a second one: it is reported.
    """
    rows, width = table.sample, len(table.headers)
    held = (
        index
        for index in range(width)
        if detecting.address_column([cells[index : index + 1] for cells in rows]) is not None
    )
    return {*columns.repeats(table.headers), *held}


def _mostly(known: Callable[[str], object], rows: Sequence[Sequence[str]], index: int) -> bool:
    words = [cells[index] for cells in rows if index < len(cells) and cells[index].strip()]
    return 2 * sum(known(word) is not None for word in words) >= len(words)
