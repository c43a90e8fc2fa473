"""Each query of I7 finds what it is there to find."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from advocacy import letters
from advocacy.models import Letter, Submission
from contacts.addresses import parse
from mailer import invariants, sending
from mailer.models import Delivery, DeliveryEvent
from tests.factories import make_campaign, make_letter

pytestmark = pytest.mark.django_db


def broken() -> set[str]:
    return {found.name for found in invariants.check_all() if found.ids and found.name.startswith("I7")}


@pytest.fixture
def sent(outbox: Any) -> Letter:
    letter = make_letter()
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    outbox.deliver()
    letter.refresh_from_db()
    assert broken() == set()
    return letter


def test_a_letter_accepted_twice_is_found_also_over_two_deliveries(sent):
    again = sending.queue(
        sent.delivery.message,
        to=parse(sent.delivery.address),
        kind=Delivery.Kind.LETTER,
        context={"letter": sent.pk},
    )
    sending.record(again, DeliveryEvent.Type.ACCEPTED)
    assert broken() == {"I7 a letter was accepted at most once"}


def test_a_letter_sent_again_by_a_person_is_no_violation(sent):
    sending.record(sent.delivery, DeliveryEvent.Type.PUT_BACK)
    sending.record(sent.delivery, DeliveryEvent.Type.ACCEPTED)
    assert broken() == set()


def test_a_letter_that_left_too_early_is_found(sent):
    Submission.objects.update(confirmed_at=None)
    assert broken() == {"I7 no letter left before its confirmation"}


def test_a_letter_that_left_before_the_click_is_found(sent):
    Letter.objects.update(dispatched_at=F("confirmed_at") - timedelta(seconds=1))
    assert "I7 no letter left before its confirmation" in broken()


def test_a_test_that_went_to_a_representative_is_found(sent):
    Letter.objects.update(is_test=True)
    assert broken() == {"I7 a letter meant as a test went to no representative"}


def test_a_waiting_letter_without_a_slot_is_found():
    letter = make_letter(make_campaign())
    Letter.objects.filter(pk=letter.pk).update(slot=None)
    assert broken() == {"I7 a waiting letter has its slot, an ended one none"}
