"""Mails leave no faster than staff, the provider and the receiving domains allow, however many workers there are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import time_machine
from django.test import override_settings

from mailer import roads, throttle
from mailer.providers import Answer, Outcome
from mailer.roads import buckets
from tests.factories import make_sender
from tests.mailer.conftest import Provider
from tests.mailer.roads.conftest import MakeRelay, people

pytestmark = pytest.mark.django_db

ACCEPTED = Outcome(Answer.ACCEPTED)
DOWN = Outcome(Answer.LATER, reason="the provider could not be reached")


def pace(**fields: object) -> buckets.Pace:
    return buckets.Pace(make_sender(**fields), "mailgun")


def answer(one: buckets.Pace, outcome: Outcome, address: str = "ann@x.example") -> None:
    one.learn(people(address), [outcome])


def test_eight_workers_together_keep_the_pace_of_their_sender():
    sender = make_sender(per_second=40)
    granted: list[int] = []
    stop = time.monotonic() + 1.5

    def work() -> None:
        mine = buckets.Pace(sender, "mailgun")
        while time.monotonic() < stop:
            turn = mine.turn(1_000)
            granted.append(turn.people)
            mine.used(turn.people)
            time.sleep(min(turn.wait, 0.05))

    began = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert 20 <= sum(granted) <= 40 * (time.monotonic() - began) + 1


def test_a_sender_of_whom_nothing_is_known_starts_slow_and_so_does_one_whose_notes_are_lost():
    one = pace()
    first = one.turn(1_000)
    assert first.people == 0
    assert 0 < first.wait <= 0.3
    time.sleep(first.wait)
    assert 0 < one.turn(1_000).people <= buckets.START
    throttle.valkey().hset(one._pace_key, "learned", buckets.FREE)
    assert one.turn(1_000).people == 1_000
    throttle.valkey().flushdb()
    assert one.turn(5_000).people <= 1_000, "only what was granted before the notes were lost"


def test_after_a_slow_down_everybody_waits_and_goes_on_at_half_the_pace():
    sender = make_sender(per_second=100)
    one, other = buckets.Pace(sender, "mailgun"), buckets.Pace(sender, "mailgun")
    one.turn(10)
    answer(one, Outcome(Answer.SLOW_DOWN, wait=7.0))
    answer(other, Outcome(Answer.SLOW_DOWN, wait=7.0))
    turn = other.turn(10)
    assert (turn.people, 6 < turn.wait <= 7, turn.reason) == (0, True, "the provider asked us to wait")
    assert throttle.held_for() > 6, "letters by the same provider wait as well"
    assert float(throttle.valkey().hget(one._pace_key, "learned")) == 50


def test_the_days_quota_is_spent_once_over_all_workers_and_opens_at_midnight():
    sender = make_sender(per_day=30)
    throttle.valkey().hset(f"mailer:pace:mailgun:{sender.pk}", "learned", buckets.FREE)
    with time_machine.travel("2026-11-09T23:00:00Z", tick=False):
        one, other = buckets.Pace(sender, "mailgun"), buckets.Pace(sender, "mailgun")
        assert (one.turn(20).people, other.turn(20).people) == (20, 10)
        one.used(20)
        other.used(10)
        spent = one.turn(20)
        assert (spent.people, spent.reason) == (0, "the day's quota is spent")
        assert 3_600 <= spent.wait <= 3_601
    with time_machine.travel("2026-11-10T00:00:01Z", tick=False):
        assert one.turn(20).people == 20


def test_what_a_worker_was_granted_and_did_not_use_is_not_lost():
    sender = make_sender(per_day=30)
    throttle.valkey().hset(f"mailer:pace:mailgun:{sender.pk}", "learned", buckets.FREE)
    one, other = buckets.Pace(sender, "mailgun"), buckets.Pace(sender, "mailgun")
    assert one.turn(30).people == 30
    one.used(5)
    assert one.turn(25).people == 25, "left over from the turn before"
    one.give_back()
    assert other.turn(30).people == 25


def test_the_breaker_opens_after_twenty_failures_in_a_row_and_lets_one_probe_through_a_minute():
    one = pace()
    for _failure in range(19):
        answer(one, DOWN)
    answer(one, ACCEPTED)
    for _failure in range(20):
        assert one.turn(10).reason != "the provider has failed again and again; it is tried once a minute"
        answer(one, DOWN)
    turn = one.turn(10)
    assert (turn.people, turn.reason) == (
        0,
        "the provider has failed again and again; it is tried once a minute",
    )
    assert 50 < turn.wait <= 60
    throttle.valkey().delete(f"{one._failures_key}:probe")  # a minute later
    throttle.valkey().hset(one._pace_key, "tokens", 100)
    assert one.turn(10).people == 1
    assert pace().turn(10).people == 0, "one probe for all"
    answer(one, ACCEPTED)
    one.used(1)
    throttle.valkey().hset(one._pace_key, "tokens", 100)
    assert one.turn(10).people == 10


def test_a_relay_that_answers_has_not_failed_whatever_it_says_of_the_address():
    one = pace()
    for _greylisted in range(30):
        answer(one, Outcome(Answer.LATER, code="4.7.1"))
    assert one._failures == 0


def test_a_domain_that_deferred_us_is_left_in_peace_and_nobody_else_waits(relay: MakeRelay, content):
    fake = relay()
    sender = make_sender(road="smtp")
    with roads.open_road(sender) as road:
        road.turn(10)
        first = road.ask(content, people("grey-a@slow.example", "b@x.example"))
        assert [one.answer for one in first] == [Answer.LATER, Answer.ACCEPTED]
        time.sleep(0.3)
        road.turn(10)
        second = road.ask(content, people("c@slow.example", "d@x.example", "e@SLOW.example", first=3))
        assert [one.answer for one in second] == [Answer.HELD, Answer.ACCEPTED, Answer.HELD]
        assert 0 < second[0].wait <= 60
        throttle.valkey().hset("mailer:domain:slow.example", mapping={"until": 0, "at": time.time() - 1})
        third = road.ask(content, people(*[f"f{n}@slow.example" for n in range(50)], first=10))
    sent = [one.answer for one in third].count(Answer.ACCEPTED)
    assert 3 <= sent <= 10, "a few at a time"
    assert len(fake.recipients) == 2 + sent


@pytest.fixture
def no_valkey() -> Iterator[None]:
    """Nothing listens where the notes were."""
    with override_settings(REDIS_URL="redis://127.0.0.1:9/0"):
        throttle.valkey.cache_clear()
        yield
    throttle.valkey.cache_clear()


def test_without_valkey_mails_leave_slowly_and_never_past_a_quota(no_valkey):
    one = pace()
    assert one.turn(1_000).people == buckets.BLIND
    one.used(buckets.BLIND)
    assert one.turn(1_000).people == 0
    assert pace(per_second=3).turn(1_000).people == 3
    assert pace(per_day=1_000).turn(10).people == 0
    answer(one, Outcome(Answer.SLOW_DOWN))
    one.give_back()


def test_a_429_of_the_provider_slows_the_road_down(provider: Provider, content):
    provider.status, provider.headers = 429, {"Retry-After": "9"}
    with roads.open_road(make_sender()) as road:
        assert [one.answer for one in road.ask(content, people("a@x.example"))] == [Answer.SLOW_DOWN]
        assert 8 < road.turn(10).wait <= 9
