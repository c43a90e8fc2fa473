"""How tests read a file as the site does: by the reader process, and its lines for COPY taken apart again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contacts.imports.cleaning.rows import COPY_COLUMNS
from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading import parent
from contacts.imports.reading.bounds import FileRefused
from contacts.imports.reading.preview import Preview
from contacts.imports.reading.protocol import Block, Done

SECRET = "a secret for tests"


@dataclass
class Outcome:
    """What came of a file: `problem` for one refused as a whole, else its rows and the end report."""

    problem: str
    preview: Preview | None
    rows: list[dict[str, str | None]]
    done: Done | None

    @property
    def rejected(self) -> list[list[Any]]:
        return [[row_line(row), row["reason"]] for row in self.rows if row["result"]]

    @property
    def kept(self) -> list[dict[str, str | None]]:
        return [row for row in self.rows if not row["result"]]


def row_line(row: dict[str, str | None]) -> int:
    return int(row["line"] or 0)


def rows_of(lines: bytes) -> list[dict[str, str | None]]:
    """The rows of lines for COPY, as PostgreSQL would take them: \\N is None, and the escapes are undone."""
    return [
        dict(zip(COPY_COLUMNS, map(_unescaped, line.split("\t")), strict=True))
        for line in lines.decode().split("\n")[:-1]
    ]


def _unescaped(text: str) -> str | None:
    if text == "\\N":
        return None
    marks = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    pieces, index = [], 0
    while index < len(text):
        step = 2 if text[index] == "\\" else 1
        pieces.append(marks.get(text[index : index + step], text[index : index + step]))
        index += step
    return "".join(pieces)


def read(
    path: Path, options: ReadOptions | None = None, columns: list[str] | None = None, **plan: Any
) -> Outcome:
    """Preview a file and clean it as its preview says, or as `columns` do."""
    try:
        preview = parent.preview(path, options)
    except FileRefused as refused:
        return Outcome(refused.word, None, [], None)
    if preview.problem and not columns:
        return Outcome(preview.problem, preview, [], None)
    rows: list[dict[str, str | None]] = []
    done = None
    try:
        for frame in parent.clean(
            path, Plan(columns or preview.fields, preview.options, **plan), import_id=7, secret=SECRET
        ):
            if isinstance(frame, Block):
                rows += rows_of(frame.lines)
            else:
                done = frame
    except FileRefused as refused:
        return Outcome(refused.word, preview, rows, None)
    return Outcome("", preview, rows, done)
