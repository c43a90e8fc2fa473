"""What a worker does with a chunk: never two, never silently none, nobody against their will."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from contacts import people, subscriptions, suppressions
from contacts.models import Contact, Subscription, Suppression
from mailer import sending as single
from mailer import tracking, unsubscribe_links, unsubscribing
from mailer.mailings import audience, chunks, running, sending, windows
from mailer.models import Delivery, DeliveryEvent, Mailing, MailingChunk
from mailer.providers import Answer, Outcome
from tests.factories import make_contact, make_mailing, make_subscription, make_user, unique_address
from tests.mailer.mailings.conftest import (
    YES,
    ToldRoad,
    broken,
    die_with,
    frozen,
    lapse,
    make_due,
    send_all,
    states,
)

pytestmark = pytest.mark.django_db
Status = Delivery.Status


def contacts_of(mailing: Mailing) -> list[Contact]:
    ids = Delivery.objects.filter(mailing=mailing).order_by("pk").values_list("contact", flat=True)
    return [Contact.objects.get(pk=pk) for pk in ids]


def test_everybody_of_the_audience_is_sent_one_mail_and_the_mailing_closes(outbox):
    mailing = frozen(10)
    assert (mailing.audience, mailing.candidates, mailing.exclusions) == (10, 10, {})
    assert not sending.work(mailing.pk)  # the whole way: real headers, links and fields
    mailing.refresh_from_db()
    assert sorted(one.to[0] for one in mail.outbox) == sorted(
        Delivery.objects.filter(mailing=mailing).values_list("address", flat=True)
    )
    assert all(one.extra_headers["List-Unsubscribe-Post"] for one in mail.outbox)
    assert states(mailing) == {Status.SENT: 10}
    assert mailing.status == Mailing.Status.SENT
    assert mailing.finished_at is not None
    assert broken() == []


def test_who_may_no_longer_be_written_to_is_not_asked_and_the_reason_stands_in_the_row():
    mailing = frozen(7)
    left, erased, complained, paused, merged, gone, plain = contacts_of(mailing)
    other = make_contact()
    make_subscription(other, mailing.mailing_list)
    subscriptions.unsubscribe(left, mailing.mailing_list, source="test")
    Delivery.objects.filter(contact=erased.pk).update(address="")
    suppressions.suppress(bytes(complained.address_hash), Suppression.Reason.COMPLAINT)
    Contact.objects.filter(pk=paused.pk).update(paused_until=timezone.localdate() + timedelta(days=2))
    expected = {
        left.pk: "they left the lists of this mailing",
        erased.pk: "the address was erased",
        complained.pk: "reported our mail as spam",
        paused.pk: "they want no newsletter for a while",
        merged.pk: "they were removed from the address book",
        gone.pk: "they were removed from the address book",
        plain.pk: "",
    }
    people.merge(other, merged, takes=[], by=make_user(), why="one person")
    gone.delete()
    road = ToldRoad()
    mailing = send_all(mailing, road)
    assert [recipient.address for recipient in road.asked] == [plain.address]
    assert dict(Delivery.objects.filter(mailing=mailing).values_list("contact", "reason")) == expected
    assert states(mailing) == {Status.SUPPRESSED: 6, Status.SENT: 1}
    assert broken() == []


def test_a_subscription_to_any_list_of_the_mailing_is_enough():
    mailing = frozen(1)
    (contact,) = contacts_of(mailing)
    from tests.factories import make_mailing_list

    second = make_mailing_list()
    mailing.include_lists.add(second)
    make_subscription(contact, second)
    Subscription.objects.filter(contact=contact, mailing_list=mailing.mailing_list).update(
        status="unsubscribed", reason="left"
    )
    assert states(send_all(mailing)) == {Status.SENT: 1}


def test_the_address_of_the_freeze_is_used_and_new_members_wait_for_the_next_mailing():
    mailing = frozen(1)
    (contact,) = contacts_of(mailing)
    was = contact.address
    Contact.objects.filter(pk=contact.pk).update(address="new@example.org", address_key="new@example.org")
    make_subscription(make_contact(), mailing.mailing_list)
    road = ToldRoad()
    send_all(mailing, road)
    assert [recipient.address for recipient in road.asked] == [was]
    assert broken() == []


def test_what_somebody_refuses_at_their_new_address_holds_for_a_mail_frozen_with_the_old_one():
    mailing = frozen(3)
    refused, bounced, moved = contacts_of(mailing)
    for contact, reason in [(refused, "do_not_contact"), (bounced, "bounce"), (moved, None)]:
        new = unique_address()
        people.edit(contact, {}, by=make_user(), address=new)
        if reason:
            suppressions.suppress(new.hash, Suppression.Reason(reason))
    road = ToldRoad()
    send_all(mailing, road)
    assert [recipient.address for recipient in road.asked] == [bounced.address, moved.address]
    row = Delivery.objects.get(contact=refused.pk)
    assert (row.status, row.reason) == (Status.SUPPRESSED, "asked us never to write")
    assert broken() == []


def test_who_leaves_from_an_old_mailbox_gets_nothing_more_there():
    mailing = frozen(1)
    (contact,) = contacts_of(mailing)
    delivery = Delivery.objects.get(mailing=mailing)
    people.edit(contact, {}, by=make_user(), address=unique_address())
    token = unsubscribe_links.token(contact.pk, mailing.pk, bytes(delivery.address_hash))
    assert unsubscribing.leave(token, door=unsubscribing.Door.ONE_CLICK)
    assert not unsubscribing.leave(token, door=unsubscribing.Door.ONE_CLICK), "a repeat changes nothing"
    road = ToldRoad()
    send_all(mailing, road)
    assert road.asked == []
    assert audience.count(make_mailing(mailing_list=mailing.mailing_list)).total == 1, (
        "the new one is theirs still"
    )
    assert broken() == []


def test_what_was_provably_not_accepted_is_tried_again_when_it_is_due_and_fails_in_words_in_the_end():
    mailing = frozen(3)
    road = ToldRoad(
        lambda one: (
            Outcome(Answer.LATER, reason="the provider answered 503") if one.delivery_id == first else YES
        )
    )
    first = Delivery.objects.filter(mailing=mailing).order_by("pk")[0].pk
    for attempt in range(1, 9):
        mailing = send_all(mailing, road)
        row = Delivery.objects.get(pk=first)
        assert row.attempts == attempt
        assert mailing.status == ("sending" if attempt < 8 else "sent")
        make_due(mailing)
    assert (row.status, row.reason) == (Status.FAILED, "the provider answered 503")
    assert road.ids.count(first) == 8
    assert len(road.ids) == 8 + 2  # everybody else once
    assert MailingChunk.objects.get().passes == 8
    assert broken() == []


def test_a_retry_waits_as_long_as_that_of_a_single_mail():
    mailing = frozen(1)
    send_all(mailing, ToldRoad(lambda _one: Outcome(Answer.LATER, reason="x")))
    row, chunk = Delivery.objects.get(), MailingChunk.objects.get()
    wait = (row.due_at - timezone.now()).total_seconds()
    assert 50 < wait <= 75
    assert chunk.due_at == row.due_at
    assert chunks.claim(mailing.pk) is None


@pytest.mark.parametrize("answer", [Answer.SLOW_DOWN, Answer.HELD])
def test_being_told_to_wait_costs_no_attempt(answer):
    mailing = frozen(3)
    road = ToldRoad(lambda _one: Outcome(answer, reason="slowly", wait=30.0))
    send_all(mailing, road)
    assert states(mailing) == {Status.QUEUED: 3}
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {0}
    make_due(mailing)
    road.answer = lambda _one: YES
    mailing = send_all(mailing, road)
    assert states(mailing) == {Status.SENT: 3}
    assert broken() == []


def test_a_provider_that_lets_nobody_in_pauses_the_mailing_with_its_words():
    mailing = frozen(6)
    road = ToldRoad(lambda _one: Outcome(Answer.LOCKED_OUT, reason="the provider answered 401", wait=60.0))
    mailing = send_all(mailing, road)
    assert mailing.status == Mailing.Status.PAUSED
    assert mailing.paused_because == "the provider does not let us in: the provider answered 401"
    assert len(road.asked) == 2  # one window
    assert states(mailing) == {Status.QUEUED: 6}
    running.resume(mailing, make_user())
    make_due(mailing)
    road.answer = lambda _one: YES
    assert states(send_all(mailing, road)) == {Status.SENT: 6}
    assert broken() == []


def test_one_refusal_in_a_window_touches_nobody_else():
    mailing = frozen(4)
    bad = Delivery.objects.filter(mailing=mailing).order_by("pk")[1].pk
    no = Outcome(Answer.REFUSED, reason="the provider refused the address")
    mailing = send_all(mailing, ToldRoad(lambda one: no if one.delivery_id == bad else YES, window=4))
    assert states(mailing) == {Status.SENT: 3, Status.FAILED: 1}
    chunk = MailingChunk.objects.get()
    assert (chunk.sent, chunk.failed, chunk.status) == (3, 1, "done")
    assert broken() == []


# --- no definite answer ----------------------------------------------------------------------------------------


@pytest.fixture
def one_unknown() -> Delivery:
    mailing = frozen(3)
    lost = Delivery.objects.filter(mailing=mailing).order_by("pk")[1].pk
    send_all(
        mailing,
        ToldRoad(lambda one: Outcome(Answer.UNKNOWN, reason="broke off") if one.delivery_id == lost else YES),
    )
    return Delivery.objects.get(pk=lost)


def test_what_has_no_definite_answer_is_unknown_and_does_not_hold_up_the_end(one_unknown):
    assert one_unknown.status == Status.UNKNOWN
    assert one_unknown.mailing.status == Mailing.Status.SENT
    assert list(one_unknown.events.values_list("type", "detail")) == [("unknown", "broke off")]
    assert broken() == []


def test_a_report_of_the_provider_settles_it(one_unknown):
    DeliveryEvent.objects.create(
        event_key="k", type="delivered", occurred_at=timezone.now(), provider="x", delivery_ref=one_unknown.pk
    )
    tracking.apply_all()
    one_unknown.refresh_from_db()
    chunk = MailingChunk.objects.get()
    assert one_unknown.status == Status.SENT
    assert (chunk.sent, chunk.unknown) == (3, 0)
    assert broken() == []


def test_a_person_settles_it_as_arrived(one_unknown):
    assert single.settle_unknown(one_unknown, sent=True, actor=make_user())
    chunk = MailingChunk.objects.get()
    assert (chunk.sent, chunk.unknown, chunk.status) == (3, 0, "done")
    assert not single.settle_unknown(one_unknown, sent=True, actor=make_user())
    assert broken() == []


def test_a_person_sends_it_again_and_the_mailing_is_taken_up_for_this_one(one_unknown):
    assert single.settle_unknown(one_unknown, sent=False, actor=make_user())
    mailing = one_unknown.mailing
    mailing.refresh_from_db()
    assert mailing.status == Mailing.Status.SENDING
    road = ToldRoad()
    mailing = send_all(mailing, road)
    assert road.ids == [one_unknown.pk]
    assert mailing.status == Mailing.Status.SENT
    assert broken() == []


def test_nobody_is_sent_a_mailing_again_that_was_called_off(one_unknown):
    Mailing.objects.update(status=Mailing.Status.CANCELLED)
    assert not single.settle_unknown(one_unknown, sent=False, actor=make_user())
    one_unknown.refresh_from_db()
    assert one_unknown.status == Status.UNKNOWN


# --- workers that die -------------------------------------------------------------------------------------------


def test_a_worker_that_dies_after_asking_leaves_its_window_unknown_and_the_rest_goes_on():
    mailing = frozen(9)
    suppressions.suppress(bytes(contacts_of(mailing)[1].address_hash), Suppression.Reason.DO_NOT_CONTACT)
    die_with(mailing, asked=3)
    road = ToldRoad()
    mailing = send_all(mailing, road)
    assert states(mailing) == {Status.UNKNOWN: 2, Status.SUPPRESSED: 1, Status.SENT: 6}
    assert len(set(road.ids)) == len(road.ids) == 6
    assert broken() == []


def test_a_worker_that_dies_before_asking_leaves_nothing_unknown():
    mailing = frozen(5)
    chunk = die_with(mailing)
    mailing = send_all(mailing)
    assert states(mailing) == {Status.SENT: 5}
    chunk.refresh_from_db()
    assert chunk.lapses == 0
    assert broken() == []


def test_a_report_that_came_before_the_worker_died_proves_that_the_mail_was_accepted():
    mailing = frozen(2)
    die_with(mailing, asked=2)
    proven = Delivery.objects.order_by("pk")[0]
    DeliveryEvent.objects.create(
        event_key="k", type="delivered", occurred_at=timezone.now(), provider="x", delivery_ref=proven.pk
    )
    tracking.apply_all()
    mailing = send_all(mailing)
    assert states(mailing) == {Status.SENT: 1, Status.UNKNOWN: 1}
    assert broken() == []


def test_an_answer_that_comes_after_the_window_was_given_up_is_still_an_answer():
    mailing = frozen(4)
    road = ToldRoad(window=4)

    def taken_over() -> None:
        road.before = lambda: None
        lapse(MailingChunk.objects.get().pk)
        other = chunks.claim(mailing.pk)
        assert other is not None
        windows.recover(other, "told")
        assert states(mailing) == {Status.UNKNOWN: 4}
        chunks.put_back(other)

    road.before = taken_over
    mailing = send_all(mailing, road)
    assert states(mailing) == {Status.SENT: 4}
    assert len(road.ids) == 4
    assert broken() == []


def test_what_kills_its_worker_each_time_fails_alone():
    """F16: the window narrows down to the one delivery that is to blame."""
    mailing = frozen(4)
    poison = Delivery.objects.filter(mailing=mailing).order_by("pk")[2].pk

    class Killed(BaseException):
        pass

    def answer(one: object) -> Outcome:
        if one.delivery_id == poison:  # type: ignore[attr-defined]
            raise Killed
        return YES

    # The road dies before it asks anybody, as a skeleton that cannot be filled would: nothing was asked.
    road = ToldRoad(answer, window=4)
    deaths = 0
    while chunk := chunks.claim(mailing.pk):
        shift = sending.Shift(chunk, road, 1e12)
        original = shift._ask

        def ask(letter, window, original=original):  # type: ignore[no-untyped-def]
            if any(row[windows.DELIVERY] == poison for row in window.people):
                MailingChunk.objects.filter(pk=chunk.pk).update(
                    asked_to=None
                )  # died before it was written down
                raise Killed
            return original(letter, window)

        shift._ask = ask  # type: ignore[method-assign]
        try:
            shift.work()
        except Killed:
            deaths += 1
            lapse(chunk.pk)
    row = Delivery.objects.get(pk=poison)
    assert (row.status, row.reason) == (Status.FAILED, "poison: its worker died each time it was tried")
    assert states(mailing) == {Status.SENT: 3, Status.FAILED: 1}
    assert deaths == 3
    assert broken() == []
