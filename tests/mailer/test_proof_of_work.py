"""A proof of work is ours, counts once, and for a while."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import altcha
import pytest
import time_machine

from mailer import proof_of_work
from mailer.proof_of_work import is_solved, new_challenge


def solve(challenge: dict) -> str:
    found = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(found)
    assert solution is not None
    return altcha.Payload(found, solution).to_base64()


def test_a_challenge_can_be_shown_as_json():
    assert json.loads(json.dumps(new_challenge()))["signature"]


def test_a_forged_broken_or_old_proof_of_work_is_none():
    challenge = new_challenge()
    payload = solve(challenge)
    told = json.loads(base64.b64decode(payload))
    told["challenge"]["parameters"]["cost"] = 1
    forged = base64.b64encode(json.dumps(told).encode()).decode()
    for wrong in ("", "x", "!!!", base64.b64encode(b"[]").decode(), base64.b64encode(b"{}").decode(), forged):
        assert not is_solved(wrong)
    assert not is_solved("A" * 5_000)
    with time_machine.travel(timedelta(minutes=21)):
        assert not is_solved(payload)
    assert is_solved(payload)


@pytest.fixture
def no_valkey(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    proof_of_work._valkey.cache_clear()
    yield
    proof_of_work._valkey.cache_clear()


@pytest.mark.usefixtures("no_valkey")
def test_a_proof_of_work_counts_once_without_valkey_too():
    payload = solve(new_challenge())
    assert is_solved(payload)
    assert not is_solved(payload)
