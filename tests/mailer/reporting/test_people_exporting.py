"""The people of a report as a file: everyone of the choice once, harmless in a spreadsheet, written down first."""

from __future__ import annotations

import csv
import io
import json

import pytest
from openpyxl import load_workbook

from contacts.exporting import TooManyExportsError
from contacts.models import Contact, ContactExport
from mailer.models import Delivery
from mailer.reporting import exporting, people
from mailer.reporting.people import Search
from mailer.reporting.states import State
from tests.mailings import make_frozen_mailing
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    return make_staff("superuser")


def taken(mailing, reader, form="csv", search=None):
    search = search or Search()
    entry = exporting.begin(reader, form, mailing, search)
    return b"".join(exporting.stream(entry, mailing, search, reader))


def table(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_every_format_holds_everyone_of_the_audience_once_with_state_and_reason(reader, monkeypatch):
    monkeypatch.setattr(people, "_A_STEP", 4)
    mailing = make_frozen_mailing(dict.fromkeys(State, 3), chunk_size=5)
    rows = table(taken(mailing, reader))
    assert sorted(row["delivery"] for row in rows) == sorted(
        str(pk) for pk in mailing.deliveries.values_list("pk", flat=True)
    )
    assert {row["state"] for row in rows} == set(State.values)
    bounced = next(row for row in rows if row["state"] == "bounced")
    assert (bounced["reason"], bounced["bounce_code"]) == ("the mailbox does not exist (5.1.1)", "5.1.1")
    delivered = next(row for row in rows if row["state"] == "delivered")
    assert (delivered["reason"], delivered["delivered"][10]) == ("", "T"), (
        "a date stands in its own column only"
    )
    assert [row["address"] for row in json.loads(taken(mailing, reader, "json"))] == [
        row["address"] for row in rows
    ]
    sheet = load_workbook(io.BytesIO(taken(mailing, reader, "xlsx"))).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        row["address"] for row in rows
    ]


def test_a_file_holds_just_those_the_filter_shows(reader):
    mailing = make_frozen_mailing({"delivered": 4, "bounced": 2, "failed": 1}, languages=["en", "fr"])
    found = table(taken(mailing, reader, search=Search(state="bounced", language="fr")))
    assert [(row["state"], row["language"]) for row in found] == [("bounced", "fr")] * 2


def test_no_name_becomes_a_formula(reader):
    mailing = make_frozen_mailing({"failed": 1})
    Contact.objects.update(name='=HYPERLINK("https://evil.example")')
    Delivery.objects.update(reason="@SUM(1)")
    row = table(taken(mailing, reader))[0]
    assert row["name"].startswith("'=")
    assert row["reason"].startswith("'@")


def test_who_took_how_many_of_which_mailing_is_written_down(reader):
    mailing = make_frozen_mailing({"delivered": 3})
    taken(mailing, reader, search=Search(state="delivered"))
    entry = ContactExport.objects.get()
    assert (entry.by, entry.what, entry.rows, entry.searched) == (reader, f"mailing {mailing.pk}", 3, True)


def test_files_of_reports_and_of_contacts_are_counted_together(reader, settings):
    settings.CONTACT_EXPORTS_PER_HOUR = 2
    mailing = make_frozen_mailing({"delivered": 1})
    ContactExport.objects.create(by=reader, format="csv")
    taken(mailing, reader)
    with pytest.raises(TooManyExportsError):
        taken(mailing, reader)
