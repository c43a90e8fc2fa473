"""Cells of workbooks as a person sees them, under the row numbers of their sheet."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest

from contacts.imports.plan import ReadOptions
from contacts.imports.reading.workbooks import as_text
from tests.contacts.imports import workbooks
from tests.contacts.imports.reading import read

DATA = Path(__file__).resolve().parents[2] / "data" / "spreadsheets"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (441632960001.0, "441632960001"),
        (-3.0, "-3"),
        (53.5, "53.5"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2023, 5, 1), "2023-05-01"),
        (datetime(2023, 5, 1, 8, 30), "2023-05-01 08:30:00"),  # noqa: DTZ001 — as a workbook has it
        (time(8, 0), "08:00:00"),
        ("007", "007"),
    ],
)
def test_a_cell_is_the_text_a_person_sees(value, text):
    assert as_text(value) == text


def test_rows_stand_under_their_sheet_numbers_and_empty_ones_are_no_rows(tmp_path):
    rows = [
        [],
        ["Members"],
        [],
        [None, "Name", "E-Mail"],
        [],
        [None, "A", "a@example.org"],
        [],
        [None, "B", "b@example.org"],
    ]
    found = read(workbooks.save(tmp_path / "gaps.xlsx", {"S": rows}))
    assert [row["line"] for row in found.kept] == ["6", "8"]
    assert [row["name"] for row in found.kept] == ["A", "B"]


def test_the_first_visible_sheet_that_holds_anything_is_read_and_all_are_named(tmp_path):
    path = workbooks.save(
        tmp_path / "sheets.xlsx",
        {
            "Hidden": [["email"], ["h@example.org"]],
            "Empty": [],
            "People": [["email"], ["p@example.org"]],
            "More": [["email"], ["m@example.org"]],
        },
        hidden=["Hidden"],
    )
    found = read(path)
    assert found.preview is not None
    assert found.preview.options.sheet == "People"
    assert found.preview.sheets == [("Hidden", True), ("Empty", False), ("People", False), ("More", False)]
    assert [row["address"] for row in found.kept] == ["p@example.org"]
    assert [row["address"] for row in read(path, ReadOptions(sheet="More")).kept] == ["m@example.org"]
    assert read(path, ReadOptions(sheet="Empty")).problem == "empty_file"


def test_a_column_without_a_name_is_a_column_and_no_reason_to_reject_its_rows(tmp_path):
    rows = [["email", "name"], ["a@example.org", "A", "a remark"], ["b@example.org", "B"]]
    found = read(workbooks.save(tmp_path / "remark.xlsx", {"S": rows}))
    assert found.preview is not None
    assert found.preview.fields == ["address", "name", ""]
    assert len(found.kept) == 2


def test_dates_and_numbers_of_a_workbook_reach_their_fields(tmp_path):
    path = workbooks.save(
        tmp_path / "dates.xlsx",
        {"S": [["email", "consent date", "phone"], ["a@example.org", datetime(2023, 5, 1), 441632960001]]},  # noqa: DTZ001
    )
    found = read(path, columns=["address", "consent_at", "attribute:phone"])
    assert found.kept[0]["consent_at"] == "2023-05-01T00:00:00+00:00"
    assert found.kept[0]["attributes"] == '{"phone":"441632960001"}'


@pytest.mark.parametrize("name", ["people.xls", "people.ods"])
def test_workbooks_of_other_programs_are_read_too(name):
    found = read(DATA / name)
    assert [(row["line"], row["address"], row["name"]) for row in found.kept] == [
        ("2", "zoe@example.org", "Zoë Ångström"),
        ("3", "ana@example.org", "Ana Łoś"),
    ]
