"""Records and the lines they begin on, whatever ends a line, opens a quote or is no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from contacts.imports.reading.bounds import Bounds
from contacts.imports.reading.rows import MARK, TextTable


@pytest.fixture
def rows_of(tmp_path: Path):
    def read(data: bytes, encoding: str = "utf-8", separator: str = ",", **bounds: int):
        path = tmp_path / "table"
        path.write_bytes(data)
        table = TextTable(path, encoding, separator, Bounds(**bounds))
        found = list(table.rows())
        table.close()
        return found, table.unread

    return read


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_record_stands_under_the_line_where_it_begins_whatever_ends_a_line(rows_of, end):
    data = end.join([b"email,name", b"", b'a@example.org,"two', b'lines"', b" , ", b"b@example.org,B"])
    found, unread = rows_of(data)
    assert [(line, cells[0]) for line, cells, _ in found] == [
        (1, "email"),
        (3, "a@example.org"),
        (6, "b@example.org"),
    ]
    assert found[1][1][1] == f"two{end.decode()}lines"
    assert unread == []


def test_line_ends_may_be_mixed_in_one_file(rows_of):
    found, _ = rows_of(b"a\nb\r\nc\rd")
    assert [(line, cells) for line, cells, _ in found] == [(1, ["a"]), (2, ["b"]), (3, ["c"]), (4, ["d"])]


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_sign_that_python_takes_for_a_line_end_ends_no_line(rows_of, sign):
    found, _ = rows_of(f"a{sign}b\nc".encode())
    assert [(line, cells) for line, cells, _ in found] == [(1, [f"a{sign}b"]), (2, ["c"])]


@pytest.mark.parametrize(
    ("data", "line", "unread"),
    [
        (b'h\na,"open\nb,B\nc,C\n', 2, [(3, 4)]),
        (b'h\na,"open\nb,"B"\nc,C\n', 2, [(3, 3)]),  # the next quote closes it, in the middle of a cell
        (b'h\na,A\nb,"open', 3, []),
        (b'h\na,A\nb,"', 3, []),
    ],
)
def test_a_quote_that_is_not_closed_is_found_where_it_was_opened(rows_of, data, line, unread):
    found, not_read = rows_of(data)
    assert [number for number, _, fault in found if fault == "unclosed_quote"] == [line]
    assert not_read == unread


def test_rows_after_a_quote_that_swallowed_some_are_read(rows_of):
    found, _ = rows_of(b'h\na,"open\nb,"B"\nc,C\n')
    assert found[-1] == (4, ["c", "C"], "")


def test_a_rejected_record_holds_all_that_its_open_quote_swallowed(rows_of):
    found, _ = rows_of(b'h\na,"open\nb,B\n')
    assert found[1][1] == ["a", "open\nb,B\n"]


def test_a_quote_that_swallows_more_than_a_record_may_hold_is_not_kept_in_memory(rows_of):
    lines = b"".join(b"p%d@example.org,x\n" % number for number in range(200))
    found, unread = rows_of(b'h\na,"open\n' + lines + b'z,"\nlast,row\n', record=1_000)
    assert [(line, cells[0], fault) for line, cells, fault in found] == [
        (1, "h", ""),
        (2, "a", "unclosed_quote"),
        (204, "last", ""),
    ]
    assert unread == [(3, 203)]
    assert sum(map(len, found[1][1])) <= 2_000


def test_a_line_longer_than_a_record_may_be_is_rejected_and_the_next_is_read(rows_of):
    found, _ = rows_of(b"h\na," + b"x" * 5_000 + b"\nb,B\n", record=1_000)
    assert [(line, cells[0], fault) for line, cells, fault in found] == [
        (1, "h", ""),
        (2, "a", "too_long"),
        (3, "b", ""),
    ]


def test_a_cell_longer_than_the_csv_module_takes_by_itself_is_read(rows_of):
    found, _ = rows_of(b"h\na," + b"x" * 140_000 + b"\n")
    assert len(found[1][1][1]) == 140_000


def test_bytes_that_are_no_text_fault_their_row_alone(rows_of):
    found, _ = rows_of("a,Zoë\n".encode() + b"b,Zo\xeb\n" + "c,Zoë\n".encode())
    assert [(cells[0], fault) for _, cells, fault in found] == [("a", ""), ("b", "undecodable"), ("c", "")]
    assert found[1][1][1] == f"Zo{MARK}"


@pytest.mark.parametrize("encoding", ["cp932", "gb18030", "big5", "euc_kr", "utf-16-le"])
def test_dirt_in_an_encoding_of_several_bytes_faults_its_row_alone(rows_of, encoding):
    clean = "名,一\n".encode(encoding)
    dirt = b"\x00\xd8" + "\n".encode(encoding) if encoding == "utf-16-le" else b"\x81,x\n"
    found, _ = rows_of(clean + dirt + clean, encoding)
    assert [fault for _, _, fault in found] == ["", "undecodable", ""]


def test_a_byte_order_mark_belongs_to_no_cell(rows_of):
    assert rows_of(b"\xef\xbb\xbfemail\n")[0] == [(1, ["email"], "")]
    assert rows_of("\ufeffemail\n".encode("utf-16-le"), "utf-16-le")[0] == [(1, ["email"], "")]


def test_nul_and_quotes_inside_a_cell_are_kept_for_the_rules_to_judge(rows_of):
    found, _ = rows_of(b'a\x00b,say "hi",""""\n')
    assert found == [(1, ["a\0b", 'say "hi"', '"'], "")]


def test_blanks_before_a_quoted_cell_do_not_make_its_quotes_text(rows_of):
    assert rows_of(b'a, "Smith, J", DE\n')[0] == [(1, ["a", "Smith, J", "DE"], "")]
