"""The files of the shared data folder through the pages of the wizard, against the numbers that come with them."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from contacts.imports import reporting, words
from contacts.models import Contact, Import, ImportRow
from tests.contacts.imports.test_expected_files import EXPECTED, FOLDER, TAKEN
from tests.contacts.test_import_pages import PROOF, bring, check, text, url, work
from tests.staff import make_staff

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(FOLDER is None, reason="the shared data folder is not here"),
]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_staff("Contacts editors"))
    return client


def brought(client: Client, name: str) -> Import:
    assert FOLDER is not None
    return bring(client, (FOLDER / name).read_bytes(), name)


def run(client: Client, one: Import, **changes: Any) -> dict[str, int]:
    """Check it, run it where there is anything to do; returns the counts. The check must have foretold them."""
    answer = check(client, one, **changes)
    assert answer.status_code == 302, text(answer)[-2000:]
    work(one)
    foretold = reporting.counts(one)
    client.post(url("run", one), PROOF)
    work(one)
    has_run = "done" if foretold["created"] + foretold["updated"] else "checked"  # there was nothing to do
    assert one.status == has_run, (one.status, one.problem)
    counts = reporting.counts(one)
    assert counts == foretold
    return counts


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_gives_its_numbers_through_the_wizard_and_a_second_time_nobody(client, name):
    expected = EXPECTED[TAKEN.get(name, name)]
    one = brought(client, name)
    if expected["file_error"]:
        problem = words.PROBLEMS[expected["file_error"]]
        answer = client.get(url("columns", one))
        is_asked = expected["file_error"] == "no_header"
        assert ("looks like a person" if is_asked else str(problem.short)) in text(answer)
        if "matching" in answer.context:
            assert check(client, one, new_list="News").status_code == 200  # not checked as it is read now
        assert not Contact.objects.exists()
        return
    counts = run(client, one, new_list="News")
    policy = {line for line, _what in expected["policy"]}
    refused = set(ImportRow.objects.filter(result="rejected").values_list("line", flat=True))
    repeated = set(ImportRow.objects.filter(result="duplicate").values_list("line", flat=True))
    assert counts["rows"] == expected["rows"]
    assert refused - policy == {line for line, _reason in expected["rejected"]}
    assert repeated - policy == {line for line, _first in expected["duplicates"]}
    taken = policy - refused - repeated
    assert counts["created"] == expected["created"] + len(taken)
    assert counts["suppressed"] == len(expected["suppressed"])
    assert counts["updated"] == 0
    people = Contact.objects.count()
    again = run(client, brought(client, name), mailing_list=one.mailing_list_id)
    assert again["created"] == 0
    assert again["unchanged"] == counts["created"]
    assert Contact.objects.count() == people


def test_a_file_without_headings_brings_everybody_once_a_person_says_so(client):
    one = brought(client, "23_no_header.csv")
    client.post(url("columns", one), {"header": "none"})
    assert run(client, one, new_list="News")["created"] == 20


def test_no_page_gives_a_hostile_cell_to_the_browser_as_code(client):
    assert FOLDER is not None
    with (FOLDER / "17_injection.csv").open(encoding="utf-8", newline="") as file:
        hostile = {cell for row in csv.reader(file) for cell in row if "<" in cell}
    assert hostile
    data = "email,name\n" + "".join(
        f'not an address,"{cell.replace(chr(34), chr(34) * 2)}"\n' for cell in hostile
    )
    one = bring(client, data.encode())
    shown = client.get(url("columns", one)).content.decode()
    assert check(client, one, new_list="News", **{"column-0": "", "column-1": "address"}).status_code == 302
    work(one)
    shown += client.get(url("check", one)).content.decode()
    shown += client.get(url("rejected", one)).content.decode()
    assert one.forecast["rejected"] == len(hostile)
    for cell in hostile:
        assert cell not in shown
        assert escape(cell[:30]) in shown
