"""The files of the shared data folder, against the numbers that come with them (docs/decisions/0008)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contacts.imports.plan import ReadOptions
from tests.contacts.imports.reading import read, row_line
from tests.shared_data import shared

FOLDER = shared("data/contacts")
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text()) if FOLDER else {}
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the shared data folder is not here")

# The workbook under the name of a text file is imported: the folder's README allows either.
TAKEN = {"41_workbook_named.csv": "37_excel_plain.xlsx"}
# What becomes of the rows on which sound software differs: line to reason, "" for created.
POLICY: dict[str, dict[int, str]] = {
    "12_listmonk_import.csv": {13: "", 14: ""},
    "14_duplicates.csv": {29: "", 31: ""},
    "15_invalid_addresses.csv": {49: ""},
    "16_unusual_valid_addresses.csv": {
        **dict.fromkeys([29, 30, 31, 32, 33, 35, 36, 37], "invalid"),
        34: "",
    },
    "19_nul_and_control.csv": dict.fromkeys([6, 7, 10, 11, 12], ""),
    "20_long_fields.csv": {4: "", 8: ""},
    "31_two_email_columns.csv": {6: "missing"},
}


def duplicates(rows: list[dict[str, str | None]]) -> list[list[int]]:
    """Line and the line it repeats, by the key that tells people apart."""
    first: dict[str | None, int] = {}
    found = []
    for row in rows:
        line = row_line(row)
        if first.setdefault(row["address_key"], line) != line:
            found.append([line, first[row["address_key"]]])
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_gives_the_rows_and_reasons_that_are_expected_of_it(name):
    assert FOLDER is not None
    expected = EXPECTED[TAKEN.get(name, name)]
    found = read(FOLDER / name)
    assert (found.problem or None) == expected["file_error"]
    if found.problem:
        assert found.rows == []
        return
    policy = {line for line, _ in expected["policy"]}
    assert len(found.rows) == expected["rows"]
    assert [each for each in found.rejected if each[0] not in policy] == expected["rejected"]
    assert [each for each in duplicates(found.kept) if each[0] not in policy] == expected["duplicates"]
    first_lines = {row["address_key"]: row_line(row) for row in reversed(found.kept)}
    refused = {first_lines[row["address_key"]] for row in found.kept if row["standing"]}
    assert sorted(refused) == expected["suppressed"]
    judged = {row_line(row): row["reason"] for row in found.rows if row_line(row) in policy}
    assert judged == POLICY.get(name, {})


@pytest.mark.parametrize("name", [name for name, each in EXPECTED.items() if each.get("encoding")])
def test_a_text_file_is_read_in_the_encoding_and_by_the_separator_it_was_written_in(name):
    assert FOLDER is not None
    expected = EXPECTED[name]
    found = read(FOLDER / name).preview
    if found is None:
        pytest.skip("refused as a whole")
    assert found.options.encoding == expected["encoding"]
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "": expected["delimiter"]}
    assert names[found.options.separator] == expected["delimiter"]
    assert found.newline == expected["newline"]
    assert found.certain == expected["encoding"].startswith("utf")


def test_a_file_without_header_is_imported_whole_once_staff_say_so():
    assert FOLDER is not None
    found = read(FOLDER / "23_no_header.csv", ReadOptions(header=False))
    assert len(found.kept) == 20


def test_the_folded_letters_of_one_word_are_one_person():
    """ß and ss, σ and ς are one by case folding, the rule of our keys: docs/decisions/0008."""
    assert FOLDER is not None
    found = duplicates(read(FOLDER / "14_duplicates.csv").kept)
    assert [29, 28] in found
    assert [31, 30] in found
