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


# --- is it suppressed, and the way out ----------------------------------------------------------------------------


def lift(desk: Client, row: Suppression, why: str = "They rang."):
    return desk.post(reverse("admin:contacts_suppression_lift", args=[row.pk]), {"why": why}, follow=True)


def suppressed(reason: str = "bounce", **fields: object) -> Suppression:
    return Suppression.objects.create(
        **{"address_hash": parse("sam@example.org").hash, "reason": reason, "scope": "all", **fields}
    )


def test_a_searched_address_is_answered_in_words_with_every_reason_and_its_evidence(desk):
    suppressed("bounce", evidence={"delivery": 7})
    suppressed("do_not_contact", evidence={"note": "by telephone"})
    page = desk.get(reverse(LIST), {"q": "Sam@example.org"}).content.decode()
    assert "is suppressed, for every reason" in page
    assert "mail 7" in page
    assert reverse("admin:mailer_delivery_change", args=[7]) in page
    assert "by telephone" in page
    assert "is not suppressed" in desk.get(reverse(LIST), {"q": "kim@example.org"}).content.decode()


def test_a_keeper_lifts_a_suppression_with_a_reason_that_stays_to_be_read(client):
    client.force_login(make_staff("Suppression keepers"))
    row = suppressed()
    page = client.get(reverse("admin:contacts_suppression_change", args=[row.pk])).content.decode()
    assert "Lift the suppression" in page
    assert "The suppression is lifted." in lift(client, row).content.decode()
    assert not Suppression.objects.exists()
    assert "They rang." in client.get(reverse(LIST), {"q": "sam@example.org"}).content.decode()
    assert "gone already" in lift(client, row).content.decode()


@pytest.mark.parametrize("why", ["", "   ", "sam@example.org asked"])
def test_without_a_reason_or_with_the_address_in_it_nothing_is_lifted(client, why):
    client.force_login(make_staff("Suppression keepers"))
    row = suppressed()
    lift(client, row, why)
    assert Suppression.objects.get() == row


def test_a_complaint_is_not_lifted_by_staff_alone_and_the_page_says_so(client):
    client.force_login(make_staff("Suppression keepers"))
    row = suppressed("complaint")
    assert "The way back is open" in lift(client, row).content.decode()
    row.refresh_from_db()
    assert row.scope == "mailings"
    page = client.get(reverse("admin:contacts_suppression_change", args=[row.pk])).content.decode()
    assert "Lift it, or open" not in page


def test_lifting_needs_a_right_of_its_own_and_a_post(desk):
    row = suppressed()
    assert lift(desk, row).status_code == 403
    page = desk.get(reverse("admin:contacts_suppression_change", args=[row.pk])).content.decode()
    assert "Write to this person again" not in page
    assert desk.get(reverse("admin:contacts_suppression_lift", args=[row.pk])).status_code == 405
    assert Suppression.objects.get() == row
