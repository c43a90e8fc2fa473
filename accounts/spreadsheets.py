"""Files for spreadsheet programs that no program takes for a formula, made in pieces so that memory does not grow."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from import_export import resources
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from accounts.formulas import harmless

__all__ = ["HarmlessResource", "csv_file", "harmless", "json_file", "xlsx_file"]

XLSX_ROWS = 1_048_575  # of a sheet, its header apart
XLSX_CELL = 32_767  # characters of a cell

_PIECE = 1 << 16  # bytes of a file read at once


class HarmlessResource(resources.ModelResource):
    """A resource whose every cell is harmless."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        return harmless(super().export_field(field, instance, **kwargs))


def csv_file(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with a byte-order mark, by which Excel knows it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(headers)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        if buffer.tell() > _PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def json_file(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """An array with one object a line."""
    pieces, size, before = ["["], 1, "\n"
    for row in rows:
        line = before + json.dumps(row, ensure_ascii=False)
        pieces.append(line)
        size, before = size + len(line), ",\n"
        if size > _PIECE:
            yield "".join(pieces).encode()
            pieces, size = [], 0
    yield ("".join(pieces) + "\n]\n").encode()


def xlsx_file(title: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A workbook, made in a temporary file that nobody else can open and that is gone with the last piece.

    A cell that is longer than Excel's is cut, and ends with "…". A sheet holds `XLSX_ROWS` rows.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(list(headers))
    for row in rows:
        sheet.append([_xlsx_cell(cell) for cell in row])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _xlsx_cell(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = harmless(ILLEGAL_CHARACTERS_RE.sub("", cell))
    return text if len(text) <= XLSX_CELL else text[: XLSX_CELL - 1] + "…"
