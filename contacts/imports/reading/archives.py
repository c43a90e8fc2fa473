"""Look through a zipped workbook before a parser sees it: its size unpacked, its longest text, its farthest cell.

A few kilobytes can unpack to gigabytes, and two cells at opposite corners make a parser fill what lies between.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from contacts.imports.reading.bounds import Bounds, FileRefused

_PIECE = 1 << 20
# A cell with content, wherever it says that it stands; cells that carry only a style close at once.
_CELL = re.compile(
    rb"<(?:\w+:)?c\s[^<>]{0,300}?\br\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7})[\"'][^<>]{0,300}(?<!/)>"
)
_ROW = re.compile(rb"<(?:\w+:)?row[\s>]")


def check(path: Path, kind: str, bounds: Bounds) -> None:
    """Raise FileRefused for an archive beyond the bounds. Reads every member once, as a stream of pieces."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > bounds.members:
                raise FileRefused("too_large")
            if sum(member.file_size for member in members) > bounds.unpacked:
                raise FileRefused("too_large")
            if any(member.flag_bits & 1 for member in members):
                raise FileRefused("unsupported_format")
            unpacked = 0
            for member in members:
                unpacked = _read_through(archive, member, kind, bounds, unpacked)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError, ValueError) as error:
        raise FileRefused("damaged") from error


def _read_through(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, kind: str, bounds: Bounds, unpacked: int
) -> int:
    """Bytes unpacked up to and with this member. The size a member declares may be a lie, so bytes are counted."""
    is_xml = member.filename.endswith((".xml", ".rels"))
    is_sheet = kind == "xlsx" and is_xml and "/worksheets/" in member.filename
    sheet = _Sheet(bounds) if is_sheet else None
    text_bytes = 0  # since the last "<": the length of a text so far
    with archive.open(member) as stream:
        tail = b""
        while piece := stream.read(_PIECE):
            unpacked += len(piece)
            if unpacked > bounds.unpacked:
                raise FileRefused("too_large")
            if not is_xml:
                continue
            text_bytes = _longest_text(piece, text_bytes, bounds.cell * 4)  # UTF-8: up to 4 bytes a character
            if b"<!ENTITY" in tail + piece:
                raise FileRefused("damaged")
            if sheet:
                # A tag cut by the end of a piece is looked at with the next one.
                block = tail + piece
                cut = block.rfind(b"<")
                sheet.look_at(block[:cut])
                tail = block[cut:]
            else:
                tail = piece[-16:]
        if sheet:
            sheet.look_at(tail)
    return unpacked


def _longest_text(piece: bytes, begun: int, limit: int) -> int:
    """Refuse a text over the limit; returns how much of an unfinished one stands at the end."""
    position = -begun
    while (found := piece.find(b"<", max(position, 0))) != -1:
        if found - position > limit:
            raise FileRefused("too_large")
        # What is shorter than the limit need not be looked at: go on from the last "<" within reach.
        position = piece.rfind(b"<", found, max(found + 1, position + limit)) + 1
    if len(piece) - position > limit:
        raise FileRefused("too_large")
    return len(piece) - position


class _Sheet:
    """Where the cells of one sheet lie."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.rows = 0
        self.last_row = 0
        self.last_column = 0
        self.columns_seen: set[bytes] = set()

    def look_at(self, block: bytes) -> None:
        self.rows += len(_ROW.findall(block))
        for letters, row in set(_CELL.findall(block)):
            self.last_row = max(self.last_row, int(row))
            if letters not in self.columns_seen:
                self.columns_seen.add(letters)
                self.last_column = max(self.last_column, column_number(letters))
        if self.rows_with_content > self.bounds.workbook_rows:
            raise FileRefused("too_many_rows", f"{self.bounds.workbook_rows:,}")
        if self.last_column > self.bounds.columns:
            raise FileRefused("too_many_columns", f"{self.bounds.columns:,}")
        if self.last_row * self.last_column > self.bounds.workbook_cells:
            raise FileRefused("too_many_rows", f"{self.bounds.workbook_cells // self.last_column:,}")

    @property
    def rows_with_content(self) -> int:
        """Rows whose cells do not say where they stand are counted; empty rows that carry a style are few."""
        return self.last_row or self.rows


def column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
