"""Rows of a workbook, as text: what a person sees in a cell, not how the program keeps it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contacts.imports.reading import archives
from contacts.imports.reading.bounds import Bounds, FileRefused
from contacts.imports.reading.rows import Row


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    hidden: bool = False


class Workbook:
    """One sheet of an opened workbook: `rows` in order, each under its row number in the sheet."""

    def __init__(self, path: Path, kind: str, sheet: str, bounds: Bounds) -> None:
        if kind != "xls":
            archives.check(path, kind, bounds)
        import python_calamine

        self._errors = (python_calamine.CalamineError, OSError, ValueError)
        try:
            self._book = python_calamine.CalamineWorkbook.from_path(path)
        except python_calamine.PasswordError as error:
            raise FileRefused("unsupported_format", "password") from error
        except self._errors as error:
            raise FileRefused("damaged" if kind != "xls" else "unsupported_format") from error
        worksheet, visible = python_calamine.SheetTypeEnum.WorkSheet, python_calamine.SheetVisibleEnum.Visible
        self.sheets = [
            Sheet(each.name, each.visible != visible)
            for each in self._book.sheets_metadata
            if each.typ == worksheet
        ]
        self.sheet, self._range = self._choose(sheet)
        self._check_size(bounds)

    def _choose(self, wanted: str) -> tuple[str, Any]:
        """The sheet asked for, else the first visible one that holds anything."""
        names = [each.name for each in self.sheets]
        if wanted:
            if wanted not in names:
                raise FileRefused("no_rows", "no such sheet")
            return wanted, self._load(wanted)
        for each in sorted(self.sheets, key=lambda each: each.hidden):
            found = self._load(each.name)
            if found.start is not None:
                return each.name, found
        raise FileRefused("empty_file")

    def _load(self, name: str) -> Any:
        try:
            return self._book.get_sheet_by_name(name)
        except self._errors as error:
            raise FileRefused("damaged") from error

    def _check_size(self, bounds: Bounds) -> None:
        """xls, xlsb and ods are not looked through before: what they unpack to is bounded by memory, then by this."""
        if self._range.start is None:
            raise FileRefused("empty_file")
        if self._range.width > bounds.columns:
            raise FileRefused("too_many_columns", f"{bounds.columns:,}")
        if self._range.end[0] + 1 > bounds.workbook_rows:
            raise FileRefused("too_many_rows", f"{bounds.workbook_rows:,}")

    def rows(self) -> Iterator[Row]:
        """Every row that holds anything. The leading empty columns of the sheet are left out."""
        for number, values in enumerate(self._range.iter_rows(), start=1):
            cells = [value if isinstance(value, str) else as_text(value) for value in values]
            if any(cell and not cell.isspace() for cell in cells):
                while cells and not cells[-1]:
                    cells.pop()
                yield number, cells, ""


def as_text(value: Any) -> str:
    """A cell's value as a person would type it: 441632960001 and not 441632960001.0, 2023-05-01 for a date."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime():
            return value.isoformat(" ", "seconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case None:
            return ""
    return str(value)
