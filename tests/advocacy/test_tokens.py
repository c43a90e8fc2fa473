"""A link opens one thing for one purpose and a time, and tells nothing to who has none."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta

import pytest
import time_machine

from advocacy import letters, tokens
from advocacy.models import Submission
from advocacy.tokens import CONFIRM, NOT_ME, PENDING, REPORT, STATUS, Gone
from tests.factories import make_submission

pytestmark = pytest.mark.django_db


def is_alive(purpose: str, submission: Submission) -> bool:
    try:
        return tokens.read(purpose, tokens.make(purpose, submission)) == submission
    except Gone:
        return False


def test_a_token_opens_only_its_own_purpose():
    submission = make_submission()
    for purpose in tokens.PURPOSES:
        for other in tokens.PURPOSES - {purpose}:
            with pytest.raises(Gone):
                tokens.read(other, tokens.make(purpose, submission))


def test_a_token_holds_no_address_and_is_stored_nowhere():
    submission = make_submission()
    token = tokens.make(CONFIRM, submission)
    assert "ann" not in token
    seal = token.split("-", 1)[1]
    assert len(seal) * 6 >= 128
    stored = Submission.objects.filter(pk=submission.pk).values_list().get()
    assert not any(seal in str(value) for value in stored)


@pytest.mark.parametrize(
    "wrong", ["", "1", "x" * 5_000, "0-" + "A" * 24, "1-\u00e9" + "A" * 23, "١-" + "A" * 24]
)
def test_what_is_no_token_is_gone(wrong):
    with pytest.raises(Gone):
        tokens.read(CONFIRM, wrong)


def test_a_forged_token_and_one_of_a_missing_row_are_gone_alike():
    submission = make_submission()
    token = tokens.make(CONFIRM, submission)
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    missing = f"{submission.pk + 1}-{token.split('-', 1)[1]}"
    for wrong in (forged, missing):
        with pytest.raises(Gone):
            tokens.read(CONFIRM, wrong)


def test_links_live_as_long_as_their_purpose():
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        submission = make_submission()
        assert [purpose for purpose in sorted(tokens.PURPOSES) if is_alive(purpose, submission)] == [
            CONFIRM,
            NOT_ME,
            PENDING,
        ]
        clock.shift(timedelta(days=7) - timedelta(seconds=1))
        assert is_alive(CONFIRM, submission)
        clock.shift(timedelta(seconds=1))
        assert not is_alive(CONFIRM, submission)
        assert not is_alive(PENDING, submission)
        assert is_alive(NOT_ME, submission)
        clock.shift(timedelta(days=365))
        assert not is_alive(NOT_ME, submission)


def test_a_used_link_is_gone_but_for_a_second_click():
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        submission = make_submission()
        letters.confirm(submission)
        submission.refresh_from_db()
        assert is_alive(CONFIRM, submission)
        assert is_alive(STATUS, submission)
        assert is_alive(REPORT, submission)
        # Whoever filled the form has proven nothing: from here on it is the owner's.
        assert not is_alive(PENDING, submission)
        clock.shift(timedelta(hours=1, minutes=1))
        assert not is_alive(CONFIRM, submission)
        clock.shift(timedelta(days=90))
        assert is_alive(STATUS, submission)
        assert not is_alive(REPORT, submission)


def test_a_new_nonce_kills_every_link():
    submission = make_submission()
    old = {purpose: tokens.make(purpose, submission) for purpose in (CONFIRM, PENDING, NOT_ME)}
    Submission.objects.filter(pk=submission.pk).update(nonce="another")
    for purpose, token in old.items():
        with pytest.raises(Gone):
            tokens.read(purpose, token)


def test_an_unknown_purpose_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="purpose"):
        tokens.make("reset-password", make_submission())
