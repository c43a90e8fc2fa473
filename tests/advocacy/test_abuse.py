"""What stands between the public form and a machine, and that it never stands in a person's way."""

from __future__ import annotations

from datetime import timedelta

import altcha
import pytest
import redis
import time_machine
from django.conf import settings
from django.test import RequestFactory
from limits import RateLimitItemPerMinute

from accounts import budgets
from advocacy import abuse
from advocacy.abuse import FormFacts
from advocacy.models import Campaign
from mailer.proof_of_work import new_challenge
from mailer.visitors import HONEYPOT

FACTS = FormFacts(form_key="key", age=60.0, campaign_id=1)
CAMPAIGN = Campaign(pk=7)


def post(ip: str = "198.51.100.7", **data: str):
    return RequestFactory().post("/", data, REMOTE_ADDR=ip)


@pytest.fixture(autouse=True)
def empty_budgets():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    budgets.forget_connections()
    yield
    budgets.forget_connections()


# --- the form ---------------------------------------------------------------------------------------------------


def test_a_form_token_tells_its_campaign_its_age_and_a_key_of_its_own():
    with time_machine.travel("2026-03-02T10:00Z", tick=False) as clock:
        token = abuse.new_form(CAMPAIGN)
        clock.shift(timedelta(minutes=2))
        facts = abuse.read_form(token)
        assert (facts.campaign_id, facts.age) == (7, 120.0)
        assert abuse.read_form(abuse.new_form(CAMPAIGN)).form_key != facts.form_key
        assert len(facts.form_key) >= 22


@pytest.mark.parametrize("wrong", ["", "x", "a:b:c", "x" * 10_000])
def test_a_form_that_is_not_ours_is_refused(wrong):
    with pytest.raises(abuse.BadForm):
        abuse.read_form(wrong)


def test_a_form_lives_for_two_days_and_no_change_of_it_is_believed():
    with time_machine.travel("2026-03-02T10:00Z", tick=False) as clock:
        token = abuse.new_form(CAMPAIGN)
        with pytest.raises(abuse.BadForm):
            abuse.read_form(("A" if token[0] != "A" else "B") + token[1:])
        clock.shift(timedelta(days=2))
        abuse.read_form(token)
        clock.shift(timedelta(seconds=1))
        with pytest.raises(abuse.BadForm):
            abuse.read_form(token)


# --- the verdict --------------------------------------------------------------------------------------------------


def test_a_person_is_taken_at_once():
    assert abuse.judge(post(), FACTS) == abuse.Verdict("ok")


def test_what_a_person_does_not_see_or_is_too_fast_for_is_held_and_not_dropped():
    trapped = abuse.judge(post(**{HONEYPOT: "https://spam.test"}), FACTS)
    fast = abuse.judge(post(), FormFacts("key", 1.0, 1))
    for verdict in (trapped, fast):
        assert verdict.state == "hold"
        assert verdict.is_taken
        assert verdict.reason
        assert not verdict.message


@pytest.fixture
def small_budgets(monkeypatch):
    """The real budgets, only smaller: a test of hundreds of posts would say nothing more."""
    for name, amount in [("SLOW", 2), ("CHALLENGE", 4), ("UNPROVEN", 2)]:
        monkeypatch.setattr(abuse, f"PER_NETWORK_{name}", RateLimitItemPerMinute(amount, 10))


@pytest.mark.usefixtures("small_budgets")
def test_a_busy_network_is_slowed_then_asked_for_a_proof_of_work_and_others_are_not():
    states = [abuse.judge(post(), FACTS).state for _number in range(6)]
    assert states == ["ok", "ok", "slow", "slow", "challenge", "challenge"]
    assert abuse.judge(post("203.0.113.1"), FACTS).state == "ok"
    assert abuse.judge(post(), FACTS).message


@pytest.mark.usefixtures("small_budgets")
def test_a_slowed_form_is_taken_and_its_mail_put_off():
    verdicts = [abuse.judge(post(), FACTS) for _number in range(3)]
    assert verdicts[-1].is_taken
    assert verdicts[-1].delay > timedelta(0)


@pytest.mark.usefixtures("small_budgets")
def test_without_javascript_a_hot_form_is_held_for_a_person_up_to_a_bound():
    for _number in range(4):
        abuse.judge(post(), FACTS)
    verdicts = [abuse.judge(post(**{abuse.WITHOUT_SCRIPT: "1"}), FACTS) for _number in range(3)]
    assert [verdict.state for verdict in verdicts] == ["hold", "hold", "challenge"]
    assert "try again" in verdicts[-1].message


def solve(challenge: dict) -> str:
    found = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(found)
    assert solution is not None
    return altcha.Payload(found, solution).to_base64()


@pytest.mark.usefixtures("small_budgets")
def test_a_proof_of_work_opens_a_hot_form_once():
    for _number in range(4):
        abuse.judge(post(), FACTS)
    payload = solve(new_challenge())
    assert abuse.judge(post(**{abuse.SOLUTION: payload}), FACTS).state == "ok"
    assert abuse.judge(post(**{abuse.SOLUTION: payload}), FACTS).state == "challenge"


def test_a_scraper_is_stopped_and_its_neighbours_network_is_not(monkeypatch):
    monkeypatch.setattr(abuse, "PER_NETWORK_LOOKUPS", RateLimitItemPerMinute(3, 10))
    assert [abuse.may_look_up(post()) for _number in range(4)] == [True, True, True, False]
    assert abuse.may_look_up(post("203.0.113.1"))


# --- without Valkey -----------------------------------------------------------------------------------------------


@pytest.fixture
def no_valkey(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    budgets.forget_connections()
    yield
    budgets.forget_connections()


@pytest.mark.usefixtures("no_valkey")
def test_the_form_lives_without_valkey_and_a_flood_still_meets_a_bound():
    states = [abuse.judge(post(), FACTS).state for _number in range(40)]
    assert states[:5] == ["ok"] * 5
    assert states[-1] == "challenge"
