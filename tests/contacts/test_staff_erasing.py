"""Erasing a person at the staff desk."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, Erasure
from mailer.models import Delivery
from tests.factories import make_contact, make_delivery, make_mailing_list, make_subscription
from tests.staff import make_organisation, make_staff
from tests.whole_database import places_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact() -> Contact:
    found = make_contact("zenobia@example.org", name="Zenobia Quist")
    for _ in range(2):
        make_subscription(found, make_mailing_list())
    make_delivery("zenobia@example.org", kind=Delivery.Kind.SYSTEM)
    return found


def desk(client: Client, *roles: str, **fields: object) -> Client:
    client.force_login(make_staff(*(roles or ("Contacts editors",)), **fields))
    return client


def page(contact: Contact) -> str:
    return reverse("admin:contacts_contact_erase", args=[contact.pk])


def test_the_page_of_a_contact_leads_there_for_who_may_erase(client, contact):
    shown = desk(client).get(reverse("admin:contacts_contact_change", args=[contact.pk])).content.decode()
    assert f'href="{page(contact)}"' in shown


def test_the_page_says_in_numbers_what_will_go_and_changes_nothing(client, contact):
    answer = desk(client).get(page(contact))
    shown = answer.content.decode()
    assert "Subscriptions: 2" in shown
    assert "Deliveries: 1" in shown
    assert Contact.objects.filter(pk=contact.pk).exists()
    assert Delivery.objects.get().status == Delivery.Status.QUEUED
    assert not Erasure.objects.exists()


def test_nobody_is_erased_by_a_button_alone(client, contact):
    answer = desk(client).post(page(contact), {"address": "somebody@example.org"})
    assert "not the address of this person" in answer.content.decode()
    assert Contact.objects.filter(pk=contact.pk).exists()


def test_the_typed_address_erases_and_the_log_knows_by_whom(client, contact):
    answer = desk(client).post(page(contact), {"address": " Zenobia@example.ORG "}, follow=True)
    assert "The person is erased" in answer.content.decode()
    assert places_of("zenobia", "quist") == []
    entry = Erasure.objects.select_related("by").get()
    assert (entry.door, entry.by.is_staff) == ("desk", True)
    found = client.get(reverse("admin:contacts_erasure_changelist"), {"q": "zenobia@example.org"})
    assert list(found.context["cl"].result_list) == [entry]
    shown = client.get(reverse("admin:contacts_erasure_change", args=[entry.pk])).content.decode()
    assert "subscriptions: 2" in shown


def test_a_second_click_finds_nobody(client, contact):
    desk(client).post(page(contact), {"address": contact.address})
    assert client.post(page(contact), {"address": contact.address}).status_code == 404
    assert Erasure.objects.count() == 1


def test_only_who_may_erase_sees_the_page_and_only_for_their_own_people(client, contact):
    assert desk(client, "Contacts exporters").get(page(contact)).status_code == 403
    theirs = make_contact(organisation=make_organisation())
    assert desk(client, organisation=make_organisation()).get(page(theirs)).status_code == 404
