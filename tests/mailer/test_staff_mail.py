"""Mail at the staff desk: to look at, and to settle what no machine can."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailer.models import Delivery, DeliveryEvent
from tests.staff import (
    make_campaign,
    make_delivery,
    make_event,
    make_letter,
    make_organisation,
    make_staff,
)

pytestmark = pytest.mark.django_db

Status = Delivery.Status


@pytest.fixture
def moderator() -> User:
    return make_staff("Moderators")


@pytest.fixture
def desk(client: Client, moderator: User) -> Client:
    client.force_login(moderator)
    return client


def settle(desk: Client, word: str, *deliveries: Delivery):
    return desk.post(
        reverse("admin:mailer_delivery_settle"), {"act": word, "row": [str(one.pk) for one in deliveries]}
    )


@pytest.mark.parametrize(
    ("word", "status", "fact"),
    [("arrived", Status.SENT, "settled"), ("again", Status.QUEUED, "put_back")],
)
def test_a_persons_word_settles_an_unknown_mail_and_their_name_stays_with_it(
    desk, moderator, word, status, fact
):
    delivery = make_delivery(status=Status.UNKNOWN)
    settle(desk, word, delivery)
    delivery.refresh_from_db()
    assert delivery.status == status
    assert DeliveryEvent.objects.get(delivery=delivery, type=fact).actor == moderator
    assert LogEntry.objects.get().object_id == str(delivery.pk)


def test_what_a_report_settled_meanwhile_is_not_sent_again(desk):
    settled, unknown = make_delivery(status=Status.SENT), make_delivery(status=Status.UNKNOWN)
    answer = settle(desk, "again", settled, unknown)
    settled.refresh_from_db()
    assert settled.status == Status.SENT
    told = [str(message) for message in desk.get(answer["Location"]).context["messages"]]
    assert told == ["1 mail settled. 1 had been settled already."]


@pytest.mark.parametrize("role", ["Campaigners", "Contacts editors"])
def test_who_may_not_settle_can_neither_look_at_the_unknown_nor_settle_them(client, role):
    client.force_login(make_staff(role))
    delivery = make_delivery(status=Status.UNKNOWN)
    assert client.get(reverse("admin:mailer_delivery_unknown")).status_code == 403
    assert settle(client, "again", delivery).status_code == 403
    delivery.refresh_from_db()
    assert delivery.status == Status.UNKNOWN


def test_a_mail_of_another_organisation_cannot_be_settled(client):
    client.force_login(make_staff("Moderators", organisation=make_organisation()))
    delivery = make_delivery(status=Status.UNKNOWN)
    make_letter(make_campaign(organisation=make_organisation()), status="dispatched", delivery=delivery)
    settle(client, "again", delivery)
    delivery.refresh_from_db()
    assert delivery.status == Status.UNKNOWN


def test_looking_settles_nothing(desk):
    delivery = make_delivery(status=Status.UNKNOWN)
    assert desk.get(reverse("admin:mailer_delivery_unknown")).status_code == 200
    assert desk.get(reverse("admin:mailer_delivery_settle")).status_code == 405
    delivery.refresh_from_db()
    assert delivery.status == Status.UNKNOWN


def test_the_page_of_a_delivery_shows_every_event_in_order_with_its_code_in_words(desk):
    delivery = make_delivery(status=Status.SENT)
    make_event(delivery, "accepted")
    make_event(delivery, "bounced", bounce_class="soft", bounce_code="5.2.2")
    page = desk.get(reverse("admin:mailer_delivery_change", args=[delivery.pk])).content.decode()
    assert page.index("accepted by the provider") < page.index("the mailbox is full (5.2.2)")


def test_a_delivery_is_found_by_the_whole_address_and_by_no_part_of_it(desk):
    delivery = make_delivery("sam.lee@parliament.example")
    url = reverse("admin:mailer_delivery_changelist")
    assert list(desk.get(url, {"q": "Sam.Lee@Parliament.example"}).context["cl"].result_list) == [delivery]
    assert not desk.get(url, {"q": "parliament"}).context["cl"].result_list


def test_a_delivery_cannot_be_changed_or_deleted_even_by_a_superuser(client):
    client.force_login(make_staff("superuser"))
    delivery = make_delivery()
    assert (
        client.post(
            reverse("admin:mailer_delivery_change", args=[delivery.pk]), {"status": "sent"}
        ).status_code
        == 403
    )
    url = reverse("admin:mailer_delivery_delete", args=[delivery.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
    assert Delivery.objects.get().status == Status.QUEUED


def test_the_list_of_deliveries_counts_no_further_than_it_must(desk, monkeypatch):
    for _number in range(4):
        make_delivery()
    monkeypatch.setattr("accounts.lists.COUNT_UP_TO", 2)
    monkeypatch.setattr("mailer.admin.deliveries.DeliveryAdmin.list_per_page", 3, raising=False)
    changelist = desk.get(reverse("admin:mailer_delivery_changelist")).context["cl"]
    assert changelist.result_count == 3  # one more than we count to: "more than"


def test_the_list_of_deliveries_costs_the_same_for_one_and_for_many(desk, django_assert_max_num_queries):
    url = reverse("admin:mailer_delivery_changelist")
    for _number in range(6):
        make_delivery()
    with django_assert_max_num_queries(11):
        desk.get(url)
