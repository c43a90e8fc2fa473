"""What an import and the staff desk leave of each other's work."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from advocacy.models import ContactRoute, Person
from advocacy.representatives import importing
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
POPOLO = Path(__file__).parent.parent / "data" / "representatives" / "popolo.json"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("superuser"))
    return client


def run(day: dt.date) -> importing.Report:
    return importing.run(POPOLO, country="JO", as_of=day)


def page_of(person: Person) -> str:
    return reverse("admin:advocacy_person_change", args=[person.pk])


def posted_by(desk: Client, url: str) -> dict[str, Any]:
    """What a browser would post if nothing were changed on the page."""
    context = desk.get(url).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    values = {bound.html_name: bound.value() for form in forms for bound in form}
    values |= {
        bound.html_initial_name: bound.value()
        for form in forms
        for bound in form
        if bound.field.show_hidden_initial
    }
    shown = {name: value for name, value in values.items() if value is not None and value is not False}
    return {name: "on" if value is True else value for name, value in shown.items()}


def test_a_name_put_right_at_the_desk_survives_the_next_import_until_it_is_given_back(desk):
    run(dt.date(2022, 3, 1))
    layla = Person.objects.get(name="Layla Haddad")
    form = posted_by(desk, page_of(layla))
    assert desk.post(page_of(layla), {**form, "name": "Layla Haddad MP"}).status_code == 302
    run(dt.date(2040, 1, 1))
    layla.refresh_from_db()
    assert (layla.name, layla.kept) == ("Layla Haddad MP", True)
    form = posted_by(desk, page_of(layla))
    form.pop("kept")
    assert desk.post(page_of(layla), form).status_code == 302
    run(dt.date(2041, 1, 1))
    layla.refresh_from_db()
    assert (layla.name, layla.kept) == ("Layla Haddad", False)


def test_an_address_put_right_at_the_desk_is_not_retired_by_the_next_import(desk):
    run(dt.date(2022, 3, 1))
    office = ContactRoute.objects.get(value="office@haddad.example")
    form = posted_by(desk, page_of(office.person))
    field = next(name for name, value in form.items() if value == office.value)
    assert desk.post(page_of(office.person), {**form, field: "Bureau@haddad.example"}).status_code == 302
    run(dt.date(2040, 1, 1))
    office.refresh_from_db()
    assert (office.value, office.value_key, office.state, office.source) == (
        "Bureau@haddad.example",
        "bureau@haddad.example",
        "usable",
        "staff",
    )


def test_a_broken_address_typed_at_the_desk_is_refused_beside_its_field(desk):
    run(dt.date(2022, 3, 1))
    office = ContactRoute.objects.get(value="office@haddad.example")
    form = posted_by(desk, page_of(office.person))
    field = next(name for name, value in form.items() if value == office.value)
    answer = desk.post(page_of(office.person), {**form, field: "bureau@haddad,example"})
    assert answer.status_code == 200
    assert "This is not a valid e-mail address." in answer.content.decode()
    office.refresh_from_db()
    assert office.value == "office@haddad.example"


def test_two_people_typed_at_the_desk_do_not_stand_in_each_others_way(desk):
    for name in ("Ana Desk", "Ben Desk"):
        empty = {
            f"{prefix}-{count}": 0
            for prefix in ("mandates", "routes")
            for count in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
        }
        fields = {"name": name, "other_names": "{}", **empty}
        assert desk.post(reverse("admin:advocacy_person_add"), fields).status_code == 302
    assert Person.objects.filter(source="staff").count() == 2
