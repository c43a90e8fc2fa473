"""The reader process: what it knows, what it says, and that it can be left and begun again at any row."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading import parent
from contacts.imports.reading.preview import Preview
from contacts.imports.reading.protocol import Block, Done
from tests.contacts.imports.reading import SECRET, read

PLAN = Plan(("address", "name"))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    rows = [f"p{number}@example.org,Name {number}\n" for number in range(1, 1_001)]
    rows[499] = "broken,Name\n"
    path.write_text("email,name\n" + "".join(rows))
    return path


def frames(path: Path, after_line: int = 0, block_rows: int = 300) -> tuple[list[Block], Done]:
    *blocks, done = parent.clean(
        path, PLAN, import_id=1, secret=SECRET, after_line=after_line, block_rows=block_rows
    )
    assert isinstance(done, Done)
    return [block for block in blocks if isinstance(block, Block)], done


def test_blocks_tell_their_rows_and_the_line_up_to_which_all_is_told(people):
    blocks, done = frames(people)
    assert [block.rows for block in blocks] == [300, 300, 300, 100]
    assert [block.last_line for block in blocks] == [301, 601, 901, 1001]
    assert [dict(block.rejected) for block in blocks] == [{}, {"invalid": 1}, {}, {}]
    assert blocks[-1].bytes_read == people.stat().st_size
    assert (done.rows, dict(done.rejected)) == (1_000, {"invalid": 1})
    assert all(block.lines.count(b"\n") == block.rows for block in blocks)


def test_a_file_begun_again_after_any_block_gives_the_rows_of_an_undisturbed_run(people):
    whole, _ = frames(people)
    for taken in range(1, len(whole)):
        rest, done = frames(people, after_line=whole[taken - 1].last_line)
        assert b"".join(block.lines for block in [*whole[:taken], *rest]) == b"".join(
            block.lines for block in whole
        )
        assert done.rows == sum(block.rows for block in rest)


def test_a_reader_that_nobody_listens_to_ends(people):
    before = children()
    blocks = parent.clean(people, PLAN, import_id=1, secret=SECRET, block_rows=1)
    next(blocks)
    assert children() - before
    blocks.close()
    assert children() == before


def children() -> set[str]:
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


def test_the_reader_starts_in_a_moment_and_without_django():
    loaded = "import sys, contacts.imports.reading.child, contacts.imports.reading.preview"
    told = "import contacts.imports.cleaning.rows; print('django' in sys.modules, 'email_validator' in sys.modules)"
    start = time.perf_counter()
    found = subprocess.run(
        [sys.executable, "-c", f"{loaded}; {told}"], capture_output=True, text=True, check=True, env={}
    )
    assert found.stdout == "False False\n"
    assert time.perf_counter() - start < 2  # 0.05 s on a quiet machine


def test_the_reader_is_given_no_secret_of_the_site_in_its_environment_or_arguments(
    people, tmp_path, monkeypatch
):
    monkeypatch.setenv("SECRET_KEY", "of the site")
    blocks = parent.clean(people, PLAN, import_id=1, secret="the hash's key", block_rows=1)
    next(blocks)
    try:
        for child in children():
            process = Path("/proc", child)
            if b"reading.child" in process.joinpath("cmdline").read_bytes():
                break
        else:
            pytest.fail("no reader is running")
        told = process.joinpath("environ").read_bytes() + process.joinpath("cmdline").read_bytes()
    finally:
        blocks.close()
    assert b"of the site" not in told
    assert b"the hash's key" not in told


def test_a_fault_in_the_reader_tells_no_text_of_the_file(tmp_path):
    """A separator of two signs is refused by the csv module in words of its own."""
    path = tmp_path / "people.csv"
    path.write_text("email\nsecret@example.org\n")
    found = read(path, ReadOptions(separator="ab"))
    assert found.problem == "unsupported_format"
    assert read(path, ReadOptions(encoding="no-such")).problem == "unsupported_format"


def test_a_preview_survives_its_way_into_json_and_back(people):
    preview = parent.preview(people)
    assert Preview.from_json(preview.to_json()) == preview


def test_a_preview_shows_the_first_rows_and_what_each_column_holds(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "E-Mail,E-Mail 2,Eingetragen am,Größe,Private\n"
        "a@example.org,b@example.org,01/02/2023,XL,x@example.org\n"
        "c@example.org,,03/04/2023,M,\n"
    )
    preview = parent.preview(path, attributes=["grosse"])
    assert [(line, cells[0]) for line, cells in preview.rows] == [(2, "a@example.org"), (3, "c@example.org")]
    assert preview.fields == ["address", "", "", "attribute:grosse", ""]
    assert [column.repeats for column in preview.columns] == [False, True, False, False, True]
    assert preview.columns[3].samples == ["XL", "M"]
    assert preview.columns[2].attribute == "eingetragen_am"
    assert preview.ambiguous_dates
    assert not parent.preview(path, ReadOptions(date_order="dmy")).ambiguous_dates
    assert (preview.options.separator, preview.options.header_line, preview.more_rows) == (",", 1, False)


def test_cells_under_a_separator_without_a_name_belong_to_a_column_that_is_left_out(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("email,name,\na@example.org,A,remark\nb@example.org,B,remark,slipped\n")
    found = read(path)
    assert [row["address"] for row in found.kept] == ["a@example.org"]
    assert found.rejected == [[3, "column_count"]]


def test_the_end_tells_of_columns_left_out_and_lines_not_read(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text('E-Mail,E-Mail 2,City\na@example.org,,"Köln\nb@example.org,,Bonn\n')
    done = read(path).done
    assert done is not None
    assert list(done.notes) == [
        {"word": "lines_not_read", "first": 3, "last": 3},
        {"word": "second_address_column", "header": "E-Mail 2"},
        {"word": "column_left_out", "header": "City"},
    ]


def test_addresses_side_by_side_without_a_heading_are_not_left_out_in_silence(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("A <a@example.org>; B <b@example.org>; ;\n")
    done = read(path, ReadOptions(header=False)).done
    assert done is not None
    assert list(done.notes) == [{"word": "second_address_column", "header": "2"}]


@pytest.mark.parametrize(
    ("header", "source", "standing"),
    [
        ("Email Address,LEID,EUID,TAGS", "mailchimp", ""),
        ("Email Address,UNSUB_TIME,LEID,EUID", "mailchimp", "unsubscribed"),
        ("Email Address,CLEAN_TIME,LEID,EUID", "mailchimp", "bounced"),
        ("uuid,email,name,attributes,status", "listmonk", ""),
        ("email,name", "", ""),
    ],
)
def test_exports_of_other_services_are_known_by_their_columns(tmp_path, header, source, standing):
    path = tmp_path / "export.csv"
    cells = ["a@example.org" if "mail" in name.lower() else "" for name in header.split(",")]
    path.write_text(f"{header}\n{','.join(cells)}\n")
    preview = parent.preview(path)
    assert (preview.source, preview.options.standing) == (source, standing)
