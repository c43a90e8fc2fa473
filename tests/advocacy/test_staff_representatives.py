"""People, routes, imports and exports at the staff desk."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.spreadsheets import harmless
from advocacy.admin import uploads
from advocacy.models import ColumnMapping, ContactRoute, Letter, Person, RepresentativeImport
from tests.advocacy.test_staff_campaigns import form_of
from tests.staff import make_legislature, make_letter, make_person, make_route, make_staff, sourced

pytestmark = pytest.mark.django_db

PEOPLE = "admin:advocacy_person_changelist"
ROUTES = "admin:advocacy_contactroute_changelist"
UPLOAD = "admin:advocacy_representativeimport_upload"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Representatives editors"))
    return client


def listed(desk: Client, name: str, **query: str) -> set[Any]:
    return set(desk.get(reverse(name), query).context["cl"].result_list)


# --- finding people


def test_people_are_found_by_name_native_name_and_constituency(desk):
    from advocacy.models import Area

    area = Area.objects.create(**sourced(country="JP", name="Naha"))
    person = make_person("Sayoko Mizuhara", native_name="水原さよ子", seat={"area": area})
    make_person()
    for query in ("mizuhara", "水原", "naha"):
        assert listed(desk, PEOPLE, q=query) == {person}


def test_all_conditions_of_a_filter_must_hold_for_one_and_the_same_seat(desk):
    kenya, france = make_legislature(), make_legislature()
    france.country = "FR"
    france.save()
    both = make_person("Two Seats", legislature=kenya, seat={"party": "Green"})
    both.mandates.create(**sourced(legislature=france, party="Blue"))
    green = make_person("Green Kenyan", legislature=kenya, seat={"party": "Green"})
    assert listed(desk, PEOPLE, country="KE", party="Green") == {both, green}
    assert listed(desk, PEOPLE, country="FR", party="Green") == set()
    assert listed(desk, PEOPLE, country="FR") == {both}


def test_the_list_shows_who_holds_a_seat_today_unless_asked_otherwise(desk):
    now = make_person("In Office")
    past = make_person("Left Office", seat={"end_date": dt.date(2020, 1, 1)})
    assert listed(desk, PEOPLE) == {now}
    assert listed(desk, PEOPLE, seat="past") == {past}
    assert listed(desk, PEOPLE, seat="any") == {now, past}


@pytest.mark.parametrize("state", ["bounced", "refused"])
def test_people_are_found_by_the_state_of_their_routes(desk, state):
    person = make_person()
    person.routes.update(state=state)
    make_person()
    assert listed(desk, PEOPLE, route=state) == {person}
    assert listed(desk, PEOPLE, route="none") == {person}


def test_strange_filters_break_nothing(desk):
    make_person()
    answer = desk.get(reverse(PEOPLE), {"legislature": "x", "country": "KE'--"}, follow=True)
    assert answer.status_code == 200


def test_the_list_of_people_costs_the_same_for_one_and_for_many(desk, django_assert_max_num_queries):
    url = reverse(PEOPLE)
    make_person()
    with django_assert_max_num_queries(10):
        desk.get(url)
    for _number in range(8):
        make_person()
    with django_assert_max_num_queries(10):
        desk.get(url)


# --- people and routes written at the desk


def test_a_person_written_at_the_desk_has_the_desk_as_source(desk):
    url = reverse("admin:advocacy_person_add")
    assert desk.post(url, form_of(desk, url) | {"name": "New Person", "other_names": "{}"}).status_code == 302
    person = Person.objects.get()
    assert person.source == "staff"
    assert len(person.source_id) == 36


def test_routes_that_bounced_are_the_ones_listed_with_the_letters_they_hold(desk):
    person = make_person()
    bounced = person.routes.get()
    ContactRoute.objects.filter(pk=bounced.pk).update(state="bounced")
    make_person()
    make_letter(person=person, status=Letter.Status.WITHHELD)
    page = desk.get(reverse(ROUTES))
    [row] = page.context["cl"].result_list
    assert (row.pk, row.letters_held) == (bounced.pk, 1)
    assert len(listed(desk, ROUTES, state="all")) == 2


def repair(desk: Client, route: ContactRoute, **changes: str):
    url = reverse("admin:advocacy_contactroute_change", args=[route.pk])
    return desk.post(url, form_of(desk, url) | changes)


def test_a_repaired_address_is_usable_again_and_names_the_letters_that_can_now_leave(desk):
    person = make_person()
    route = person.routes.get()
    ContactRoute.objects.filter(pk=route.pk).update(state="bounced", state_reason="no mailbox (5.1.1)")
    make_letter(person=person, status=Letter.Status.WITHHELD)
    answer = repair(desk, route, value="  New.Office@Parliament.example ")
    assert answer.status_code == 302
    route.refresh_from_db()
    assert (route.value, route.value_key) == (
        "New.Office@parliament.example",
        "new.office@parliament.example",
    )
    assert (route.state, route.state_reason, route.source) == ("usable", "", "staff")
    told = " ".join(str(message) for message in desk.get(reverse(ROUTES)).context["messages"])
    assert "1 letter is held for this address" in told


def test_a_broken_address_is_refused_at_its_field(desk):
    route = make_person().routes.get()
    before = route.value
    answer = repair(desk, route, value="not an address")
    assert "value" in answer.context["adminform"].form.errors
    route.refresh_from_db()
    assert route.value == before


def test_a_route_the_person_has_already_is_refused_and_not_an_error_page(desk):
    person = make_person()
    other = make_route(person, "office@parliament.example")
    answer = repair(desk, person.routes.exclude(pk=other.pk).get(), value="OFFICE@parliament.example")
    assert answer.status_code == 200
    assert "value" in answer.context["adminform"].form.errors


# --- imports

CSV = "Full name,Mail,House\nAnn Example,ann@parliament.example,City Council\nBen Example,broken@,City Council\n"


@pytest.fixture
def mapping() -> ColumnMapping:
    return ColumnMapping.objects.create(
        name="council",
        columns={"name": "Full name", "email": "Mail", "legislature": "House"},
        defaults={"country": "KE"},
    )


def upload(desk: Client, text: str = CSV, name: str = "council.csv", **fields: str):
    file = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    return desk.post(reverse(UPLOAD), {"file": file, "format": "auto", "mapping": "council", **fields})


def test_a_file_is_read_first_and_nothing_changes_before_a_person_says_so(desk, mapping):
    page = upload(desk)
    report = page.context["report"]
    assert (report.counts["created"], report.counts["rejected"]) == (2, 1)
    assert "broken@" in page.content.decode()
    assert not Person.objects.exists()
    answer = desk.post(reverse(UPLOAD), {"run": "1"})
    assert {person.name for person in Person.objects.all()} == {"Ann Example", "Ben Example"}
    saved = RepresentativeImport.objects.get(dry_run=False)
    assert answer["Location"] == reverse("admin:advocacy_representativeimport_change", args=[saved.pk])
    assert (saved.by, saved.file_name) == (LogEntry.objects.get().user, "council.csv")
    assert "broken@" in desk.get(answer["Location"]).content.decode()


def test_a_run_happens_once_however_often_its_button_is_pressed(desk, mapping):
    upload(desk)
    desk.post(reverse(UPLOAD), {"run": "1"})
    again = desk.post(reverse(UPLOAD), {"run": "1"}, follow=True)
    assert "no longer here" in again.content.decode()
    assert RepresentativeImport.objects.filter(dry_run=False).count() == 1


def test_no_upload_is_left_behind_by_a_run_a_refusal_or_a_change_of_mind(desk, mapping):
    def kept():
        return set(uploads._folder().iterdir())

    before = kept()
    upload(desk)
    assert len(kept() - before) == 1
    desk.post(reverse(UPLOAD), {"cancel": "1"})
    upload(desk, "")
    upload(desk)
    desk.post(reverse(UPLOAD), {"run": "1"})
    assert kept() == before


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("a,b\n1,2\n", {}),
        (CSV, {"mapping": ""}),
        (CSV, {"country": "K1"}),
        (CSV, {"as_of": "yesterday"}),
        (CSV, {"format": "exe"}),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_a_reason(desk, mapping, text, fields):
    page = upload(desk, text, **fields)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not Person.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(desk, mapping, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 20)
    assert "too large" in upload(desk).context["form"].errors["file"][0]


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "a/b.csv", ".csv", "x.CSV\x00.csv", "🗳️.csv"])
def test_the_name_of_an_upload_is_never_a_path_of_ours(desk, mapping, name):
    upload(desk, name=name)
    for path in uploads._folder().iterdir():
        assert path.parent == uploads._folder()
        assert path.stat().st_mode & 0o077 == 0 or uploads._folder().stat().st_mode & 0o077 == 0
    desk.post(reverse(UPLOAD), {"cancel": "1"})


def test_who_may_not_import_can_neither_see_nor_use_the_upload(client, mapping):
    client.force_login(make_staff("Campaigners"))
    assert client.get(reverse(UPLOAD)).status_code == 403
    assert upload(client).status_code == 403


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("name Full name", "Line 1"),
        ("name = Full name\nshoe = Size", "shoe"),
        ("name = A\nname = B\nlegislature = C", "twice"),
        ("email = Mail\nlegislature = C", "name is needed"),
        ("name = Full name", "legislature"),
    ],
)
def test_a_mapping_that_would_fail_in_a_run_is_refused_when_it_is_saved(desk, lines, error):
    page = desk.post(
        reverse("admin:advocacy_columnmapping_add"), {"name": "mine", "columns": lines, "defaults": ""}
    )
    assert error in str(page.context["adminform"].form.errors)
    assert not ColumnMapping.objects.exists()


def test_a_mapping_is_written_as_lines_and_shown_as_it_was_written(desk, mapping):
    url = reverse("admin:advocacy_columnmapping_change", args=[mapping.pk])
    posted = form_of(desk, url)
    assert posted["columns"].splitlines()[0] == "name = Full name"
    assert desk.post(url, posted | {"defaults": "country = UG"}).status_code == 302
    mapping.refresh_from_db()
    assert (mapping.columns["email"], mapping.defaults) == ("Mail", {"country": "UG"})


# --- exports


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+254 20", "'+254 20"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("\u200b=1", "'\u200b=1"),
        ("Ann", "Ann"),
        ("a=b", "a=b"),
        ("", ""),
        (7, 7),
        (None, None),
    ],
)
def test_no_cell_of_an_export_is_a_formula(cell, safe):
    assert harmless(cell) == safe


def export(desk: Client, model: str, kind: str = "csv", **query: str):
    url = reverse(f"admin:advocacy_{model}_export", query=query)
    return desk.post(url, {"format": kind})


def test_an_export_holds_what_the_list_shows_and_is_written_into_the_log(desk):
    make_person("=cmd|' /C calc'!A0 Kenya", email="ann@parliament.example")
    make_person("Left Office", seat={"end_date": dt.date(2020, 1, 1)})
    answer = export(desk, "person", q="kenya")
    [row] = csv.DictReader(io.StringIO(answer.content.decode()))
    assert row["name"] == "'=cmd|' /C calc'!A0 Kenya"
    assert (row["email"], row["country"]) == ("ann@parliament.example", "KE")
    assert audit.told(LogEntry.objects.get()) == "Exported 1 rows as csv."
    assert "no-store" in answer["Cache-Control"]


def test_an_excel_export_holds_the_same_rows_without_a_formula(desk):
    import openpyxl

    person = make_person()
    make_route(person, "+254 20 123", kind="phone")
    book = openpyxl.load_workbook(io.BytesIO(export(desk, "contactroute", "xlsx", state="all").content))
    rows = list(book.active.iter_rows())
    assert len(rows) == 3
    assert "'+254 20 123" in {cell.value for row in rows for cell in row}
    assert not [cell for row in rows for cell in row if cell.data_type == "f"]


def test_looking_at_the_export_page_gives_no_file(desk):
    make_person()
    answer = desk.get(reverse("admin:advocacy_person_export"))
    assert "Content-Disposition" not in answer
    assert answer.context["count"] == 1


@pytest.mark.parametrize("model", ["person", "contactroute"])
def test_exports_take_a_right_of_their_own(client, model):
    client.force_login(make_staff("Campaigners"))
    make_person()
    assert export(client, model).status_code == 403
    page = client.get(reverse(PEOPLE)).content.decode()
    assert "export/" not in page


def test_an_export_costs_the_same_for_one_and_for_many(desk, django_assert_max_num_queries):
    for _number in range(8):
        make_person()
    with django_assert_max_num_queries(20):
        export(desk, "person")
