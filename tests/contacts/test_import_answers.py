"""What the wizard asks and answers where a file leaves something open, and how plainly it says what it did."""

from __future__ import annotations

import pytest
from django.test import Client

from contacts.models import Contact, ImportMapping
from tests.contacts.test_import_pages import bring, check, checked, filled_in, text, url
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
