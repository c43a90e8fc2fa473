"""A subscription is what a person wants, shown by a consent that is written down once."""

from __future__ import annotations

import pytest

from contacts import subscriptions, suppressions
from contacts.addresses import Address
from contacts.models import Consent, Contact, MailingList, Subscription, Suppression
from tests.factories import unique_address

pytestmark = pytest.mark.django_db
Status = Subscription.Status


@pytest.fixture
def news() -> MailingList:
    return MailingList.objects.create(name="News", slug="news")


def subscribe(
    address: Address, mailing_list: MailingList, click: int = 1, **fields: str
) -> Subscription | None:
    return subscriptions.subscribe_proven(
        address,
        mailing_list,
        text="Send me news.",
        page="https://epistle.example/en/bus/",
        source="campaign bus",
        proof={"submission": click, "by": "link in the confirmation mail"},
        **fields,
    )


def test_the_same_click_twice_is_one_consent_and_one_subscription(news):
    address = unique_address()
    assert subscribe(address, news) == subscribe(address, news) == Subscription.objects.get()
    assert Consent.objects.get().proof["submission"] == 1


def test_a_repeat_of_an_old_click_brings_nobody_back_who_left_meanwhile(news):
    address = unique_address()
    subscribe(address, news)
    Subscription.objects.update(status=Status.UNSUBSCRIBED)
    subscribe(address, news)
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED


def test_a_fresh_click_brings_back_who_had_left(news):
    address = unique_address()
    subscribe(address, news)
    Subscription.objects.update(status=Status.UNSUBSCRIBED)
    subscribe(address, news, click=2)
    assert Subscription.objects.get().status == Status.CONFIRMED
    assert Consent.objects.count() == 2


def test_a_suppressed_address_is_not_subscribed_and_its_consent_is_kept(news):
    address = unique_address()
    suppressions.suppress(address.hash, Suppression.Reason.COMPLAINT)
    assert subscribe(address, news) is None
    assert not Subscription.objects.exists()
    assert Consent.objects.get().granted


def test_what_is_known_of_a_contact_is_never_overwritten(news):
    address = unique_address()
    subscribe(address, news, name="Ann")
    subscribe(address, news, click=2, name="Somebody Else")
    assert Contact.objects.get().name == "Ann"
