"""People as a file: everybody once, harmless in a spreadsheet, written down first, and readable by our own importer."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import User
from contacts import exporting, suppressions
from contacts.imports import columns
from contacts.models import Attribute, Contact, ContactExport, Segment, Suppression
from contacts.resources import HEADERS, ContactResource
from tests.contacts.hostile import hostile_values
from tests.contacts.imports import reading
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db
URL = "admin:contacts_contact_export"


@pytest.fixture
def exporter() -> User:
    return make_staff("Contacts exporters")


@pytest.fixture
def desk(client: Client, exporter: User) -> Client:
    client.force_login(exporter)
    return client


def take(desk: Client, form: str = "csv", **query: object) -> bytes:
    answer = desk.post(reverse(URL, query=query), {"format": form})
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# --- what stands in the file --------------------------------------------------------------------------------------


def test_every_format_holds_the_same_people_with_their_lists_and_attributes(desk):
    Attribute.objects.create(key="visits", name="Visits", kind="number")
    Attribute.objects.create(key="colours", name="Colours", kind="tags")
    news = make_mailing_list(slug="news")
    ann = make_contact(
        "ann@example.org", name="Ann", country="KE", attributes={"visits": 3, "colours": ["red", "a, b"]}
    )
    make_contact("ben@example.org", name="李小龙")
    make_subscription(ann, news)
    table = rows_of(take(desk))
    assert [row["address"] for row in table] == ["ann@example.org", "ben@example.org"]
    assert list(table[0]) == [*HEADERS, "attribute:colours", "attribute:visits"]
    assert (table[0]["lists"], table[0]["status"]) == ("news: confirmed", "confirmed")
    assert (table[0]["attribute:visits"], table[0]["attribute:colours"]) == ("3", 'red, "a, b"')
    assert table[1]["name"] == "李小龙"
    found = json.loads(take(desk, "json"))
    assert [person["name"] for person in found] == ["Ann", "李小龙"]
    assert found[0]["attributes"] == {"visits": 3, "colours": ["red", "a, b"]}
    sheet = load_workbook(io.BytesIO(take(desk, "xlsx"))).active
    assert sheet is not None
    header, *cells = sheet.iter_rows(values_only=True)
    assert list(header) == list(table[0])
    assert [row[1] for row in cells] == ["Ann", "李小龙"]
    assert cells[0][list(header).index("attribute:visits")] == 3


def test_the_resource_writes_a_person_as_the_bulk_road_does(desk):
    Attribute.objects.create(key="member", name="Member", kind="yes_no")
    contact = make_contact("ann@example.org", name="=1+1", country="KE", attributes={"member": True})
    streamed = rows_of(take(desk))[0]
    contact.status = contact.lists = ""  # type: ignore[attr-defined]
    resource = ContactResource()
    written = {
        field.column_name: resource.export_field(field, contact) for field in resource.get_export_fields()
    }
    for header in ("address", "name", "country", "since"):
        assert written[header] == streamed[header]
    assert [column.header for column in resource.columns()] == list(streamed)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("bounce", "bounced"),
        ("complaint", "complained"),
        ("left", "left all"),
        ("do_not_contact", "do_not_contact"),
    ],
)
def test_a_refusal_stands_in_the_file_in_a_word_that_our_importer_reads_as_one(desk, reason, word):
    from contacts.imports.cleaning import statuses

    contact = make_contact()
    make_subscription(contact, make_mailing_list())
    suppressions.suppress(bytes(contact.address_hash), Suppression.Reason(reason))
    assert rows_of(take(desk))[0]["status"] == word
    assert statuses.standing_of(word)


def test_a_file_of_one_list_says_where_each_person_stands_on_it(desk):
    news, other = make_mailing_list(slug="news"), make_mailing_list(slug="other")
    contact = make_contact()
    make_subscription(contact, news, status="unsubscribed")
    make_subscription(contact, other)
    assert rows_of(take(desk, list=news.pk))[0]["status"] == "unsubscribed"
    assert rows_of(take(desk, list=other.pk))[0]["status"] == "confirmed"
    assert rows_of(take(desk))[0]["status"] == "confirmed"


def test_our_importer_knows_the_file_again(desk):
    Attribute.objects.create(key="city", name="City")
    make_contact(attributes={"city": "Kisumu"})
    headers = list(rows_of(take(desk))[0])
    assert columns.kind_of_file(headers) == "epistle"
    matched = dict(zip(headers, columns.match(headers, ["city"]), strict=True))
    assert matched["address"] == "address"
    assert matched["status"] == "status"
    assert matched["attribute:city"] == "attribute:city"
    assert (matched["lists"], matched["since"]) == ("", "")


@pytest.mark.skipif(not hostile_values(), reason="the shared data are not here")
def test_a_file_that_is_taken_and_brought_again_is_what_it_was(desk, tmp_path):
    Attribute.objects.create(key="note", name="Note")
    kept = [
        value
        for value in hostile_values()
        if value.isprintable() and value == unicodedata.normalize("NFC", value.strip())
    ]
    for number, value in enumerate([*kept, "'quoted'", "O'Hara"]):
        make_contact(f"h{number}@example.org", name=value, attributes={"note": value})
    make_contact("-sign@example.org", name="-")
    file = tmp_path / "people.csv"
    file.write_bytes(take(desk))
    outcome = reading.read(file, attributes={"note": "text"})
    assert outcome.preview is not None
    assert outcome.preview.source == "epistle"
    found = {
        row["address"]: (row["name"], json.loads(row["attributes"] or "{}").get("note"))
        for row in outcome.kept
    }
    assert found == {
        person.address: (person.name, person.attributes.get("note")) for person in Contact.objects.all()
    }


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_nobody_is_an_empty_file_with_its_header(desk, form):
    data = take(desk, form)
    if form == "json":
        assert json.loads(data) == []
    elif form == "csv":
        assert rows_of(data) == []
        assert data.startswith(b"\xef\xbb\xbfaddress,")
    else:
        assert len(list(load_workbook(io.BytesIO(data)).active.iter_rows())) == 1  # type: ignore[union-attr]
    assert ContactExport.objects.get().rows == 0


@pytest.mark.skipif(not hostile_values(), reason="the shared data are not here")
def test_no_hostile_value_is_a_formula_in_any_spreadsheet_and_none_is_lost(desk):
    values = hostile_values()
    Attribute.objects.create(key="note", name="Note")
    for number, value in enumerate(values):
        make_contact(f"h{number}@example.org", name=value, attributes={"note": value})
    table = rows_of(take(desk))
    for row, value in zip(table, values, strict=True):
        for cell in (row["name"], row["attribute:note"]):
            assert cell.removeprefix("'") == value.removeprefix("'")
            assert cell.strip()[:1] not in {"=", "+", "-", "@", "＝", "＋", "－", "＠"}, value
            assert cell[:1] not in {"\t", "\r", "\n"}, value
    sheet = load_workbook(io.BytesIO(take(desk, "xlsx"))).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {
        "s",
        "inlineStr",
        "n",
    }  # never "f", a formula
    assert [person["name"] for person in json.loads(take(desk, "json"))] == values


def test_what_excel_cannot_hold_is_left_out_or_cut_and_breaks_nothing(desk):
    Attribute.objects.create(key="note", name="Note")
    make_contact(name="Ann\x0bB", attributes={"note": "x" * 40_000})
    sheet = load_workbook(io.BytesIO(take(desk, "xlsx"))).active
    assert sheet is not None
    row = [cell.value for cell in list(sheet.iter_rows())[1]]
    assert row[1] == "AnnB"
    assert str(row[-1]).endswith("x…")


# --- who took it --------------------------------------------------------------------------------------------------


def test_the_act_stands_in_the_log_before_the_first_byte_and_the_count_after_the_last(desk, exporter):
    news = make_mailing_list()
    make_subscription(make_contact(name="Ann"), news)
    answer = desk.post(reverse(URL, query={"list": news.pk, "q": "ann"}), {"format": "csv"})
    entry = ContactExport.objects.get()
    assert (entry.by, entry.mailing_list, entry.searched, entry.format, entry.rows) == (
        exporter,
        news,
        True,
        "csv",
        None,
    )
    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    entry.refresh_from_db()
    assert entry.rows == 1


def test_a_download_that_is_broken_off_leaves_its_entry_without_a_count(exporter):
    for _ in range(3):
        make_contact()
    entry = exporting.begin(exporter, "csv", Contact.objects.all())
    pieces = exporting.stream(entry, Contact.objects.all())
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    entry.refresh_from_db()
    assert entry.rows is None


def test_looking_at_the_page_exports_nothing(desk):
    make_contact()
    assert desk.get(reverse(URL)).status_code == 200
    assert not ContactExport.objects.exists()


def test_only_the_right_of_its_own_lets_people_be_taken_away(client):
    client.force_login(make_staff("Contacts editors"))
    assert client.get(reverse(URL)).status_code == 403
    assert client.post(reverse(URL), {"format": "csv"}).status_code == 403
    assert "Export" not in client.get(reverse("admin:contacts_contact_changelist")).content.decode()
    assert not ContactExport.objects.exists()


def test_ones_own_staff_take_only_their_organisations_people(client):
    mine = make_organisation()
    make_contact("theirs@example.org", organisation=make_organisation())
    make_contact("mine@example.org", organisation=mine)
    client.force_login(make_staff("Contacts exporters", organisation=mine))
    assert [row["address"] for row in rows_of(take(client))] == ["mine@example.org"]
    assert ContactExport.objects.get().organisation == mine


@pytest.mark.parametrize("query", ["list=999999", "imported=999999", "country=XX", "attribute=gone&value=x"])
def test_a_filter_that_cannot_be_read_exports_nobody_rather_than_everybody(desk, query):
    make_contact()
    answer = desk.post(f"{reverse(URL)}?{query}", {"format": "csv"}, follow=True)
    assert "One of the filters cannot be read" in answer.content.decode()
    assert not ContactExport.objects.exists()


def test_lists_of_another_organisation_are_not_told(client):
    mine = make_organisation()
    contact = make_contact("mine@example.org", organisation=mine)
    own = make_mailing_list(slug="own", organisation=mine)
    make_subscription(contact, own)
    make_subscription(contact, make_mailing_list(slug="theirs", organisation=make_organisation()))
    client.force_login(make_staff("Contacts exporters", organisation=mine))
    assert [row["lists"] for row in rows_of(take(client))] == ["own: confirmed"]
    for page in (
        reverse("admin:contacts_contact_changelist"),
        reverse("admin:contacts_contact_change", args=[contact.pk]),
    ):
        words = client.get(page).content.decode()
        assert own.name in words
        assert "theirs" not in words


def test_after_ten_files_in_an_hour_there_is_no_eleventh(desk, exporter, settings):
    settings.CONTACT_EXPORTS_PER_HOUR = 2
    take(desk)
    take(desk)
    answer = desk.post(reverse(URL), {"format": "csv"}, follow=True)
    assert "as many files as one may in an hour" in answer.content.decode()
    assert ContactExport.objects.count() == 2
    other = make_staff("Contacts exporters")
    desk.force_login(other)
    take(desk)


def test_more_people_than_a_sheet_holds_are_refused_before_anything_is_written(desk, monkeypatch):
    monkeypatch.setattr(exporting, "XLSX_ROWS", 1)
    make_contact()
    make_contact()
    answer = desk.post(reverse(URL), {"format": "xlsx"}, follow=True)
    assert "Excel holds at most" in answer.content.decode()
    assert not ContactExport.objects.exists()
    assert len(rows_of(take(desk))) == 2


# --- a segment, and the memory ------------------------------------------------------------------------------------


def test_a_segment_is_exported_with_its_members_and_named_in_the_log(desk):
    make_contact("ke@example.org", country="KE")
    make_contact("fr@example.org", country="FR")
    segment = Segment.objects.create(
        name="Kenya", rule={"all": [{"field": "country", "is": "is", "value": ["KE"]}]}
    )
    assert [row["address"] for row in rows_of(take(desk, segment=segment.pk))] == ["ke@example.org"]
    assert ContactExport.objects.get().segment == segment


@pytest.mark.parametrize("number", ["999", "x", ""])
def test_a_segment_that_is_not_there_does_not_become_everybody(desk, number):
    make_contact()
    assert desk.post(reverse(URL, query={"segment": number}), {"format": "csv"}).status_code == 404


def test_people_are_fetched_by_a_cursor_and_not_all_at_once(exporter):
    for _ in range(3):
        make_contact()
    entry = exporting.begin(exporter, "csv", Contact.objects.all())
    with CaptureQueriesContext(connection) as queries:
        b"".join(exporting.stream(entry, Contact.objects.all()))
    asked = [one["sql"] for one in queries.captured_queries if 'FROM "contacts_contact"' in one["sql"]]
    assert len(asked) == 1
    assert asked[0].startswith("DECLARE")
