"""The import wizard as the web process answers it; the worker's part is called as a function."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from accounts.roles import ROLES
from contacts.imports import running
from contacts.models import (
    Attribute,
    Contact,
    Import,
    ImportMapping,
    MailingList,
    Subscription,
    Suppression,
)
from tests.staff import make_import, make_organisation, make_staff

pytestmark = pytest.mark.django_db

PEOPLE = b"E-mail,Vorname,Ort\nann@example.org,Ann,Kisumu\nben@example.org,Ben,Ngozi\nnobody,Nob,Lome\n"
PROOF = {
    "consent_text": "Yes, send me the news",
    "consent_page": "https://example.org/join",
    "consent_date": "2024-05-01",
}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_staff("Contacts editors"))
    return client


def bring(client: Client, data: bytes = PEOPLE, name: str = "people.csv") -> Import:
    answer = client.post(reverse("admin:contacts_import_add"), {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    return Import.objects.latest("pk")


def url(page: str, one: Import) -> str:
    return reverse(f"admin:contacts_import_{page}", args=[one.pk])


def filled_in(answer: Any, **changes: Any) -> dict[str, Any]:
    """What a browser would send for the form of the second step as it was shown, with these changes."""
    matching = answer.context["matching"]
    sent: dict[str, Any] = {"shape": matching.shape, "save_as": matching.save_as}
    for form in (matching.reading, matching.columns, matching.purpose, matching.consent):
        for field in form:
            value = field.value()
            sent[field.name] = "" if value is None else value
    return {**sent, **changes}


def check(client: Client, one: Import, **changes: Any) -> Any:
    answer = client.get(url("columns", one))
    return client.post(url("columns", one), filled_in(answer, check="1", **changes))


def checked(client: Client, data: bytes = PEOPLE, **changes: Any) -> Import:
    one = bring(client, data)
    answer = check(client, one, **{"new_list": "News", **changes})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    work(one)
    assert one.status == "checked", one.problem
    return one


def work(one: Import) -> None:
    """What the worker does when it is rung for."""
    while running.work(one.pk):
        pass
    one.refresh_from_db()


def text(answer: Any) -> str:
    """The words of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_file_goes_through_the_four_steps_and_each_of_its_rows_is_told(client):
    one = checked(client)
    said = client.get(url("check", one))
    assert [(figure["key"], figure["count"]) for figure in said.context["figures"]] == [
        ("created", 2),
        ("rejected", 1),
    ]
    assert "not an e-mail address" in text(said)
    assert not Contact.objects.exists()
    assert "Import 2 people into News" in text(client.get(url("run", one)))
    assert client.post(url("run", one), PROOF)["Location"] == url("change", one)
    work(one)
    assert one.status == "done"
    assert sorted(Contact.objects.values_list("address", flat=True)) == ["ann@example.org", "ben@example.org"]
    assert (
        Subscription.objects.filter(mailing_list=MailingList.objects.get(), status="confirmed").count() == 2
    )
    assert client.get(url("change", one)).status_code == 200
    result = b"".join(client.get(url("result_file", one)).streaming_content).decode("utf-8-sig")
    assert [line.split(",")[0] for line in result.splitlines()] == ["line", "2", "3", "4"]


def test_nobody_is_put_on_a_list_before_it_is_said_what_they_agreed_to(client):
    one = checked(client)
    answer = client.post(url("run", one))
    assert answer.status_code == 200
    assert answer.context["consent"].errors
    one.refresh_from_db()
    assert one.status == "checked"


def test_rejected_rows_that_were_mended_can_be_brought_again(client):
    one = checked(client)
    mended = b"".join(client.get(url("rejected_file", one)).streaming_content).replace(
        b"nobody", b"nob@example.org"
    )
    again = checked(client, mended, new_list="", mailing_list=one.mailing_list_id)
    assert again.forecast["created"] == 1
    assert again.forecast["rejected"] == 0


def test_a_column_becomes_an_attribute_of_its_own(client):
    one = checked(client, **{"column-2": "new:text", **PROOF})
    client.post(url("run", one))
    work(one)
    assert Attribute.objects.get().name == "Ort"
    assert Contact.objects.get(address="ann@example.org").attributes == {"ort": "Kisumu"}


def test_a_saved_mapping_matches_the_next_file(client):
    checked(client, save_as="Members", **{"column-2": "new:text"})
    two = bring(client)
    answer = client.get(url("columns", two))
    mapping = ImportMapping.objects.get()
    client.post(url("columns", two), filled_in(answer, use="1", mapping=mapping.pk))
    two.refresh_from_db()
    assert two.columns == ["address", "first_name", "attribute:ort"]


def test_a_file_without_its_address_column_is_not_checked(client):
    one = bring(client)
    answer = check(client, one, new_list="News", **{"column-0": ""})
    assert answer.status_code == 200
    assert "Say which column holds the e-mail address" in text(answer)
    one.refresh_from_db()
    assert one.status == "uploaded"


def test_the_same_field_twice_is_told_at_the_second_column(client):
    one = bring(client)
    answer = check(client, one, new_list="News", **{"column-2": "first_name"})
    assert "is this already" in str(answer.context["matching"].columns.errors["column-2"])


def test_a_doubtful_encoding_is_shown_in_every_way_it_can_be_read(client):
    one = bring(client, "E-mail;Имя\nivan@example.org;Иван Петров\n".encode("cp1251"))
    answer = client.get(url("columns", one))
    assert "please look" in text(answer)
    encodings = [other.encoding for other in answer.context["matching"].other_readings()]
    assert encodings[0] == "cp1251"
    assert len(encodings) > 2


def test_a_correction_of_the_reading_shows_the_columns_anew_and_is_kept(client):
    one = bring(client, b"E-mail;Name\nann@example.org;Ann\n")
    answer = client.get(url("columns", one))
    answer = client.post(url("columns", one), filled_in(answer, separator=",", check="1"))
    assert answer.status_code == 200  # the form was about other columns: it is shown, not checked
    one.refresh_from_db()
    assert (one.status, one.options) == ("uploaded", {"separator": ","})
    assert answer.context["matching"].preview.headers == ["E-mail;Name"]


def test_a_file_without_headings_is_taken_when_a_person_says_so(client):
    one = bring(client, b"ann@example.org,Ann\nben@example.org,Ben\n")
    assert "The first line looks like a person" in text(client.get(url("columns", one)))
    answer = client.post(url("columns", one), filled_in(client.get(url("columns", one)), header="none"))
    assert answer.status_code == 200
    answer = check(client, one, new_list="News", **{"column-1": "name"})
    assert answer.status_code == 302, text(answer)[-1500:]
    work(one)
    assert one.forecast["created"] == 2


def test_htmx_gets_the_part_and_everybody_else_the_page(client):
    one = bring(client)
    sent = filled_in(client.get(url("columns", one)), separator=";")
    whole = client.post(url("columns", one), sent).content
    part = client.post(url("columns", one), sent, headers={"HX-Request": "true"}).content
    assert b"<html" in whole
    assert b"<html" not in part
    assert b'id="matching"' in part


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "empty.csv", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "picture.csv", "This is neither a table nor a text file."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_so_and_can_be_replaced(client, data, name, said):
    one = bring(client, data, name)
    answer = client.get(url("columns", one))
    assert answer.status_code == 200
    assert said in text(answer)
    instead = f"{reverse('admin:contacts_import_add')}?instead={one.pk}"
    assert instead in answer.content.decode()
    client.post(instead, {"file": SimpleUploadedFile("people.csv", PEOPLE)})
    one.refresh_from_db()
    assert one.status == "discarded"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(client):
    answer = client.post(
        reverse("admin:contacts_import_add"),
        {"file": SimpleUploadedFile("people.csv", PEOPLE)},
        CONTENT_LENGTH=str(10**10),
    )
    assert answer.status_code == 413
    assert "The file is too large." in text(answer)
    assert not Import.objects.exists()


def test_an_upload_without_the_forms_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_staff("Contacts editors"))
    answer = client.post(reverse("admin:contacts_import_add"), {"file": SimpleUploadedFile("a.csv", PEOPLE)})
    assert answer.status_code == 403
    assert not Import.objects.exists()


def test_a_file_brought_before_is_said_to_be(client):
    one = checked(client, **PROOF)
    client.post(url("run", one))
    work(one)
    assert "You brought this very file on" in text(client.get(url("columns", bring(client))))


def test_hostile_cells_come_out_as_text(client):
    one = checked(client, b"E-mail,Name\n<script>alert(1)</script>,x\nann@example.org,<b>Ann</b>\n")
    for page in ("columns", "check", "rejected", "change"):
        assert b"<script>alert(1)" not in client.get(url(page, one)).content
    assert b"&lt;script&gt;alert(1)" in client.get(url("check", one)).content


def test_a_list_of_another_organisation_cannot_be_chosen():
    theirs = MailingList.objects.create(slug="theirs", name="Theirs", organisation=make_organisation())
    client = Client()
    client.force_login(make_staff("Contacts editors", organisation=make_organisation()))
    answer = check(client, bring(client), mailing_list=theirs.pk)
    assert answer.context["matching"].purpose.errors["mailing_list"]


def test_an_import_of_an_organisation_s_staff_belongs_to_it():
    ours = make_organisation()
    client = Client()
    client.force_login(make_staff("Contacts editors", organisation=ours))
    one = checked(client)
    assert (one.organisation, one.mailing_list.organisation) == (ours, ours)


def ran(client: Client, data: bytes = PEOPLE) -> Import:
    one = checked(client, data, **PROOF)
    client.post(url("run", one))
    work(one)
    assert one.status == "done"
    return one


def test_an_undo_says_its_numbers_and_whom_it_keeps(client):
    one = ran(client)
    Contact.objects.filter(address="ben@example.org").update(updated_at=timezone.now() + dt.timedelta(days=1))
    forecast = client.get(url("undo", one)).context["forecast"]
    assert (forecast.removed, forecast.restored, forecast.kept) == (1, 0, 1)
    client.post(url("undo", one))
    work(one)
    assert one.status == "undone"
    assert [contact.address for contact in Contact.objects.all()] == ["ben@example.org"]
    assert "1 person it brought was kept." in text(client.get(url("change", one)))


def test_an_undo_of_more_than_a_thousand_people_asks_for_their_number(client):
    many = b"E-mail\n" + b"".join(b"p%d@example.org\n" % number for number in range(1_001))
    one = ran(client, many)
    assert "1,001" in text(client.get(url("undo", one)))
    for typed in ("", "1000", "yes"):
        assert "This is not the number." in text(client.post(url("undo", one), {"count": typed}))
    assert Import.objects.get().status == "done"
    client.post(url("undo", one), {"count": "1,001"})
    assert Import.objects.get().status == "undoing"


def test_what_no_longer_fits_is_told_and_not_done(client):
    one = ran(client)
    for act in ("stop", "resume", "discard", "back", "nonsense"):
        answer = client.post(url("act", one), {"act": act}, follow=True)
        assert "That is no longer possible" in text(answer), act
    assert Import.objects.get().status == "done"
    for page in ("columns", "check", "run"):
        assert client.get(url(page, one))["Location"] == url("change", one)


def test_a_check_can_be_called_off_on_the_way_back_to_the_columns(client):
    one = bring(client)
    check(client, one, new_list="News")
    answer = client.post(url("act", one), {"act": "back"})
    assert answer["Location"] == url("columns", one)
    assert Import.objects.get().status == "uploaded"


def test_the_progress_is_a_part_while_it_moves_and_then_asks_for_the_page(client):
    one = bring(client)
    check(client, one, new_list="News")
    moving = client.get(url("progress", one))
    assert b"<progress" in moving.content
    assert b"<html" not in moving.content
    assert b'http-equiv="refresh"' in client.get(url("check", one)).content
    work(one)
    assert client.get(url("progress", one))["HX-Refresh"] == "true"


def test_going_back_to_the_columns_after_the_check_keeps_what_was_chosen(client):
    one = checked(client, **{"column-1": "", **PROOF})
    answer = client.get(url("columns", one))
    assert [column.choice.value() for column in answer.context["matching"].shown_columns()] == [
        "address",
        "",
        "",
    ]
    assert answer.context["matching"].consent["consent_text"].value() == PROOF["consent_text"]
    assert Import.objects.get().status == "checked"


@pytest.mark.parametrize("status", Import.Status.values)
def test_the_page_of_an_import_is_there_in_every_state(client, status):
    one = make_import(
        status=status, problem="damaged" if status == "failed" else "", started_at=timezone.now()
    )
    assert client.get(url("change", one)).status_code == 200


PAGES = [
    "columns", "check", "run", "undo", "act", "progress", "rejected", "result_file", "rejected_file", "change",
]  # fmt: skip


@pytest.mark.parametrize("who", ["no rights", *ROLES])
def test_only_who_may_import_opens_the_wizard(who):
    client = Client()
    client.force_login(make_staff(who))
    answers = {page: client.get(url(page, make_import(status="discarded"))).status_code for page in PAGES}
    answers["add"] = client.get(reverse("admin:contacts_import_add")).status_code
    is_editor = who in {"Contacts editors", "Data stewards"}
    assert all((status != 403) == is_editor for status in answers.values()), answers


@pytest.mark.parametrize("page", PAGES)
def test_an_import_of_another_organisation_is_not_there(page):
    client = Client()
    client.force_login(make_staff("Contacts editors", organisation=make_organisation()))
    theirs = make_import(organisation=make_organisation())
    for method in (client.get, client.post):
        assert method(url(page, theirs)).status_code in {302, 404}
        assert url("columns", theirs) not in method(url(page, theirs)).get("Location", "")


def test_what_was_left_out_or_not_understood_is_said_with_the_number_of_rows(client):
    data = b"E-mail,Land,Note\nann@example.org,Kenya,x\nben@example.org,Xyzzy,y\n"
    said = text(client.get(url("check", checked(client, data))))
    assert "1 row: A country was not understood and is left out." in said
    assert "These columns are left out: “Note”." in said


def test_a_second_column_of_addresses_is_named_and_left_out(client):
    one = bring(client, b"Name,Email,Email 2\nAnn,ann@example.org,other@example.org\n")
    answer = client.get(url("columns", one))
    assert "a second address: not imported as a person of its own" in text(answer)
    assert answer.context["matching"].preview.fields == ["name", "address", ""]


def test_dates_that_can_be_meant_in_two_ways_are_asked_for(client):
    one = bring(client, b"E-mail,Consent date\nann@example.org,01/02/2023\n")
    answer = client.get(url("columns", one))
    assert "date_order" in answer.context["matching"].reading.fields
    assert check(client, one, new_list="News", date_order="dmy").status_code == 302
    work(one)
    assert one.options["date_order"] == "dmy"
    assert one.staged.get().consent_at.date() == dt.date(2023, 2, 1)


def test_every_sheet_of_a_workbook_can_be_chosen(client, tmp_path):
    book = Workbook()
    book.active.title = "Read me"
    book.active.append(["nothing here"])
    people = book.create_sheet("People")
    people.append(["E-mail"])
    people.append(["ann@example.org"])
    book.save(tmp_path / "people.xlsx")
    one = bring(client, (tmp_path / "people.xlsx").read_bytes(), "people.xlsx")
    answer = client.get(url("columns", one))
    client.post(url("columns", one), filled_in(answer, sheet="People"))
    assert check(client, one, new_list="News").status_code == 302
    work(one)
    assert one.forecast["created"] == 1


def test_the_home_page_says_that_a_checked_import_waits(client):
    checked(client)
    assert "1 import waits for you" in text(client.get(reverse("admin:index")))


def test_suppressed_addresses_are_kept_without_their_people_and_nothing_is_undone(client):
    one = checked(client, mode="suppress", suppress_reason="complaint", new_list="")
    assert "Suppress 2 addresses" in text(client.get(url("run", one)))
    client.post(url("run", one))
    work(one)
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"complaint"}
    assert not Contact.objects.exists()
    assert client.get(url("undo", one))["Location"] == url("change", one)
