"""Letters held for a look, released, refused and withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from advocacy import letters
from advocacy.models import ContactRoute, Letter, Submission
from contacts.addresses import parse
from mailer import invariants
from tests.factories import (
    make_campaign,
    make_draft,
    make_legislature,
    make_letter,
    make_mandate,
    make_submission,
)

pytestmark = pytest.mark.django_db

Status = Letter.Status


def test_a_held_letter_waits_for_a_person_and_then_for_its_turn():
    staff = User.objects.create_user("staff")
    campaign = make_campaign(held_until_looked_at=True)
    letter = make_letter(campaign)
    assert (letter.status, letter.slot) == (Status.WITHHELD, None)
    assert letters.dispatch_due() == 0
    assert letters.release(letter, staff)
    assert not letters.release(letter, staff)
    letter.refresh_from_db()
    assert letter.status == Status.CONFIRMED
    assert letter.slot is not None
    assert (letter.held_by, letter.held_because) == (staff, "")


def test_a_suspicious_letter_is_held_with_its_reason_and_its_writer_sees_it():
    letter = make_letter(body="I know where you live and you will be sorry.")
    assert letter.status == Status.WITHHELD
    assert "know where you live" in letter.held_because
    state = letters.state_of(letter)
    assert state.code == "held"
    assert state.can_withdraw


def test_a_refused_letter_is_not_sent_and_its_writer_is_told_why():
    staff = User.objects.create_user("staff")
    letter = make_letter(make_campaign(held_until_looked_at=True))
    assert letters.refuse(letter, staff, "It threatens a person.")
    assert not letters.refuse(letter, staff, "again")
    assert not letters.release(letter, staff)
    assert "It threatens a person" in letters.state_of(letter).sentence


def test_a_decision_is_shown_with_the_time_at_which_it_was_taken():
    staff = User.objects.create_user("staff")
    refused = make_letter(make_campaign(held_until_looked_at=True))
    Letter.objects.filter(pk=refused.pk).update(held_at=timezone.now() - timedelta(days=2))
    waiting, queued = make_letter(), make_letter()
    letters.dispatch_due(now=queued.slot)
    queued.refresh_from_db()
    assert queued.status == Status.DISPATCHED
    before = timezone.now()
    assert letters.refuse(refused, staff, "It threatens a person.")
    assert letters.withdraw(waiting)
    assert letters.withdraw(queued)
    for letter in (refused, waiting, queued):
        letter.refresh_from_db()
        assert before <= letters.state_of(letter).when <= timezone.now()


def test_a_letter_can_be_held_before_and_after_its_confirmation():
    letter = make_letter()
    assert letters.hold(letter, "reported by the office")
    assert not letters.hold(letter, "again")
    assert (letter.status, letter.slot) == (Status.WITHHELD, None)
    submission = make_submission()
    pending = submission.letters.get()
    assert letters.hold(pending, "seen before")
    letters.confirm(submission)
    pending.refresh_from_db()
    assert (pending.status, pending.held_because) == (Status.WITHHELD, "seen before")


def test_a_letter_without_an_address_cannot_be_released():
    staff = User.objects.create_user("staff")
    letter = make_letter(make_campaign(held_until_looked_at=True))
    ContactRoute.objects.update(state=ContactRoute.State.BOUNCED)
    with pytest.raises(ValidationError, match="bounced"):
        letters.release(letter, staff)


def test_a_letter_that_left_cannot_be_withdrawn_but_one_in_our_queue_can(outbox):
    campaign = make_campaign()
    gone, waiting = make_letter(campaign), make_letter(campaign)
    letters.dispatch_due(max(gone.slot, waiting.slot))
    waiting.refresh_from_db()
    assert letters.withdraw(waiting)
    outbox.deliver()
    gone.refresh_from_db()
    assert not letters.withdraw(gone)
    assert letters.state_of(gone).code == "sent"
    waiting.refresh_from_db()
    assert letters.state_of(waiting).code == "withdrawn"
    assert not letters.withdraw(waiting)
    address = parse(waiting.supporter.address)
    assert letters.confirm(make_submission(campaign, [waiting.mandate], address=address)) == 1
    assert not [found for found in invariants.check_all() if found.ids]


def test_several_letters_of_one_form_go_to_their_own_people():
    house = make_legislature()
    mandates = [make_mandate(house) for _number in range(3)]
    submission = make_submission(mandates=mandates)
    assert letters.confirm(submission) == 3
    assert {letter.person for letter in submission.letters.all()} == {one.person for one in mandates}


def test_a_form_without_people_is_refused():
    draft = make_draft()
    with pytest.raises(ValidationError, match="at least one"):
        letters.submit(replace(draft, letters=[], form_key="empty"))
    assert Submission.objects.count() == 0
