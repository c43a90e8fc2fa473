"""Suppressions and contacts at the staff desk."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from contacts import suppressions
from contacts.addresses import parse
from contacts.models import Suppression
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

LIST = "admin:contacts_suppression_changelist"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Contacts editors"))
    return client


def add(desk: Client, **fields: str):
    posted = {
        "address": "sam@example.org",
        "reason": "do_not_contact",
        "scope": "all",
        "note": "by telephone",
    }
    return desk.post(reverse("admin:contacts_suppression_add"), posted | fields)


def test_an_address_suppressed_at_the_desk_is_blocked_and_kept_as_a_hash_only(desk):
    assert add(desk, address=" Sam@Example.ORG ").status_code == 302
    row = Suppression.objects.get()
    assert suppressions.blocks(parse("sam@example.org").hash, Suppression.Scope.MAILINGS) == row
    assert row.evidence["note"] == "by telephone"
    assert "sam" not in str(row.evidence).lower()


def test_suppressing_an_address_again_is_no_error_and_adds_nothing(desk):
    add(desk)
    assert add(desk).status_code == 302
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "no address"},
        {"address": "a@b.example, c@d.example"},
        {"note": ""},
        {"note": "sam@example.org asked"},
    ],
)
def test_what_cannot_be_suppressed_is_refused_at_its_field(desk, wrong):
    answer = add(desk, **wrong)
    assert list(answer.context["adminform"].form.errors) == list(wrong)
    assert not Suppression.objects.exists()


def test_a_suppression_is_found_by_the_typed_address(desk):
    add(desk)
    assert len(desk.get(reverse(LIST), {"q": "SAM@example.org"}).context["cl"].result_list) == 1
    assert not desk.get(reverse(LIST), {"q": "other@example.org"}).context["cl"].result_list
    assert not desk.get(reverse(LIST), {"q": "example.org"}).context["cl"].result_list


@pytest.mark.parametrize("role", ["Contacts editors", "superuser"])
def test_nobody_takes_a_suppression_away_at_the_desk(client, role):
    client.force_login(make_staff(role))
    row = Suppression.objects.create(
        address_hash=parse("sam@example.org").hash, reason="complaint", scope="all"
    )
    assert (
        client.post(reverse("admin:contacts_suppression_delete", args=[row.pk]), {"post": "yes"}).status_code
        == 403
    )
    client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert (
        client.post(
            reverse("admin:contacts_suppression_change", args=[row.pk]), {"scope": "mailings"}
        ).status_code
        == 403
    )
    row.refresh_from_db()
    assert row.scope == "all"
