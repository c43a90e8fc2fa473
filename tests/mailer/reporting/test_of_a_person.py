"""Newsletters in a person's life: on their timeline, and in what they are given when they ask for their data."""

from __future__ import annotations

import pytest
from django.utils import timezone

from contacts import person_export, timeline
from contacts.models import Contact
from contacts.registry import Person
from mailer.models import Delivery, Hit
from tests.mailings import make_frozen_mailing, make_links
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


def reader_of(mailing):
    return Contact.objects.get(pk=mailing.deliveries.get().contact_id)


def told(contact, user):
    return [entry for entry in timeline.entries(contact, user) if entry.kind == "mail"]


@pytest.mark.parametrize(
    ("state", "words", "detail"),
    [
        ("delivered", "delivered", "delivered on"),
        ("bounced", "bounced", "the mailbox does not exist (5.1.1)"),
        ("complained", "reported as spam", "reported as spam on"),
        ("waiting", "waiting", "Stand with victims"),
    ],
)
def test_a_newsletter_stands_on_the_timeline_with_what_became_of_it(state, words, detail):
    mailing = make_frozen_mailing({state: 1}, name="May call")
    entry = told(reader_of(mailing), make_staff("superuser"))[0]
    assert entry.words == f"Newsletter “May call”: {words}"
    assert detail in entry.detail


def test_links_a_person_followed_stand_there_once_and_a_machines_never():
    mailing = make_frozen_mailing({"delivered": 1})
    first, second = make_links(mailing)
    delivery = mailing.deliveries.get()
    for link, verdict in ((first, "human"), (first, "probable"), (second, "machine")):
        Hit.objects.create(delivery=delivery, link=link, kind="click", verdict=verdict, reason="click")
    detail = told(reader_of(mailing), make_staff("superuser"))[0].detail
    assert detail.endswith("clicked: “write”")


def test_the_timeline_of_many_newsletters_asks_as_few_queries_as_that_of_one(django_assert_max_num_queries):
    mailing = make_frozen_mailing({"delivered": 1})
    contact, user = reader_of(mailing), make_staff("superuser")
    for _ in range(5):
        other = make_frozen_mailing({"delivered": 1})
        other.deliveries.update(address_hash=contact.address_hash)
    with django_assert_max_num_queries(16):
        assert len(told(contact, user)) == 6


def test_who_may_not_see_mails_or_works_elsewhere_sees_no_newsletter_of_the_person():
    mailing = make_frozen_mailing({"delivered": 1})
    contact = reader_of(mailing)
    assert told(contact, make_staff("Contacts editors")) == []
    assert told(contact, make_staff("superuser", organisation=make_organisation())) == []


def test_a_persons_data_hold_their_newsletters_and_every_request_for_their_links():
    mailing = make_frozen_mailing({"delivered": 1})
    first, _second = make_links(mailing)
    delivery = mailing.deliveries.get()
    Hit.objects.create(
        delivery=delivery,
        link=first,
        kind="click",
        verdict="machine",
        reason="scanner",
        agent="Scanner/1",
        network="192.0.2.0/24",
    )
    Delivery.objects.filter(pk=delivery.pk).update(clicked_at=timezone.now())
    mail = person_export.export_person(Person.of_contact(reader_of(mailing)))["Mails"][0]
    assert mail["List"] == mailing.mailing_list.name
    assert mail["Subject"] == "Stand with victims (en)"
    assert {"Sent", "Delivered", "Clicked"} <= set(mail)
    assert mail["Links followed"][0]["Link"] == first.url
    assert mail["Links followed"][0]["Program"] == "Scanner/1"
