"""Any bytes at all: a word of refusal or rows, and no line that is lost without one."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.imports.cleaning.rows import Cleaner
from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading.bounds import FILE_ERRORS, Bounds, FileRefused
from contacts.imports.reading.preview import Preview, of_table
from contacts.imports.reading.table import open_table
from tests.contacts.imports.reading import rows_of

PIECE = st.one_of(
    st.sampled_from(
        [
            "email",
            "name",
            "a@example.org",
            "Zoë",
            '"',
            '""',
            ",",
            ";",
            "\t",
            "\r",
            "\n",
            "\r\n",
            " ",
            "\u2028",
        ]
    ),
    st.text(max_size=5),
)
TEXT = st.lists(PIECE, max_size=40).map(lambda pieces: "email,name\n" + "".join(pieces))
BYTES = st.one_of(
    st.binary(max_size=300),
    TEXT.map(lambda text: text.encode("utf-8", "replace")),
    st.tuples(TEXT, st.sampled_from(["cp1251", "utf-16", "cp932", "gb18030", "latin-1"])).map(
        lambda pair: pair[0].encode(pair[1], "replace")
    ),
    st.tuples(TEXT, st.binary(max_size=20)).map(lambda pair: pair[0].encode("utf-8", "replace") + pair[1]),
)


def take(data: bytes, options: ReadOptions = ReadOptions(), **bounds: int):  # noqa: B008 — it is frozen
    """The preview and the rows of some bytes, read in this process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(data)
        table = open_table(path, options, Bounds(**bounds))
        preview = of_table(table, [])
        told = json.loads(json.dumps(preview.to_json()))
        assert json.loads(json.dumps(Preview.from_json(told).to_json())) == told
        if "address" not in preview.fields:
            return preview, [], table.unread
        cleaner = Cleaner(Plan(preview.fields, preview.options), "k", 1)
        lines = [cleaner.line(*row) for row in table.rows()]
    return preview, rows_of("".join(lines).encode()), table.unread


@settings(max_examples=300, deadline=None)
@given(BYTES)
def test_any_bytes_give_rows_or_a_word(data):
    word, rows = "", []
    try:
        _, rows, _ = take(data, record=200)
    except FileRefused as refused:
        word = refused.word
    assert word in ("", *FILE_ERRORS)
    numbers = [int(row["line"] or 0) for row in rows]
    assert numbers == sorted(set(numbers))


@settings(max_examples=300, deadline=None)
@given(TEXT.filter(lambda text: '"' not in text))
def test_every_line_that_holds_anything_is_a_row_in_a_text_without_quotes(text):
    options = ReadOptions(encoding="utf-8", separator=",", header=True, header_line=1)
    try:
        _, rows, unread = take(text.encode("utf-8", "replace"), options)
    except FileRefused:
        return
    lines = re.split("\r\n|\n|\r", text)
    filled = [number for number, line in enumerate(lines, 1) if line.replace(",", "").strip() and number > 1]
    assert [int(row["line"] or 0) for row in rows] == filled
    assert unread == []


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_every_address_in_the_file_is_in_a_row_or_in_the_cells_of_a_rejected_one(text):
    options = ReadOptions(encoding="utf-8", separator=",", header=True, header_line=1)
    try:
        _, rows, _ = take(text.encode("utf-8", "replace"), options)
    except FileRefused:
        return
    told = "".join(f"{row['address']}{row['name']}{row['cells']}" for row in rows)
    assert told.count("a@example.org") >= text.count("a@example.org")
