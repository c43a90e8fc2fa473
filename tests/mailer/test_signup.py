"""From an address typed by anybody to the subscription of its owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from contacts import subscriptions, suppressions
from contacts.addresses import parse
from contacts.models import Consent, Contact, Lift, MailingList, Subscription, Suppression
from mailer import invariants, retention
from mailer.models import Delivery, SignUp
from mailer.seals import Gone
from mailer.signup import links, opting_in
from mailer.signup.links import CONFIRM, NOT_ME
from tests.factories import make_contact, make_mailing_list, make_sign_up, make_subscription, unique_address

pytestmark = pytest.mark.django_db
Status, Scope, Reason = Subscription.Status, Suppression.Scope, Suppression.Reason


def single(**fields: object) -> MailingList:
    return make_mailing_list(is_public=True, opt_in=MailingList.OptIn.SINGLE, **fields)


def alive(purpose: str, row: SignUp) -> bool:
    try:
        return links.read(purpose, links.token(purpose, row)) == row
    except Gone:
        return False


# --- double opt-in ----------------------------------------------------------------------------------------------------


def test_nobody_is_a_contact_before_the_button_is_pressed(outbox):
    row = make_sign_up(name="Ann Example", country="KE")
    assert not Contact.objects.exists()
    (asked,) = outbox.deliver()
    assert asked.extra_headers["Auto-Submitted"] == "auto-generated"
    assert asked.subject == f"Please confirm: {row.mailing_list.name}"
    opting_in.confirm(row)
    contact = Contact.objects.get()
    assert (contact.name, contact.country, contact.language) == ("Ann Example", "KE", "en")
    assert contact.subscriptions.get().status == Status.CONFIRMED


def test_the_consent_says_what_was_shown_where_and_by_which_mail_it_was_proven(outbox):
    row = make_sign_up()
    outbox.deliver()
    opting_in.confirm(row)
    consent = Consent.objects.get()
    assert (consent.text, consent.page) == ("Send me the news.", "https://epistle.example/en/lists/news/")
    assert consent.source == f"sign-up {row.mailing_list.slug}"
    assert consent.proof["delivery"] == Delivery.objects.get().pk
    assert consent.proof["sign_up"] == row.pk
    assert consent.proof["confirmed_at"]
    assert consent.granted


def test_the_mail_holds_nothing_that_was_typed(outbox):
    make_sign_up(name="Cheap Watches", address=parse("ann@example.org"))
    (asked,) = outbox.deliver()
    whole = asked.subject + asked.body + str(asked.alternatives)
    assert "Watches" not in whole
    assert "ann@" not in whole


def test_a_second_press_confirms_nothing_more(outbox):
    row = make_sign_up()
    assert opting_in.confirm(row)
    subscriptions.unsubscribe(Contact.objects.get(), row.mailing_list, source="test")
    assert not opting_in.confirm(row)
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED


def test_a_bounce_or_refusal_that_came_after_our_mail_is_not_lifted_by_its_button(outbox):
    row = make_sign_up()
    outbox.deliver()
    address_hash = bytes(row.address_hash)
    suppressions.suppress(address_hash, Reason.DO_NOT_CONTACT)
    # Typed once more, by anybody: its mail may not leave, so it proves nothing.
    make_sign_up(address=parse(row.address), mailing_list=row.mailing_list)
    Delivery.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    Delivery.objects.exclude(status=Delivery.Status.SENT).update(asked_at=None)
    row.refresh_from_db()
    assert opting_in.confirm(row)
    assert suppressions.blocks(address_hash, Scope.MAILINGS)
    assert not Subscription.objects.filter(status=Status.CONFIRMED).exists()


def test_the_link_ends_after_seven_days_and_after_its_use():
    with time_machine.travel("2026-03-02T10:00Z", tick=False) as clock:
        row = make_sign_up()
        SignUp.objects.update(expires_at="2026-03-09T10:00Z")
        row.refresh_from_db()
        assert alive(CONFIRM, row)
        clock.shift(timedelta(days=7))
        assert not alive(CONFIRM, row)
        assert alive(NOT_ME, row)
    fresh = make_sign_up()
    opting_in.confirm(fresh)
    fresh.refresh_from_db()
    assert alive(CONFIRM, fresh)
    with time_machine.travel(fresh.confirmed_at + timedelta(hours=1)):
        assert not alive(CONFIRM, fresh)


def test_a_link_opens_its_own_purpose_only_and_is_stored_nowhere():
    row = make_sign_up()
    with pytest.raises(Gone):
        links.read(CONFIRM, links.token(NOT_ME, row))
    seal = links.token(CONFIRM, row).split("-", 1)[1]
    assert seal not in str(SignUp.objects.values_list().get())
    assert seal not in str(Delivery.objects.values_list("context", "message__text", "message__html").get())


def test_typing_it_again_renews_the_open_row_and_mails_nobody_twice_an_hour(outbox):
    news, address = make_mailing_list(is_public=True), unique_address()
    first = make_sign_up(news, address, name="Ann")
    again = make_sign_up(news, address, name="Anne")
    assert first.pk == again.pk
    assert SignUp.objects.get().name == "Anne"
    assert links.token(CONFIRM, first) == links.token(CONFIRM, again), (
        "the link in the first mail still works"
    )
    assert len(outbox.deliver()) == 1


def test_a_row_that_ran_out_comes_back_with_new_links():
    news, address = make_mailing_list(is_public=True), unique_address()
    first = make_sign_up(news, address)
    SignUp.objects.update(expires_at=first.created_at - timedelta(days=1))
    again = make_sign_up(news, address)
    assert again.nonce != first.nonce
    assert not opting_in.confirm(first)
    assert opting_in.confirm(again)


def test_two_mails_a_day_whatever_the_list_and_the_third_asks_nobody(outbox):
    address = unique_address()
    for _list in range(4):
        make_sign_up(address=address)
    assert Delivery.objects.count() == 2
    assert len(outbox.deliver()) == 1, "the second waits for its hour"


def test_a_confirmed_one_leaves_room_for_the_next(outbox):
    address = unique_address()
    for _list in range(4):
        opting_in.confirm(make_sign_up(address=address))
        assert len(outbox.deliver()) == 0, "what was confirmed needs no mail any more"
    assert Subscription.objects.filter(status=Status.CONFIRMED).count() == 4
    assert [found for found in invariants.check_all() if found.ids] == []


# --- known people -------------------------------------------------------------------------------------------------------


def test_who_gets_the_list_already_is_sent_their_preferences_instead(outbox):
    contact, news = make_contact(), make_mailing_list(is_public=True)
    make_subscription(contact, news)
    make_sign_up(news, parse(contact.address))
    (mail,) = outbox.deliver()
    assert mail.subject.startswith("You get it already")
    assert "/preferences/" in mail.body
    assert "/subscribe/" not in mail.body


def test_typing_the_address_of_somebody_who_left_changes_nothing_before_they_answer(outbox):
    contact, news = make_contact(), make_mailing_list(is_public=True)
    make_subscription(contact, news, status=Status.UNSUBSCRIBED, reason="left")
    row = make_sign_up(news, parse(contact.address))
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED
    opting_in.confirm(row)
    subscription = Subscription.objects.get()
    assert (subscription.status, subscription.reason) == (Status.CONFIRMED, "")


def test_who_left_everything_comes_back_by_their_own_confirmed_word(outbox):
    contact, news = make_contact(), make_mailing_list(is_public=True)
    make_subscription(contact, news)
    subscriptions.leave_all(contact, source="test")
    row = make_sign_up(news, parse(contact.address))
    assert len(outbox.deliver()) == 1, "leaving newsletters does not forbid the mail that asks"
    assert suppressions.blocks(bytes(contact.address_hash), Scope.MAILINGS)
    opting_in.confirm(row)
    assert suppressions.blocks(bytes(contact.address_hash), Scope.MAILINGS) is None
    assert Lift.objects.get().consent == Consent.objects.filter(granted=True).get()
    subscriptions.leave_all(contact, source="test")
    assert suppressions.blocks(bytes(contact.address_hash), Scope.MAILINGS)


@pytest.mark.parametrize("reason", [Reason.BOUNCE, Reason.COMPLAINT, Reason.DO_NOT_CONTACT, Reason.ERASED])
def test_no_sign_up_writes_to_an_address_we_must_leave_alone_nor_lifts_what_stands(reason, outbox):
    address = unique_address()
    suppressions.suppress(address.hash, reason)
    make_sign_up(address=address)
    make_sign_up(single(), address)
    assert outbox.deliver() == []
    assert suppressions.blocks(address.hash, Scope.MAILINGS)
    assert not Subscription.objects.exists()


def test_a_complaint_outlives_a_confirmed_sign_up_and_the_consent_is_kept(outbox):
    row = make_sign_up()
    suppressions.suppress(bytes(row.address_hash), Reason.COMPLAINT)
    opting_in.confirm(row)
    assert not Subscription.objects.exists()
    assert Consent.objects.get().granted
    assert suppressions.blocks(bytes(row.address_hash), Scope.MAILINGS)


# --- single opt-in ------------------------------------------------------------------------------------------------------


def test_a_single_opt_in_list_takes_a_new_address_at_once_and_tells_it(outbox):
    row = make_sign_up(single())
    assert Subscription.objects.get().status == Status.CONFIRMED
    assert Consent.objects.get().proof == {}, "a form alone proves nothing"
    (mail,) = outbox.deliver()
    assert mail.subject.startswith("You are on the list")
    assert links.token(NOT_ME, row) in mail.body


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.PENDING])
def test_a_single_opt_in_list_brings_nobody_back_unasked(status, outbox):
    contact, news = make_contact(), single()
    make_subscription(contact, news, status=status)
    make_sign_up(news, parse(contact.address))
    assert Subscription.objects.get().status == status
    assert not Consent.objects.exists()
    assert outbox.deliver()[0].subject.startswith("Please confirm")


def test_who_left_everything_is_asked_first_by_a_single_opt_in_list_too(outbox):
    contact = make_contact()
    subscriptions.leave_all(contact, source="test")
    make_sign_up(single(), parse(contact.address))
    assert not Subscription.objects.exists()
    assert outbox.deliver()[0].subject.startswith("Please confirm")


def test_nobody_is_put_on_a_single_opt_in_list_without_being_told():
    address = unique_address()
    for _list in range(3):
        make_sign_up(single(), address)
    assert Subscription.objects.count() == Delivery.objects.count() == 2


# --- not me -------------------------------------------------------------------------------------------------------------


def test_not_me_ends_what_waits_and_stops_such_mail_for_a_year(outbox):
    address = unique_address()
    row = make_sign_up(address=address)
    waiting = make_sign_up(address=address)
    for _press in range(2):
        opting_in.deny(row)
    assert not alive(CONFIRM, waiting)
    assert outbox.deliver() == []
    (suppression,) = Suppression.objects.all()
    assert (suppression.reason, suppression.scope) == (Reason.NOT_ME, Scope.CONFIRMATIONS)
    assert suppression.ends_at - suppression.created_at > timedelta(days=364)
    make_sign_up(address=address)
    assert outbox.deliver() == []


def test_not_me_takes_an_unproven_address_off_again_and_leaves_what_was_proven(outbox):
    address, proven = unique_address(), make_mailing_list(is_public=True)
    opting_in.confirm(make_sign_up(proven, address))
    row = make_sign_up(single(), address)
    opting_in.deny(row)
    assert Subscription.objects.get(mailing_list=row.mailing_list).status == Status.UNSUBSCRIBED
    assert Subscription.objects.get(mailing_list=proven).status == Status.CONFIRMED
    assert Consent.objects.filter(mailing_list=row.mailing_list).order_by("pk").last().granted is False


# --- forgetting ---------------------------------------------------------------------------------------------------------


def test_an_unanswered_sign_up_is_forgotten_with_its_address():
    row = make_sign_up()
    kept = make_sign_up(single())
    opting_in.confirm(make_sign_up())
    old = row.created_at - timedelta(days=60)
    SignUp.objects.update(expires_at=old)
    Delivery.objects.update(created_at=old, status="sent")
    assert retention.forget()
    assert not SignUp.objects.filter(pk=row.pk).exists()
    assert SignUp.objects.filter(pk=kept.pk).exists(), "its “that was not me” link works for a year"
    assert not Delivery.objects.exclude(address="").exists()
