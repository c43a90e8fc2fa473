"""What the bytes of a file are. The name it came under says nothing: workbooks arrive as .csv, tables as .xls."""

from __future__ import annotations

import zipfile
from pathlib import Path

from contacts.imports.reading.bounds import FileRefused

TEXT = "csv"
WORKBOOKS = ("xlsx", "xls", "xlsb", "ods")

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls (and of .doc, which calamine refuses)
_NOT_TEXT = (
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x1f\x8b",  # gzip
    b"7z\xbc\xaf",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
    b"SQLite format 3",
    b"{\\rtf",
)
_MARKUP = (b"<?xml", b"<html", b"<!doctype", b"<table", b"<meta")  # what some programs call .xls
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ORDINARY_CONTROLS = frozenset(b"\t\n\x0b\x0c\r\x1a\x1b")
SAMPLE = 65_536


def of_file(path: Path) -> str:
    """ "csv" for any kind of text table, or one of WORKBOOKS.

    Raises FileRefused: empty_file, unsupported_format, or damaged for a zip that cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not head:
        raise FileRefused("empty_file")
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(path)
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(_NOT_TEXT) or head[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        raise FileRefused("unsupported_format")
    if not head.startswith(_WIDE_MARKS) and not wide_without_mark(head) and _binary(head):
        raise FileRefused("unsupported_format")
    return TEXT


def wide_without_mark(head: bytes) -> str:
    """ "utf-16-le" or "utf-16-be" where every other byte of a mostly Latin text is NUL; else empty."""
    if len(head) < 4:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""


def _of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise FileRefused("damaged") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "content.xml" in names:
        return "ods"
    raise FileRefused("unsupported_format")


def _binary(head: bytes) -> bool:
    """A few stray control bytes are dirt in a text; more than a tenth are something else."""
    controls = sum(head.count(byte) for byte in range(32) if byte not in _ORDINARY_CONTROLS)
    return controls * 10 > len(head)
