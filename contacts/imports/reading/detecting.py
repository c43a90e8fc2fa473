"""How a text table is written, found from its own bytes: encoding, separator, line ends, and the row of names.

A guess that could be wrong says so (`certain` is False) and brings the other readings with it, so that a person
sees real rows of each and picks.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contacts.imports import columns
from contacts.imports.reading import encodings
from contacts.imports.reading.formats import SAMPLE, wide_without_mark

SEPARATORS = ",;\t|"
TITLE_ROWS = 20
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\".]+")
_HINT = re.compile(r"\ufeff?sep=(.)\s*\Z")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_PIECE = 1 << 20
_DIRTY_PIECES = 32  # of a file that is not UTF-8; enough to tell dirt from another encoding


@dataclass(frozen=True, slots=True)
class Guess:
    """What an encoding was taken to be. alternatives: the other readings worth a look, likeliest first."""

    encoding: str
    certain: bool = True
    alternatives: Sequence[str] = field(default_factory=tuple)


def encoding_of(path: Path) -> Guess:
    """The encoding of a text file: its byte-order mark, else UTF-8 if it is that, else an ordered guess.

    Some bytes that are no UTF-8 in a file that otherwise is are dirt in single rows, not another encoding.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return Guess(name)
    if wide := wide_without_mark(head):
        return Guess(wide, certain=False, alternatives=("utf-8",))
    if b"\x1b$" in head:
        return Guess("iso2022_jp", certain=False, alternatives=("utf-8",))
    good, bad, sample = _multibyte(path)
    if not bad:
        return Guess("utf-8")
    if good > 3 * bad:
        return Guess("utf-8", certain=False, alternatives=encodings.likely(sample)[:6])
    likely = encodings.likely(sample)
    return Guess(likely[0], certain=False, alternatives=(*likely[1:], "utf-8"))


def _multibyte(path: Path) -> tuple[int, int, bytes]:
    """UTF-8 sequences of several bytes, bytes that are no UTF-8, and lines that hold the first of those."""
    good = bad = 0
    sample = b""
    with path.open("rb") as file:
        rest = b""
        dirty = 0
        while dirty < _DIRTY_PIECES and (piece := file.read(_PIECE)):
            block = rest + piece
            try:
                block.decode()
                rest = b""
                continue
            except UnicodeDecodeError as error:
                if (
                    error.end == len(block)
                    and len(block) - error.start < 4
                    and error.reason.startswith("unexpected end")
                ):
                    rest = block[error.start :]
                    continue
            rest = b""
            dirty += 1
            if len(sample) < SAMPLE:
                sample += b"\n".join(line for line in block.split(b"\n") if not line.isascii())[:SAMPLE]
            without = _MULTIBYTE.sub(b"", block)
            good += (len(block) - len(without)) // 2
            bad += len(without) - len(without.translate(None, bytes(range(128, 256))))
    if rest:  # the file ends inside a character
        bad += 1
        sample = sample or rest
    return good, bad, sample


def newline_of(head: str) -> str:
    """ "CRLF", "LF" or "CR": what ends the first line; for the person's eyes only, all three are always taken."""
    found = re.search(r"\r\n|\n|\r", head)
    return {"\r\n": "CRLF", "\n": "LF", "\r": "CR", None: ""}[found.group() if found else None]


def separator_hint(first_line: str) -> str:
    """The separator that Excel's own first line "sep=;" names, or ""."""
    found = _HINT.match(first_line)
    return found[1] if found else ""


def separator_of_text(head: str) -> str:
    """What the hint of the first line says, else what is found."""
    first = re.split(r"\r\n|\n|\r", head, maxsplit=1)[0]
    return separator_hint(first) or separator_of(head)


def separator_of(head: str) -> str:
    """The separator by which most records have the same number of cells; "" for a single column.

    csv.Sniffer has the same idea, but looks at letters instead of parsed cells: quoted commas mislead it, and its
    patterns are slow on hostile text.
    """
    lines = re.split(r"\r\n|\n|\r", head)
    if len(lines) > 2:
        lines.pop()  # empty, or cut where the sample ends
    best, best_score = "", 0.0
    for separator in SEPARATORS:
        counts = _cells_per_record(lines, separator)
        wide = [count for count in counts if count > 1]
        if not wide:
            continue
        usual = max(set(wide), key=wide.count)
        agreeing = wide.count(usual) / len(counts)
        score = agreeing + (0.5 if counts[0] == usual else 0) + min(usual, 20) / 1000
        if score > best_score and agreeing >= 0.3:
            best, best_score = separator, score
    return best or _separator_of_names(lines[:TITLE_ROWS])


def _separator_of_names(lines: Sequence[str]) -> str:
    """Where rows are too uneven to tell: the separator between a name for the column of addresses and other names."""
    for line in lines:
        for separator in SEPARATORS:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
            if len(cells) > 1 and "address" in map(columns.field_of, cells):
                return separator
    return ""


def _cells_per_record(lines: Sequence[str], separator: str) -> list[int]:
    counts: list[int] = []
    try:
        records = csv.reader(lines, delimiter=separator, skipinitialspace=True)
        counts.extend(len(cells) for cells in records if any(cell.strip() for cell in cells))
    except csv.Error:
        return []
    return counts[:200]


@dataclass(frozen=True, slots=True)
class Header:
    """Where the column names stand. index: among the rows looked at, None for nowhere; people_begin: the first of them
    that is a person is the first row of all."""

    index: int | None
    people_begin: bool = False


def header_of(rows: Sequence[Sequence[str]]) -> Header:
    """Find the row of column names among the first rows of a table, under titles if need be.

    It is the first row that names an address column before any address is met; else, of the rows above the first
    address, the one with most names we know. No row above the first address: the file has no header.
    """
    best, best_score = None, (-1, -1)
    for index, cells in enumerate(rows[:TITLE_ROWS]):
        if any(map(holds_address, cells)):
            return Header(best, people_begin=index == 0)
        fields = [columns.field_of(cell) for cell in cells]
        if "address" in fields:
            return Header(index)
        score = (sum(map(bool, fields)), sum(bool(cell.strip()) for cell in cells))
        if score > best_score:
            best, best_score = index, score
    return Header(best)


def holds_address(cell: str) -> bool:
    """Whether an address stands in the first letters of a cell; a look, not a judgement."""
    beginning = cell[:500]  # the pattern's time grows with the square of the length
    return "@" in beginning and _ADDRESS.search(beginning) is not None


def address_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The column that holds addresses by what stands in it: at least half of its filled cells; None if none does."""
    best, best_share = None, 0.5
    for index in range(max(map(len, rows), default=0)):
        filled = [cells[index] for cells in rows if index < len(cells) and cells[index].strip()]
        share = sum(map(holds_address, filled)) / len(filled) if filled else 0
        if share >= best_share and (best is None or share > best_share):
            best, best_share = index, share
    return best
