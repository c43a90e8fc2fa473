"""A row by its plan: cleaned or rejected, and as PostgreSQL takes it by COPY."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.imports.cleaning.rows import COPY_COLUMNS, Cleaner
from contacts.imports.cleaning.words import REASONS, WARNINGS
from contacts.imports.plan import Plan, ReadOptions
from contacts.models import ImportRow
from tests.contacts.imports.reading import rows_of

EVERYTHING = (
    "address",
    "name",
    "first_name",
    "last_name",
    "country",
    "language",
    "time_zone",
    "status",
    "consent",
    "consent_at",
    "consent_ip",
    "confirmed_at",
    "unsubscribed_at",
    "attributes",
    "tags",
    "attribute:city",
    "attribute:age",
    "attribute:born",
    "attribute:member",
)
KINDS = {"city": "text", "age": "number", "born": "date", "member": "yes_no"}


def row_of(cells: dict[str, str], fault: str = "", **options: str) -> dict[str, str | None]:
    """The row that cells, by field, become."""
    plan = Plan(tuple(cells), ReadOptions(**options), KINDS)  # type: ignore[arg-type]
    return rows_of(Cleaner(plan, "secret", 1).line(2, list(cells.values()), fault).encode())[0]


def copy(lines: list[str]) -> list[ImportRow]:
    """What PostgreSQL makes of lines for COPY."""
    columns = ", ".join(f'"{name}"' for name in COPY_COLUMNS)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY contacts_importrow ({columns}) FROM STDIN") as stream,
    ):
        stream.write("".join(lines).encode())
    return list(ImportRow.objects.order_by("line"))


CELL = st.one_of(
    st.text(max_size=40),
    st.text('\\"{}\t\r\n,\0\udc80;|a', max_size=12),
    st.sampled_from(
        ["yes", "unsubscribed", "2023-05-01", "01/02/2023", '{"a": "\\\\"}', "DE", "53,5", "\\N", "\\."]
    ),
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["a@example.org", "É@bücher.example", ""]), st.lists(CELL, max_size=20)),
        max_size=8,
    )
)
def test_whatever_stands_in_the_cells_postgresql_takes_every_line(records):
    cleaner = Cleaner(Plan(EVERYTHING, attributes=KINDS), "secret", 1)
    lines = [
        cleaner.line(number, [address, *cells]) for number, (address, cells) in enumerate(records, start=2)
    ]
    ImportRow.objects.all().delete()
    found = copy(lines)
    assert [row.line for row in found] == list(range(2, 2 + len(records)))
    for row, (address, cells) in zip(found, records, strict=True):
        assert set(row.warnings or []) <= set(WARNINGS)
        if row.result:
            assert row.reason in REASONS
            shown = [cell.replace("\0", "\u2400").replace("\udc80", "?") for cell in [address, *cells]]
            assert row.cells == shown
        else:
            assert row.address_key
            assert row.cells is None


@pytest.mark.django_db
def test_a_row_of_every_field_reaches_the_columns_of_its_fields():
    cells = {
        "address": "Eve.Stone@Example.org",
        "first_name": "Eve",
        "last_name": "Stone \\ Söhne",
        "country": "Allemagne",
        "language": "pt_BR",
        "time_zone": "europe/berlin",
        "status": "subscribed",
        "consent": "ja",
        "consent_at": "2023-05-01 08:00",
        "consent_ip": "203.0.113.7",
        "attributes": '{"lang": "en", "quote": "\\"\\\\"}',
        "tags": '"Größe, XL",donor',
        "attribute:city": 'Köln\t"am" \\Rhein',
        "attribute:age": "42",
        "attribute:born": "31/12/1980",
        "attribute:member": "oui",
    }
    cleaner = Cleaner(Plan(tuple(cells), attributes=KINDS), "secret", 7)
    row = copy([cleaner.line(5, list(cells.values()))])[0]
    assert (row.from_import_id, row.line, row.result) == (7, 5, "")
    assert (row.address, row.address_key) == ("Eve.Stone@example.org", "eve.stone@example.org")
    assert bytes(row.address_hash).hex() == cleaner._addresses.hash_of("eve.stone@example.org")
    assert (row.name, row.last_name) == ("Eve Stone \\ Söhne", "Stone \\ Söhne")
    assert (row.country, row.language, row.time_zone) == ("DE", "pt-br", "Europe/Berlin")
    assert row.attributes == {
        "lang": "en",
        "quote": '"\\',
        "tags": ["Größe, XL", "donor"],
        "city": 'Köln\t"am" \\Rhein',
        "age": 42,
        "born": "1980-12-31",
        "member": True,
    }
    assert row.standing == ""
    assert row.consent_at.isoformat() == "2023-05-01T08:00:00+00:00"
    assert row.proof == {"consent": "ja", "consent_ip": "203.0.113.7"}
    assert row.warnings is None


@pytest.mark.parametrize(
    ("cells", "reason", "column"),
    [
        ({"name": "A", "address": ""}, "missing", "1"),
        ({"address": "eve"}, "invalid", "0"),
        ({"address": "a@example.org", "": "x", "name": "x" * 201}, "too_long", "2"),
        ({"address": "a@example.org", "country": "D\0"}, "control_character", "1"),
        ({"address": "a@example.org", "attribute:city": "D\0"}, "control_character", "1"),
        ({"address": "a@example.org", "attribute:city": "x" * 100_001}, "too_long", "1"),
    ],
)
def test_a_rejected_row_names_its_reason_and_the_cell_at_fault_and_keeps_its_cells(cells, reason, column):
    row = row_of(cells)
    assert (row["result"], row["reason"], row["column"]) == ("rejected", reason, column)
    assert row["cells"] is not None
    assert row["address"] == row["name"] == ""


def test_more_cells_than_columns_reject_a_row_and_fewer_do_not():
    cleaner = Cleaner(Plan(("address", "name", "country")), "secret", 1)
    lines = [
        cleaner.line(2, ["a@example.org"]),
        cleaner.line(3, ["a@example.org", "Nagy", " Anna", "HU"]),
        cleaner.line(4, ["a@example.org", "A", "HU", "", " "]),
    ]
    assert [row["reason"] for row in rows_of("".join(lines).encode())] == ["", "column_count", ""]
    assert cleaner.rejected == {"column_count": 1}


def test_what_one_row_said_is_forgotten_at_the_next():
    plan = Plan(("address", "status", "attribute:city", "name"), attributes=KINDS)
    cleaner = Cleaner(plan, "secret", 1)
    cleaner.line(2, ["a@example.org", "unsubscribed", "Köln", "x" * 201])
    cleaner.line(3, ["b@example.org", "bounced", "Köln", "Jos?e"])
    row = rows_of(cleaner.line(4, ["c@example.org"]).encode())[0]
    assert (row["standing"], row["attributes"], row["warnings"]) == ("", "{}", None)


@pytest.mark.parametrize(
    ("cells", "standing"),
    [
        ({"status": "subscribed", "consent": "yes"}, ""),
        ({"status": "", "consent": "yes"}, ""),
        ({"status": "active", "consent": "1"}, ""),
        ({"status": "subscribed", "consent": "no"}, "no_consent"),
        ({"status": "subscribed", "consent": ""}, "no_consent"),
        ({"status": "subscribed", "consent": "perhaps"}, "no_consent"),
        ({"consent": "2023-05-01"}, ""),
        ({"consent": "", "consent_at": "2023-05-01"}, ""),
        ({"status": "subscribed", "unsubscribed_at": "2023-06-01"}, "unsubscribed"),
        ({"status": "subscribed", "unsubscribed_at": "some day"}, "unsubscribed"),
        ({"status": "subscribed", "unsubscribed_at": "0000-00-00 00:00:00"}, ""),
        ({"status": "unsubscribed", "bounced_at": "2023-06-01"}, "bounced"),
        ({"unsubscribed_at": "No"}, ""),
        ({"unsubscribed_at": "1"}, "unsubscribed"),
        ({"unsubscribed_at": "opted-out"}, "unsubscribed"),
        ({"bounced_at": "false"}, ""),
        ({"bounced_at": "On Hold Bounce"}, "bounced"),
        ({"do_not_contact": "Yes", "status": "subscribed"}, "do_not_contact"),
        ({"do_not_contact": "0"}, ""),
        ({"status": "gold member"}, "disabled"),
        ({"status": "opted-out", "consent": "TRUE"}, "unsubscribed"),
    ],
)
def test_a_person_may_be_mailed_only_if_nothing_in_the_row_forbids_it(cells, standing):
    assert row_of({"address": "a@example.org", **cells})["standing"] == standing


def test_what_holds_for_the_whole_file_holds_for_every_row_of_it():
    assert row_of({"address": "a@example.org"}, standing="unsubscribed")["standing"] == "unsubscribed"
    worse = row_of({"address": "a@example.org", "status": "complained"}, standing="unsubscribed")
    assert worse["standing"] == "complained"


@pytest.mark.parametrize(
    ("field", "text", "warning"),
    [
        ("country", "Atlantis", "unknown_country"),
        ("language", "Gibberish", "unknown_language"),
        ("time_zone", "Mars/Base", "unknown_time_zone"),
        ("status", "gold member", "unknown_status"),
        ("consent", "perhaps", "unclear_consent"),
        ("consent_at", "2023-13-01", "not_a_date"),
        ("consent_at", "01/02/2023", "ambiguous_date"),
        ("attribute:age", "old", "not_a_number"),
        ("attribute:born", "01/02/2023", "ambiguous_date"),
        ("attribute:member", "perhaps", "not_yes_or_no"),
        ("attributes", "{", "broken_attributes"),
        ("tags", "x" * 101, "too_many_tags"),
    ],
)
def test_what_is_not_understood_is_left_out_with_a_warning_and_the_person_kept(field, text, warning):
    row = row_of({"address": "a@example.org", field: text})
    assert row["result"] == ""
    assert row["warnings"] == "{" + warning + "}"
    assert json.loads(row["attributes"] or "") == {}
    assert row["consent_at"] is None


def test_the_name_beside_an_address_fills_only_an_empty_name():
    assert row_of({"address": "Eve Stone <e@example.org>"})["name"] == "Eve Stone"
    assert row_of({"address": "Eve Stone <e@example.org>", "name": "Dr Stone"})["name"] == "Dr Stone"


def test_an_ordinary_row_costs_microseconds():
    """The goal is 8 µs on a quiet machine; four times that tells a slow road from a busy neighbour."""
    plan = Plan(("address", "name", "country", "attribute:city"), attributes=KINDS)
    cleaner = Cleaner(plan, "secret", 1)
    rows: list[Any] = [
        [f"person.{n}@mail{n % 50}.example.org", f"Name {n}", "DE", "Köln"] for n in range(20_000)
    ]
    start = time.process_time()
    for number, cells in enumerate(rows):
        cleaner.line(number, cells)
    assert (time.process_time() - start) / len(rows) < 32e-6
