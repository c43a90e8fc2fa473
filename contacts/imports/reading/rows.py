"""Records of a text table, each under the physical line where it begins.

Only LF, CRLF and CR end a line: `str.splitlines` would also break at a vertical tab or U+2028, which are dirt
inside a cell. Python's csv parser does the parsing; around it stands what it does not tell: an unclosed quote, a
line too long to hold, bytes that are no text.
"""

from __future__ import annotations

import codecs
import csv
import io
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from contacts.imports.reading.bounds import Bounds

# Line, cells, and what is wrong with the record as a whole: "", "undecodable", "unclosed_quote", "too_long".
# A plain tuple: a million of them are made.
Row = tuple[int, list[str], str]

MARK = "\udc80"  # stands for bytes that are no text; no decoder makes it of valid ones
_seen_marks = 0


def _mark(error: UnicodeError) -> tuple[str, int]:
    global _seen_marks
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _seen_marks += 1
    return MARK, error.end


codecs.register_error("mark", _mark)


class TextTable:
    """One text file, opened for one pass. `unread` tells lines that an unclosed quote swallowed."""

    def __init__(
        self, path: Path, encoding: str, separator: str, bounds: Bounds, only_head: bool = False
    ) -> None:
        """only_head: who asks wants the first rows; do not read to the end for a quote that closes nowhere."""
        self._file = path.open("rb")
        self._encoding = encoding
        self._dialect: dict[str, Any] = {"delimiter": separator or "\x1f", "skipinitialspace": True}
        self._limit = bounds.record
        self._number = 0
        self._held: list[str] = []  # the lines of the record being read
        self._cut = False
        self._overflow = False
        self._ended = False
        self._only_head = only_head
        self._sentinel = secrets.token_urlsafe(16)
        self.unread: list[tuple[int, int]] = []
        csv.field_size_limit(max(2 * bounds.record, csv.field_size_limit()))

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """Every record but blank ones. The header is a row like others here."""
        marks_before = _seen_marks
        text = io.TextIOWrapper(self._file, encoding=self._encoding, errors="mark", newline="")
        _drop_mark(text)
        self._readline = partial(text.readline, self._limit)
        held = self._held
        while not self._ended:
            start = self._number + 1
            for cells in csv.reader(self._lines(), **self._dialect):
                fault = ""
                if len(held) != 1 or self._cut or self._ended:
                    fault = self._fault(start, cells)
                held.clear()
                line, start = start, self._number + 1
                if not cells or ((not cells[0] or cells[0].isspace()) and _blank(cells)):
                    continue
                if _seen_marks != marks_before and not fault and any(MARK in cell for cell in cells):
                    fault = "undecodable"
                yield line, cells, fault

    def _lines(self) -> Iterator[str]:
        held, readline, limit = self._held, self._readline, self._limit
        size = 0
        while text := readline():
            self._number += 1
            held.append(text)
            if len(text) == limit and text[-1] not in "\r\n":
                self._skip_rest_of_line()
            if len(held) == 1:
                size = 0
            else:
                size += len(text)
                if size > limit:
                    self._overflow = True
                    return
            yield text
        self._ended = True
        yield self._sentinel

    def _fault(self, first: int, cells: list[str]) -> str:
        """What is wrong with a record of several lines, or of a line that was cut, or with the end of the file."""
        if self._ended:
            return self._end(first, cells)
        if self._overflow:
            self._overflow = self._cut = False
            self._skip_to_closing_quote()
        elif self._cut:
            self._cut = False
            return "too_long"
        elif self._well_formed():
            return ""
        if self._number > first:
            self.unread.append((first + 1, self._number))
        return "unclosed_quote"

    def _end(self, first: int, cells: list[str]) -> str:
        """The end mark is a record of its own, unless a quote is still open."""
        if cells == [self._sentinel]:
            cells.clear()
            return ""
        cells[-1] = cells[-1].removesuffix(self._sentinel)
        if self._number > first:
            self.unread.append((first + 1, self._number))
        return "unclosed_quote"

    def _well_formed(self) -> bool:
        """Whether the quotes of a record of several lines close where a cell ends, and nowhere else."""
        try:
            list(csv.reader(self._held, strict=True, **self._dialect))
        except csv.Error:
            return False
        return True

    def _skip_rest_of_line(self) -> None:
        self._cut = True
        while (more := self._readline()) and len(more) == self._limit and more[-1] not in "\r\n":
            pass

    def _skip_to_closing_quote(self) -> None:
        """A quote opened long ago: go on after the line that closes it, or at the end of the file."""
        while not self._only_head and (text := self._readline()):
            self._number += 1
            if text.count('"') % 2:
                return
        self._ended = True


def _blank(cells: list[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in cells)


def _drop_mark(text: io.TextIOWrapper) -> None:
    """Leave out a byte-order mark that the codec does not know as one."""
    position = text.tell()
    if text.read(1) != "\ufeff":
        text.seek(position)
