"""The moves of a mailing: one wins, the other is told who; what is paused goes on; what is called off stays so."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from mailer.mailings import chunks, forecast, freezing, running, sending, stopping, sweeping, windows
from mailer.mailings.running import NotReady, StandsElsewhere
from mailer.models import Delivery, DeliveryEvent, Mailing, MailingAct, MailingChunk, MailingFigure
from mailer.providers import Answer, Outcome
from tests.factories import make_audience, make_mailing, make_user
from tests.mailer.mailings.conftest import (
    YES,
    ToldRoad,
    broken,
    frozen,
    make_due,
    send_all,
    started,
    states,
)

pytestmark = pytest.mark.django_db
Status = Mailing.Status


def acts(mailing: Mailing) -> list[str]:
    return list(mailing.acts.order_by("at", "pk").values_list("what", flat=True))


def test_send_now_can_be_taken_back_until_it_starts(settings):
    settings.MAILING_UNDO_SECONDS = 60
    mailing, ann, bo = make_mailing(), make_user(username="ann"), make_user(username="bo")
    running.send_now(mailing, ann)
    assert 50 < (mailing.starts_at - timezone.now()).total_seconds() <= 60
    assert running.start_due() == []
    running.withdraw(mailing, bo)
    assert (mailing.status, mailing.starts_at) == (Status.DRAFT, None)
    with pytest.raises(StandsElsewhere) as told:
        running.withdraw(mailing, ann)
    assert (told.value.status, told.value.by) == (Status.DRAFT, bo)
    assert acts(mailing) == ["scheduled", "withdrawn"]


def test_a_mailing_sent_at_once_keeps_no_zone_of_an_earlier_plan_and_what_follows_it_begins_without_one():
    mailing, ann = make_mailing(), make_user()
    running.schedule(mailing, timezone.now() + timedelta(days=1), "Africa/Nairobi", ann)
    running.withdraw(mailing, ann)
    running.send_now(mailing, ann)
    assert mailing.time_zone == "UTC"
    Mailing.objects.filter(pk=mailing.pk).update(time_zone="Africa/Nairobi", frozen_at=timezone.now())
    mailing.refresh_from_db()
    assert running.make_follow_up(mailing, ann).time_zone == "UTC"


def test_a_moment_that_is_over_means_at_once_and_two_beats_start_it_once():
    mailing = make_mailing()
    running.schedule(mailing, timezone.now() - timedelta(days=1), "Africa/Nairobi", make_user())
    assert running.start_due() == [mailing.pk]
    assert running.start_due() == []
    assert not running.start(mailing.pk)
    assert acts(mailing) == ["scheduled", "started"]


@pytest.mark.parametrize("word", ["sender", "mailing_list", "audience", "text"])
def test_a_mailing_that_lacks_something_cannot_be_scheduled(word):
    mailing = make_mailing(texts=word != "text")
    if word == "audience":
        mailing.include_lists.clear()
    elif word != "text":
        Mailing.objects.filter(pk=mailing.pk).update(**{word: None})
        mailing.refresh_from_db()
    with pytest.raises(NotReady) as told:
        running.send_now(mailing, make_user())
    assert told.value.word == word
    mailing.refresh_from_db()
    assert mailing.status == Status.DRAFT


def test_a_moment_needs_its_zone():
    with pytest.raises(ValueError, match="time zone"):
        running.schedule(make_mailing(), timezone.now().replace(tzinfo=None), "UTC", make_user())
    with pytest.raises(Exception, match="Nowhere"):
        running.schedule(make_mailing(), timezone.now(), "Nowhere/Else", make_user())


def test_a_paused_mailing_asks_for_nobody_and_goes_on_where_it_was():
    mailing, ann = frozen(6), make_user(username="ann")
    road = ToldRoad()

    def pause_once() -> None:
        road.before = lambda: None
        running.pause(Mailing.objects.get(pk=mailing.pk), ann)

    road.before = pause_once
    mailing = send_all(mailing, road)
    assert states(mailing) == {"sent": 2, "queued": 4}  # the window in hand was finished
    with pytest.raises(StandsElsewhere) as told:
        running.pause(mailing, make_user())
    assert told.value.in_words().startswith("It was already paused by ann at ")
    running.resume(mailing, ann)
    with pytest.raises(StandsElsewhere):
        running.resume(mailing, ann)
    mailing = send_all(mailing, road)
    assert states(mailing) == {"sent": 6}
    assert len(set(road.ids)) == len(road.ids)
    assert broken() == []


def test_a_mailing_called_off_at_a_third_leaves_the_rest_cancelled_and_sends_nobody_anything():
    mailing = frozen(12)
    road = ToldRoad()

    def cancel_once() -> None:
        if len(road.asked) == 4:
            road.before = lambda: None
            running.cancel(Mailing.objects.get(pk=mailing.pk), make_user(), "wrong picture")

    road.before = cancel_once
    mailing = send_all(mailing, road)
    assert states(mailing) == {"sent": 6, "cancelled": 6}
    assert mailing.status == Status.CANCELLED
    assert mailing.finished_at is not None
    assert {row.reason for row in Delivery.objects.filter(status="cancelled")} == {
        "the mailing was called off"
    }
    assert mailing.acts.get(what="cancelled").why == "wrong picture"
    with pytest.raises(StandsElsewhere):
        running.resume(mailing, make_user())
    assert broken() == []


def test_a_mailing_called_off_while_its_audience_is_fixed_leaves_nothing_behind():
    mailing = started(6)
    taken = freezing.claim(mailing.pk, "sending")
    assert taken is not None
    freezing._forget(taken)
    _exclusions, groups = freezing._choose(taken)
    freezing._number(groups)
    freezing._insert(taken, range(1, 2), groups)
    running.cancel(mailing, make_user())
    with pytest.raises(freezing.Lost):
        freezing._beat(taken)
    assert not freezing.clear(mailing.pk)  # its worker may be at it still
    freezing.release(taken)
    sending.work(mailing.pk)
    mailing.refresh_from_db()
    assert Delivery.objects.count() == MailingChunk.objects.count() == 0
    assert mailing.finished_at is not None
    assert broken() == []


def test_a_scheduled_mailing_that_is_called_off_never_starts():
    mailing = make_mailing()
    running.schedule(mailing, timezone.now() - timedelta(hours=1), "UTC", make_user())
    running.cancel(mailing, make_user())
    assert running.start_due() == []
    assert Mailing.objects.get().status == Status.CANCELLED


def test_a_corrected_text_reaches_those_who_were_not_written_to_yet_and_nobody_else():
    mailing, ann = frozen(6), make_user()
    old = mailing.messages.get().message_id
    with pytest.raises(StandsElsewhere):
        running.correct_text(mailing, ann)
    road = ToldRoad()

    def pause_once() -> None:
        road.before = lambda: None
        running.pause(Mailing.objects.get(pk=mailing.pk), ann)

    road.before = pause_once
    mailing = send_all(mailing, road)
    mailing.texts.update(subject="Corrected")
    assert running.correct_text(mailing, ann, "a wrong date") == 2
    running.resume(mailing, ann)
    mailing = send_all(mailing, road)
    new = mailing.messages.get(version=2).message
    assert new.subject == "Corrected"
    assert road.messages == [old, old, new.pk, new.pk, new.pk, new.pk]
    assert [row.message_id for row in Delivery.objects.order_by("pk")] == road.messages
    assert mailing.acts.get(what="corrected").detail == {"version": 2}
    assert broken() == []


def test_a_worker_with_the_old_text_in_hand_asks_for_nobody_any_more():
    mailing, ann = frozen(2), make_user()
    chunk = chunks.claim(mailing.pk)
    assert chunk is not None
    running.pause(mailing, ann)
    running.correct_text(mailing, ann)
    running.resume(mailing, ann)
    with pytest.raises(windows.Halted):
        windows.step(chunk, None, windows.Question(1, [mailing.mailing_list_id]))


# --- the machine pauses ------------------------------------------------------------------------------------------


def report(mailing: Mailing, fact: str, count: int, detail: str = "") -> None:
    MailingFigure.objects.create(
        mailing=mailing, fact=fact, detail=detail, hour=timezone.now().replace(minute=0), count=count
    )


def sent_to(people: int) -> Mailing:
    mailing = frozen(1)
    MailingChunk.objects.update(size=people, sent=people)
    return mailing


def test_too_many_complaints_pause_a_mailing_and_too_many_more_end_it():
    mailing = sent_to(2_000)
    report(mailing, "complained", 4)
    assert sweeping.tick()["paused"] == 0
    report(mailing, "complained", 1, detail="more")
    assert sweeping.tick()["paused"] == 1
    mailing.refresh_from_db()
    assert mailing.paused_because == "0.2 % of its readers reported it as spam"
    running.resume(mailing, make_user())
    assert sweeping.tick()["paused"] == 0  # they have seen the figure
    MailingFigure.objects.filter(detail="more").update(count=3)
    assert sweeping.tick()["paused"] == 1
    mailing.refresh_from_db()
    assert mailing.status == Status.CANCELLED
    act = mailing.acts.filter(what=MailingAct.What.CANCELLED).get()
    assert (act.by, act.why) == (None, "0.4 % of its readers reported it as spam")


def test_dead_addresses_pause_it_from_twenty_up():
    mailing = sent_to(400)
    report(mailing, "bounced", 19, "hard")
    report(mailing, "bounced", 50, "soft")
    assert not stopping.check(mailing)
    MailingFigure.objects.filter(detail="hard").update(count=20)
    assert stopping.check(mailing)


def test_mails_that_cannot_be_written_pause_it_and_are_written_again_with_the_corrected_text():
    """F23: nobody is skipped, nobody gets it twice."""
    mailing = frozen(12)
    broken_from = Delivery.objects.order_by("pk")[4].pk
    unwritten = Outcome(Answer.REFUSED, reason="the mail could not be written: MergeError")
    road = ToldRoad(lambda one: unwritten if one.delivery_id >= broken_from else YES)
    mailing = send_all(mailing, road)
    assert mailing.status == Status.PAUSED
    assert mailing.paused_because == "mails could not be written: MergeError"
    assert states(mailing) == {"sent": 4, "queued": 8}
    running.correct_text(mailing, make_user())
    running.resume(mailing, make_user())
    make_due(mailing)
    road.answer = lambda _one: YES
    mailing = send_all(mailing, road)
    assert states(mailing) == {"sent": 12}
    assert broken() == []


def test_a_forecast_tells_the_pace_and_the_rest():
    mailing = frozen(8)
    mailing.sender.per_second = 4
    mailing.sender.save()
    before = forecast.before(mailing, people=120)
    assert (before.per_second, before.seconds) == (4.0, 30.0)
    during = forecast.during(mailing)
    assert (during.people, during.seconds) == (8, 2.0)
    mailing.status = Status.PAUSED
    assert forecast.during(mailing).seconds is None
    mailing.sender.per_day = 50
    assert forecast.before(mailing, people=120).seconds == pytest.approx(2 * 86_400 + 20 / 4)


# --- at once -----------------------------------------------------------------------------------------------------


def at_once(count: int, act: Any) -> list[Any]:
    """What comes of doing it in so many threads at the same moment, each with a connection of its own."""
    gate, found = threading.Barrier(count), []

    def do() -> None:
        gate.wait()
        try:
            found.append(act())
        except StandsElsewhere as told:
            found.append(told)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=do) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_click_at_once_one_starts_it_and_the_others_are_told_who(broker):
    """F12: one start, one freeze, one mail for each."""
    mailing, ann = make_mailing(), make_user(username="ann")
    make_audience(mailing, 10)
    found = at_once(20, lambda: running.send_now(Mailing.objects.get(pk=mailing.pk), ann))
    told = [one for one in found if isinstance(one, StandsElsewhere)]
    assert len(told) == 19
    assert {one.in_words().partition(" at ")[0] for one in told} == {"It was already scheduled by ann"}
    Mailing.objects.update(starts_at="2026-01-01T00:00Z")
    assert sum(at_once(4, lambda: len(running.start_due()))) == 1
    assert sorted(at_once(4, lambda: freezing.freeze(mailing.pk))) == [False, False, False, True]
    roads = [ToldRoad() for _ in range(3)]
    ways = iter(roads)
    at_once(3, lambda: send_all(Mailing.objects.get(pk=mailing.pk), next(ways)))
    ids = [pk for road in roads for pk in road.ids]
    assert len(ids) == len(set(ids)) == 10
    assert acts(mailing).count("started") == acts(mailing).count("frozen") == 1
    mailing.refresh_from_db()
    assert mailing.status == Status.SENT
    assert acts(mailing).count("finished") == 1
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_what_forbids_a_mail_waits_at_its_commit_for_a_window_being_checked_and_the_next_one_sees_it(broker):
    """I4: two workers and an unsubscribe; nothing is asked after the unsubscribe has been committed."""
    from contacts import subscriptions
    from contacts.models import Contact

    mailing = frozen(4)
    contact = Contact.objects.get(pk=Delivery.objects.order_by("pk")[3].contact_id)
    left = threading.Event()

    def leave() -> None:
        subscriptions.unsubscribe(contact, mailing.mailing_list, source="test")
        left.set()
        connections.close_all()

    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(windows._GATE)  # a worker's window is being checked
        thread = threading.Thread(target=leave)
        thread.start()
        assert not left.wait(0.3)
        cursor.execute("COMMIT")
    thread.join(5)
    assert left.is_set()
    road = ToldRoad()
    assert states(send_all(mailing, road)) == {"sent": 3, "suppressed": 1}
    assert contact.address not in [recipient.address for recipient in road.asked]


@pytest.mark.django_db(transaction=True)
def test_a_pause_waits_for_a_window_being_checked_too(broker):
    mailing = frozen(2)
    paused = threading.Event()

    def pause() -> None:
        running.pause(Mailing.objects.get(pk=mailing.pk), None)
        paused.set()
        connections.close_all()

    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(windows._GATE)
        thread = threading.Thread(target=pause)
        thread.start()
        assert not paused.wait(0.3)
        cursor.execute("COMMIT")
    thread.join(5)
    assert states(send_all(mailing)) == {"queued": 2}


def test_no_event_is_written_for_the_ordinary_life_of_a_mailing():
    send_all(frozen(3))
    assert not DeliveryEvent.objects.exists()
    assert MailingAct.objects.filter(what="frozen").get().detail == {"audience": 3, "exclusions": {}}
