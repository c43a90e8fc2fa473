"""A subscription is what a person wants, shown by a consent that is written down once."""

from __future__ import annotations

import pytest

from contacts import subscriptions, suppressions
from contacts.addresses import Address
from contacts.models import Consent, Contact, ContactChange, MailingList, Subscription, Suppression
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


def test_a_gap_is_filled_and_says_where_the_value_came_from(news):
    address = unique_address()
    subscribe(address, news, name="Ann")
    subscribe(address, news, click=2, name="Somebody Else", country="KE")
    contact = Contact.objects.get()
    assert (contact.name, contact.country) == ("Ann", "KE")
    change = ContactChange.objects.get()
    assert (change.source, change.changes) == ("campaign bus", {"country": ["", "KE"]})


def test_leaving_a_list_twice_is_one_refusal(news):
    subscribe(unique_address(), news)
    contact = Contact.objects.get()
    assert subscriptions.unsubscribe(contact, news, source="link", proof={"delivery": 7})
    assert not subscriptions.unsubscribe(contact, news, source="link", proof={"delivery": 7})
    refusal = Consent.objects.get(granted=False)
    assert (refusal.source, refusal.proof, refusal.mailing_list) == ("link", {"delivery": 7}, news)
    assert Subscription.objects.get().reason == Subscription.Reason.LEFT


def test_whoever_an_import_took_off_a_list_can_still_say_so_themselves(news):
    subscribe(unique_address(), news)
    Subscription.objects.update(status=Status.UNSUBSCRIBED, reason=Subscription.Reason.REFUSED)
    contact = Contact.objects.get()
    assert subscriptions.unsubscribe(contact, news, source="link")
    assert not subscriptions.unsubscribe(contact, news, source="link")
    assert Subscription.objects.get().reason == Subscription.Reason.LEFT
    assert Consent.objects.filter(granted=False).count() == 1


def test_whoever_was_never_on_a_list_does_not_leave_it(news):
    subscribe(unique_address(), MailingList.objects.create(name="Other", slug="other"))
    assert not subscriptions.unsubscribe(Contact.objects.get(), news, source="link")
    assert not Consent.objects.filter(granted=False).exists()


def test_whoever_acts_for_themselves_outlives_the_undo_of_an_import(news):
    subscribe(unique_address(), news)
    contact = Contact.objects.get()
    assert contact.updated_at > contact.created_at


def test_a_form_alone_subscribes_only_who_never_stood_on_the_list(news):
    address = unique_address()
    form = {"text": "Send me news.", "page": "", "source": "sign-up news"}
    assert subscriptions.subscribe_unproven(address, news, **form) is not None
    assert Consent.objects.get().proof == {}
    assert subscriptions.subscribe_unproven(address, news, **form) is None
    subscriptions.leave_all(Contact.objects.get(), source="link")
    other = MailingList.objects.create(name="Other", slug="other")
    assert subscriptions.subscribe_unproven(address, other, **form) is None
    assert not Subscription.objects.filter(status=Status.CONFIRMED).exists()
