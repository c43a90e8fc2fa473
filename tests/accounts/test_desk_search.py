"""The search of the desk, and the page that says what each role may do."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.role_words import _MEANT_FOR
from accounts.roles import ROLES
from accounts.search import MOST, found
from contacts.models import ListRight, Segment
from mailer.models import Mailing
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import make_campaign, make_organisation, make_person, make_staff

pytestmark = pytest.mark.django_db


def titles(user, words: str) -> dict[str, list[str]]:
    return {group.title: [hit.label for hit in group.hits] for group in found(user, words)}


def make_everything_called_harbour(**fields) -> None:
    make_campaign(name="Harbour bridge", **fields)
    make_person("Ann Harbour")
    contact = make_contact("ann@harbour.example", name="Bo Harbour", **fields)
    mailing_list = make_mailing_list(name="Harbour news", slug="harbour", **fields)
    make_subscription(contact, mailing_list)
    Mailing.objects.create(name="Harbour in May", mailing_list=mailing_list, **fields)
    Segment.objects.create(name="Harbour people", rule={"all": []}, **fields)
    make_staff(username="harbourmaster", **fields)


EVERYTHING = {
    "Campaigns": ["Harbour bridge"],
    "Mailings": ["Harbour in May"],
    "Contacts": ["Bo Harbour"],
    "Lists": ["Harbour news"],
    "Segments": ["Harbour people"],
    "Representatives": ["Ann Harbour"],
    "Staff": ["harbourmaster"],
}


def test_one_search_finds_every_kind_and_leads_to_each():
    make_everything_called_harbour()
    user = make_staff("superuser")
    assert titles(user, "harb") == EVERYTHING
    assert titles(user, "segm")["Pages of the desk"] == ["Segments"]


def test_every_hit_opens(client):
    make_everything_called_harbour()
    user = make_staff("superuser")
    client.force_login(user)
    for group in found(user, "harbour"):
        for hit in group.hits:
            assert client.get(hit.url, follow=True).status_code == 200, hit


@pytest.mark.parametrize("role", [*ROLES, "no role"])
def test_nobody_finds_what_their_roles_do_not_show(role):
    make_everything_called_harbour()
    user = make_staff(role)
    rights = {
        "Campaigns": "advocacy.view_campaign",
        "Mailings": "mailer.view_mailing",
        "Contacts": "contacts.view_contact",
        "Lists": "contacts.view_mailinglist",
        "Segments": "contacts.view_segment",
        "Representatives": "advocacy.view_person",
        "Staff": "accounts.view_user",
    }
    assert set(titles(user, "harbour")) == {title for title, right in rights.items() if user.has_perm(right)}


def test_nothing_of_another_organisation_is_found():
    make_everything_called_harbour(organisation=make_organisation())
    user = make_staff("superuser", organisation=make_organisation())
    assert titles(user, "harbour") == {"Representatives": ["Ann Harbour"]}


def test_who_is_bound_to_a_list_finds_only_what_belongs_to_it():
    make_everything_called_harbour()
    user = make_staff("Contacts editors", "Newsletter senders")
    ListRight.objects.create(user=user, mailing_list=make_mailing_list())
    assert set(titles(user, "harbour")) == {"Segments"}


def test_of_many_a_few_are_shown_and_the_list_of_all_is_linked():
    for number in range(MOST + 2):
        make_contact(f"harbour{number}@example.org", name=f"Harbour {number}")
    (group,) = found(make_staff("Contacts editors"), "harbour")
    assert len(group.hits) == MOST
    assert group.more == reverse("admin:contacts_contact_changelist") + "?q=harbour"


@pytest.mark.parametrize(
    "words", ["", "a", " ", "\0", "h\0", "%", "'; --", "x" * 5000, "ann@nowhere.example"]
)
def test_words_nobody_can_look_for_find_nothing_and_break_nothing(client, words):
    client.force_login(make_staff("superuser"))
    answer = client.get(reverse("admin:search"), {"q": words})
    assert answer.status_code == 200
    assert answer.context["groups"] == []


def test_what_was_typed_is_shown_as_text(client):
    client.force_login(make_staff("superuser"))
    make_campaign(name="<b>bold</b>")
    page = client.get(reverse("admin:search"), {"q": "<b>"}).text
    assert "<b>" not in page
    part = client.get(reverse("admin:search"), {"q": "<b>"}, headers={"HX-Request": "true"})
    assert "&lt;b&gt;bold" in part.text
    assert "<html" not in part.text
    assert "no-store" in part["Cache-Control"]


def test_the_public_searches_nothing(client):
    for page in ("search", "roles"):
        assert client.get(reverse(f"admin:{page}"))["Location"].startswith(reverse("admin:login"))


def test_each_role_is_said_in_plain_words(client):
    assert set(_MEANT_FOR) == set(ROLES)
    user = make_staff("Data stewards")
    client.force_login(user)
    page = client.get(reverse("admin:roles"))
    roles = {role.name: role for role in page.context["roles"]}
    assert roles["Data stewards"].is_mine
    assert not roles["Administrators"].is_mine
    assert ("Suppressions", "see, add, lift") in roles["Data stewards"].rights
    assert roles["Data stewards"].members is None, "who works here is not theirs to see"
    client.force_login(make_staff("Administrators"))
    again = {role.name: role for role in client.get(reverse("admin:roles")).context["roles"]}
    assert again["Data stewards"].members == 1
