"""Spreadsheet bombs and other files beyond bounds are refused in seconds, each with its word."""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading import parent
from contacts.imports.reading.bounds import Bounds, FileRefused
from tests.contacts.imports import workbooks
from tests.contacts.imports.reading import SECRET, read

_CELL = '<c r="{0}" t="inlineStr"><is><t>x@example.org</t></is></c>'
_PERSON = _CELL.format("A2")


def refused(path: Path, seconds: float = 10) -> str:
    """The word of refusal, which must come in time and from the preview already."""
    start = time.perf_counter()
    with pytest.raises(FileRefused) as found:
        parent.preview(path)
    assert time.perf_counter() - start < seconds
    return found.value.word


def cleaned(path: Path, bounds: Bounds, columns: tuple[str, ...] = ("address",)) -> str:
    """The word of refusal of the second step, "" for none."""
    try:
        list(parent.clean(path, Plan(columns), import_id=1, secret=SECRET, bounds=bounds))
    except FileRefused as word:
        return word.word
    return ""


def test_a_million_rows_in_a_small_workbook_are_refused(tmp_path):
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>p@example.org</t></is></c></row>'
    pieces = (
        "".join(row.format(n) for n in range(first, first + 10_000)).encode()
        for first in range(2, 10**6, 10_000)
    )
    path = workbooks.raw(tmp_path / "rows.xlsx", pieces)
    assert path.stat().st_size < 6_000_000
    assert refused(path) == "too_many_rows"


def test_a_workbook_whose_one_text_unpacks_to_300_mb_is_refused(tmp_path):
    text = b"a" * 1_000_000
    path = workbooks.raw(
        tmp_path / "text.xlsx", '<row r="2"><c r="A2" t="s"><v>0</v></c></row>', strings=[text] * 300
    )
    assert path.stat().st_size < 400_000
    assert refused(path) == "too_large"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (f'<row r="1048576">{_CELL.format("XFD1048576")}</row>', "too_many_rows"),
        (f'<row r="2">{_CELL.format("XFD2")}</row>', "too_many_columns"),
        ("<row r='2'><c t='inlineStr' r = 'XFD1048576' ><is><t>x</t></is></c></row>", "too_many_rows"),
        ('<row r="1048576"><c t="inlineStr"><is><t>x</t></is></c></row>', "too_many_rows"),
        (f'<row r="2">{_CELL.format("&#88;FD1048576")}</row>', "damaged"),
        ('<x:row r="2"><x:c r="XFD2"><x:v>1</x:v></x:c></x:row>', "too_many_columns"),
    ],
)
def test_a_cell_in_the_far_corner_is_refused_however_it_says_where_it_stands(tmp_path, row, word):
    assert refused(workbooks.raw(tmp_path / "far.xlsx", row)) == word


def test_a_far_cell_that_is_only_painted_is_no_reason_to_refuse(tmp_path):
    row = f'<row r="2">{_PERSON}<c r="XFD2" s="1"/></row><row r="1048576" s="1"/>'
    assert len(read(workbooks.raw(tmp_path / "painted.xlsx", row)).kept) == 1


def test_entities_that_double_and_double_are_refused(tmp_path):
    names = "abcdefghij"
    entities = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    before = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{entities}]>'
    path = workbooks.raw(tmp_path / "entities.xlsx", f'<row r="2">{_CELL.format("A2")}</row>', before=before)
    assert refused(path) == "damaged"


def test_an_archive_of_more_members_or_bytes_than_we_take_is_refused(tmp_path):
    path = workbooks.raw(tmp_path / "many.xlsx", f'<row r="2">{_PERSON}</row>')
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(6_000):
            archive.writestr(f"xl/media/{number}", b"")
    assert refused(path) == "too_large"
    path = workbooks.raw(tmp_path / "large.xlsx", f'<row r="2">{_PERSON}</row>')
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/1", "w") as member,
    ):
        for _ in range(600):
            member.write(bytes(1_000_000))
    assert refused(path) == "too_large"


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path):
    path = workbooks.raw(
        tmp_path / "lie.xlsx",
        '<row r="2"><c r="A2" t="s"><v>0</v></c></row>',
        strings=[b"a" * 1_000_000] * 20,
    )
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        true = archive.getinfo("xl/sharedStrings.xml").file_size
    path.write_bytes(data.replace(true.to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
    assert refused(path) in ("damaged", "too_large", "too_much_memory")


def test_repeated_cells_of_an_opendocument_table_are_refused(tmp_path):
    name = "urn:oasis:names:tc:opendocument:xmlns"
    cell = (
        '<table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
        "<text:p>x@example.org</text:p></table:table-cell>"
    )
    with zipfile.ZipFile(tmp_path / "repeat.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{name}:manifest:1.0"/>'
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{name}:office:1.0" xmlns:table="{name}:table:1.0" '
            f'xmlns:text="{name}:text:1.0"><office:body><office:spreadsheet><table:table table:name="S">'
            f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    assert refused(tmp_path / "repeat.ods") in ("damaged", "too_many_columns", "too_much_memory")


def test_text_files_have_bounds_of_bytes_rows_and_columns(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"p{number}@example.org\n" for number in range(100)))
    assert cleaned(path, Bounds()) == ""
    assert cleaned(path, Bounds(file=1_000)) == "too_large"
    assert cleaned(path, Bounds(rows=50)) == "too_many_rows"
    path.write_text("email" + ",x" * 300 + "\na@example.org\n")
    assert refused(path) == "too_many_columns"


def test_blocks_that_came_before_a_bound_was_met_are_kept_apart_from_the_refusal(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"p{number}@example.org\n" for number in range(100)))
    blocks = parent.clean(
        path, Plan(("address",)), import_id=1, secret=SECRET, block_rows=20, bounds=Bounds(rows=50)
    )
    assert [next(blocks).rows, next(blocks).rows] == [20, 20]
    with pytest.raises(FileRefused):
        next(blocks)


def test_a_reader_that_computes_too_long_or_asks_for_too_much_is_stopped_by_the_kernel(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("email,name\n")
        file.writelines(f"p{number}@example.org,Name {number}\n" for number in range(600_000))
    assert cleaned(path, Bounds(seconds=1), ("address", "name")) == "too_slow"
    path.write_text("email,name\na@example.org,A\n")
    assert cleaned(path, Bounds(memory=24), ("address", "name")) in ("too_much_memory", "damaged")


def test_a_large_line_takes_little_memory_and_costs_only_its_row(tmp_path):
    path = tmp_path / "line.csv"
    path.write_text("email,name\na@example.org," + "x" * 60_000_000 + "\nb@example.org,B\n")
    # 60 million letters held at once would go beyond these 100 MB of address space.
    assert cleaned(path, replace(Bounds(), memory=100), ("address", "name")) == ""
    found = read(path)
    assert found.rejected == [[2, "too_long"]]
    assert [row["address"] for row in found.kept] == ["b@example.org"]


def test_a_workbook_behind_a_password_is_refused(tmp_path):
    # An OLE container that is no workbook is what an encrypted .xlsx looks like.
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_536))
    assert refused(path) == "unsupported_format"


def test_a_sheet_that_is_not_there_is_refused_by_name(tmp_path):
    path = workbooks.save(tmp_path / "two.xlsx", {"A": [["email"], ["a@example.org"]]})
    with pytest.raises(FileRefused) as found:
        parent.preview(path, ReadOptions(sheet="B"))
    assert found.value.word == "no_rows"
