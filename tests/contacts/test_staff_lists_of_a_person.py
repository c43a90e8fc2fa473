"""Taking one person off a list, or putting them on it, as staff do it at the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from contacts import subscriptions, suppressions
from contacts.models import Consent, Contact, MailingList, Subscription, Suppression
from tests.factories import make_contact, make_mailing_list, make_subscription, unique_address
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Contacts editors"))
    return client


def url(page: str, *args: object) -> str:
    return reverse(f"admin:contacts_contact_{page}", args=args)


def agreed(mailing_list: MailingList, /, **fields: object) -> dict[str, object]:
    words = {"text": "Send me news.", "page": "The stall in Kisumu", "given_on": "2026-03-04"}
    return {"mailing_list": mailing_list.pk, **words, **fields}


def test_who_is_taken_off_a_list_by_staff_has_left_it_with_the_reason_and_stays_on_the_others(desk):
    contact, news, other = make_contact(), make_mailing_list(), make_mailing_list()
    make_subscription(contact, news)
    make_subscription(contact, other)
    page = url("take_off", contact.pk, news.pk)
    assert page in desk.get(url("change", contact.pk)).content.decode()
    assert desk.post(page, {"why": " "}).status_code == 200
    assert not Consent.objects.exists()
    assert desk.post(page, {"why": "She rang."})["Location"] == url("change", contact.pk)
    desk.post(page, {"why": "She rang."})
    left = Subscription.objects.get(mailing_list=news)
    assert (left.status, left.reason) == ("unsubscribed", "left")
    assert Subscription.objects.get(mailing_list=other).status == "confirmed"
    consent = Consent.objects.get()
    assert (consent.granted, consent.source, consent.proof["note"]) == (False, "desk", "She rang.")
    assert (
        consent.proof["staff"] == LogEntry.objects.get(change_message__contains="contacts.taken_off").user_id
    )
    assert "She rang." in desk.get(url("change", contact.pk)).content.decode()


def test_who_is_put_on_a_list_by_staff_is_confirmed_with_the_words_the_place_and_the_day(desk):
    contact, news = make_contact(), make_mailing_list()
    page = url("put_on", contact.pk)
    for missing in ("text", "page", "given_on", "mailing_list"):
        assert desk.post(page, agreed(news, **{missing: ""})).status_code == 200
    late = timezone.localdate() + timedelta(days=1)
    assert desk.post(page, agreed(news, given_on=str(late))).status_code == 200
    assert not Subscription.objects.exists()
    for _ in range(2):
        assert desk.post(page, agreed(news))["Location"] == url("change", contact.pk)
    assert Subscription.objects.get().status == "confirmed"
    consent = Consent.objects.get()
    assert (consent.text, consent.page) == ("Send me news.", "The stall in Kisumu")
    assert timezone.localdate(consent.given_at).isoformat() == "2026-03-04"
    shown = desk.get(url("change", contact.pk)).content.decode()
    assert "4 Mar 2026</time>" in shown, "a day that was agreed on has no hour"
    in_arabic = desk.get(url("change", contact.pk), headers={"accept-language": "ar"}).content.decode()
    since = timezone.localtime(contact.created_at)
    with translation.override("ar"):
        assert date_format(since, "DATETIME_FORMAT") in in_arabic
    assert LogEntry.objects.filter(change_message__contains="contacts.put_on").count() == 1


@pytest.mark.parametrize("refused", ["left", "suppressed"])
def test_staff_put_nobody_back_on_a_list_who_left_it_or_is_suppressed(desk, refused):
    contact, news = make_contact(), make_mailing_list()
    if refused == "left":
        make_subscription(contact, news)
        subscriptions.unsubscribe(contact, news, source="preferences")
    else:
        suppressions.suppress(bytes(contact.address_hash), Suppression.Reason.COMPLAINT)
    answer = desk.post(url("put_on", contact.pk), agreed(news))
    assert "Only their own confirmed sign-up" in answer.content.decode()
    assert not Subscription.objects.filter(status="confirmed").exists()
    assert not Consent.objects.filter(granted=True).exists()


def test_the_word_of_staff_is_no_word_of_the_person_against_a_complaint():
    contact, news, staff = make_contact(), make_mailing_list(), make_staff("Contacts editors")
    subscriptions.put_on(
        contact, news, text="Send me news.", page="A stall", given_on=timezone.localdate(), by=staff
    )
    suppressions.suppress(bytes(contact.address_hash), Suppression.Reason.COMPLAINT)
    Suppression.objects.update(created_at=timezone.now() - timedelta(days=9))
    suppressions.lift(Suppression.objects.get(), by=staff, why="She rang.")
    assert Suppression.objects.exists()


def test_a_list_of_another_organisation_is_not_offered_and_nobody_is_taken_off_it(client):
    mine, theirs = make_organisation(), make_organisation()
    client.force_login(make_staff("Contacts editors", organisation=mine))
    contact, foreign = make_contact(organisation=mine), make_mailing_list(organisation=theirs)
    make_subscription(contact, foreign)
    assert client.post(url("take_off", contact.pk, foreign.pk), {"why": "No."}).status_code == 404
    assert client.post(url("put_on", contact.pk), agreed(foreign)).status_code == 200
    assert (
        url("take_off", contact.pk, foreign.pk) not in client.get(url("change", contact.pk)).content.decode()
    )
    assert Subscription.objects.get().status == "confirmed"


def test_nobody_is_put_on_a_list_under_an_address_they_have_given_up():
    contact, mailing_list = make_contact(), make_mailing_list()
    seen = Contact.objects.get(pk=contact.pk)
    moved = unique_address()
    Contact.objects.filter(pk=contact.pk).update(
        address=moved.given, address_key=moved.key, address_hash=moved.hash
    )
    with pytest.raises(subscriptions.NeedsThePersonError):
        subscriptions.put_on(
            seen, mailing_list, text="Yes", page="a stall", given_on=timezone.localdate(), by=make_staff()
        )
    assert not Subscription.objects.exists()
