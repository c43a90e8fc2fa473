"""What the wizard asks and answers where a file leaves something open, and how plainly it says what it did."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, ImportMapping
from contacts.templatetags.signs import signs
from tests.contacts.test_import_pages import PROOF, bring, check, checked, filled_in, text, url, work
from tests.factories import make_contact, make_import
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
BARE = b"ann@example.org,Ann\nben@example.org,Ben\n"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_staff("Contacts editors"))
    return client


def test_a_first_line_that_looks_like_a_person_is_asked_about_and_answered_by_one_button(client):
    one = bring(client, BARE)
    asked = client.get(url("columns", one))
    assert "Is it one?" in text(asked)
    assert asked.context["matching"].reading["header"].value() == ""
    again = check(client, one, new_list="News")
    assert "Is it one?" in text(again)
    answered = client.post(url("columns", one), filled_in(asked, header="none"))
    assert "Is it one?" not in text(answered)
    sent = filled_in(answered, check="1", new_list="News")
    assert client.post(url("columns", one), sent)["Location"] == url("check", one)


def test_a_mapping_of_a_file_without_headings_is_kept_by_position(client):
    one = checked(
        client, BARE, header="none", **{"column-0": "address", "column-1": "name", "save_as": "Bare"}
    )
    assert one.columns == ["address", "name"]
    mapping = ImportMapping.objects.get()
    assert mapping.columns == {"position:1": "address", "position:2": "name"}
    two = bring(client, BARE.replace(b"ann", b"cem"))
    asked = client.get(url("columns", two))
    assert asked.context["fitting"] == mapping
    client.post(url("columns", two), filled_in(asked, use="1", mapping=mapping.pk))
    two.refresh_from_db()
    assert (two.columns, two.options["header"]) == (["address", "name"], False)


@pytest.mark.parametrize(
    ("columns", "options"),
    [({"adresse": "address"}, {}), ({"position:1": "address"}, {"header": False}), ({}, {})],
)
def test_a_mapping_that_fits_no_column_is_not_chosen_and_wipes_nothing(client, columns, options):
    mapping = ImportMapping.objects.create(name="Other", columns=columns, options=options)
    one = bring(client)
    asked = client.get(url("columns", one))
    assert asked.context["fitting"] is None
    guessed = [field.value() for field in asked.context["matching"].columns]
    said = client.post(url("columns", one), filled_in(asked, use="1", mapping=mapping.pk), follow=True)
    assert "“Other” fits no column of this file" in text(said)
    assert [field.value() for field in said.context["matching"].columns] == guessed
    assert "address" in guessed
    assert not Contact.objects.exists()


def test_who_may_not_be_mailed_stands_among_the_figures_and_beside_the_button(client):
    refused = b"email,status\nann@example.org,unsubscribed\nben@example.org,unsubscribed\n"
    one = checked(client, refused)
    figures = client.get(url("check", one)).context["figures"]
    assert [(each["key"], each["count"]) for each in figures] == [
        ("created", 2),
        ("rejected", 0),
        ("suppressed", 2),
    ]
    assert "Keep 2 people, none of whom may be mailed" in text(client.get(url("run", one)))
    some = checked(client, b"email,status\nann@example.org,unsubscribed\nben@example.org,subscribed\n")
    said = text(client.get(url("run", some)))
    assert "Import 2 people into News" in said
    assert "1 of the 2 people in this file may not be mailed" in said


def test_a_file_that_would_change_nothing_has_nothing_to_run(client):
    first = checked(client, **PROOF)
    client.post(url("run", first))
    work(first)
    again = checked(client, new_list="", mailing_list=first.mailing_list_id)
    assert "Nothing to do" in text(client.get(url("check", again)))
    assert client.get(url("run", again))["Location"] == url("check", again)
    assert client.post(url("run", again), PROOF)["Location"] == url("check", again)
    again.refresh_from_db()
    assert again.status == "checked"


def test_a_finished_import_leads_to_its_list_and_to_its_people(client):
    one = checked(client, **PROOF)
    client.post(url("run", one))
    work(one)
    page = client.get(url("change", one)).content.decode()
    assert reverse("admin:contacts_mailinglist_change", args=[one.mailing_list_id]) in page
    people = f"{reverse('admin:contacts_contact_changelist')}?imported={one.pk}"
    assert people in page
    make_contact("cem@example.org")
    for _number in range(60):
        make_import()
    found = client.get(people).context["cl"]
    assert {row.address for row in found.result_list} == {"ann@example.org", "ben@example.org"}


def test_a_sign_that_cannot_be_seen_is_shown_in_a_rejected_row(client):
    one = checked(client, "email\nann@example.org\nb\u200ben @example.org\n\u202ecem@@example.org\n".encode())
    page = client.get(url("check", one)).content.decode()
    assert '<span class="import-sign" title="Zero width space">U+200B</span>' in page
    assert '<span class="import-sign" title="Right-to-left override">U+202E</span>' in page
    assert "\u202e" not in page


def test_signs_are_escaped_and_a_plain_text_is_left_as_it_is():
    assert signs("<b>é 名 &") == "&lt;b&gt;é 名 &amp;"
    assert signs("\x00") == '<span class="import-sign" title="">U+0000</span>'
