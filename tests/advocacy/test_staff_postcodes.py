"""Postcodes brought by upload: read first, then imported once, for the country somebody named."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts import audit
from advocacy.admin import uploads
from advocacy.models import Area, Postcode
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
UPLOAD = "admin:advocacy_postcode_upload"
PAIRS = "postcode,area_code,area\n00100,KE-110,Nairobi\n40100,KE-042,Kisumu\n40100,KE-041,Siaya\n,KE-000,Nowhere\n"
AMERICAN = "state_abbr,zcta,cd\nNJ,07030,8\n"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Representatives editors"))
    return client


def upload(desk: Client, data: str | bytes = PAIRS, country: str = "ke", name: str = "postcodes.csv") -> Any:
    file = SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data)
    return desk.post(reverse(UPLOAD), {"file": file, "country": country})


def known() -> set[tuple[str, str, str]]:
    return set(Postcode.objects.values_list("country", "code", "area_code"))


def test_a_file_of_postcodes_is_read_first_and_changes_nothing_before_a_person_says_so(desk):
    Postcode.objects.create(country="KE", code="99999", area_code="KE-001")
    report = upload(desk).context["report"]
    assert (report.created, report.removed, report.rejected, report.in_several) == (3, 1, 1, 1)
    assert known() == {("KE", "99999", "KE-001")}
    assert not Area.objects.exists()
    answer = desk.post(reverse(UPLOAD), {"run": "1"})
    assert answer["Location"] == reverse("admin:advocacy_postcode_changelist")
    assert known() == {("KE", "00100", "KE-110"), ("KE", "40100", "KE-042"), ("KE", "40100", "KE-041")}
    assert audit.told(LogEntry.objects.get()) == "Imported 3 pairs of KE."


def test_the_postcodes_of_other_countries_stay(desk):
    Postcode.objects.create(country="UG", code="10101", area_code="UG-1")
    upload(desk)
    desk.post(reverse(UPLOAD), {"run": "1"})
    assert ("UG", "10101", "UG-1") in known()


def test_a_run_of_postcodes_happens_once_and_leaves_no_file(desk):
    before = set(uploads._folder().iterdir())
    upload(desk, gzip.compress(PAIRS.encode()), name="postcodes.csv.gz")
    assert len(set(uploads._folder().iterdir()) - before) == 1
    desk.post(reverse(UPLOAD), {"run": "1"})
    assert set(uploads._folder().iterdir()) == before
    again = desk.post(reverse(UPLOAD), {"run": "1"}, follow=True)
    assert "no longer here" in again.content.decode()
    assert LogEntry.objects.count() == 1


def test_a_change_of_mind_leaves_neither_file_nor_postcodes(desk):
    before = set(uploads._folder().iterdir())
    upload(desk)
    desk.post(reverse(UPLOAD), {"cancel": "1"})
    desk.post(reverse(UPLOAD), {"run": "1"})
    assert set(uploads._folder().iterdir()) == before
    assert known() == set()


@pytest.mark.parametrize(
    ("data", "country", "field"),
    [
        ("", "KE", "file"),
        ("a,b\n1,2\n", "KE", "file"),
        ("postcode,area_code\n,\n", "KE", "file"),
        (b"\xff\xfe\x00", "KE", "file"),
        (AMERICAN, "KE", "file"),
        (PAIRS, "K1", "country"),
        (PAIRS, "", "country"),
    ],
)
def test_postcodes_that_cannot_be_taken_are_refused_at_their_field(desk, data, country, field):
    page = upload(desk, data, country)
    assert page.status_code == 200
    assert page.context["form"].errors[field]
    desk.post(reverse(UPLOAD), {"run": "1"})
    assert known() == set()


def test_american_districts_are_taken_for_the_united_states(desk):
    upload(desk, AMERICAN, "US")
    desk.post(reverse(UPLOAD), {"run": "1"})
    assert {(country, code) for country, code, _area in known()} == {("US", "07030")}


def test_who_may_not_add_postcodes_neither_sees_nor_uses_the_upload(client):
    client.force_login(make_staff("Campaigners"))
    assert client.get(reverse(UPLOAD)).status_code == 403
    assert upload(client).status_code == 403
    assert reverse(UPLOAD) not in client.get(reverse("admin:advocacy_postcode_changelist")).content.decode()


def test_a_folder_of_uploads_that_others_can_open_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    uploads._folder().chmod(0o755)
    with pytest.raises(ImproperlyConfigured, match="only this service"):
        uploads._folder()
