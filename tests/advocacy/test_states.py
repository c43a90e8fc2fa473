"""The states of letters: as one letter's words, and as a question to the database."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Count
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from advocacy import states
from advocacy.models import Campaign, Letter
from mailer.models import Delivery
from tests.staff import make_campaign, make_delivery, make_letter, make_staff

pytestmark = pytest.mark.django_db

Status, Sent = Letter.Status, Delivery.Status
LIST = "admin:advocacy_letter_changelist"


def change(letter: Letter, **fields: Any) -> Letter:
    """The letter with these fields written on its row, whatever its life would allow."""
    Letter.objects.filter(pk=letter.pk).update(**fields)
    return Letter.objects.select_related("campaign", "delivery", "submission").get(pk=letter.pk)


def codes_of(letter: Letter) -> set[str]:
    """The codes that the database answers for this letter."""
    asked = {code: Count("pk", filter=states.having(code)) for code in states.WORDS}
    return {code for code, count in Letter.objects.filter(pk=letter.pk).aggregate(**asked).items() if count}


@pytest.mark.parametrize("status", sorted(set(Status.values) - {Status.DISPATCHED}))
def test_the_database_finds_a_letter_by_the_one_state_that_it_shows(status):
    letter, now = make_letter(status=Status.PENDING), timezone.now()
    for is_closed, is_sent, is_answered in product([False, True], repeat=3):
        closed = Campaign.Status.CLOSED if is_closed else Campaign.Status.OPEN
        Campaign.objects.filter(pk=letter.campaign_id).update(status=closed)
        letter = change(
            letter,
            status=status,
            dispatched_at=now if is_sent else None,
            answered_at=now if is_answered else None,
        )
        assert codes_of(letter) == {states.state_of(letter).code}


@pytest.mark.parametrize("status", Sent.values)
def test_the_database_finds_a_letter_that_left_by_the_one_state_that_it_shows(status):
    letter, delivery, now = make_letter(status=Status.PENDING), make_delivery(), timezone.now()
    for bounced, delivered, answered in product([now, None], repeat=3):
        Delivery.objects.filter(pk=delivery.pk).update(
            status=status,
            lease_until=now,
            claim=uuid4(),
            sent_at=now,
            bounced_at=bounced,
            delivered_at=delivered,
        )
        letter = change(letter, status=Status.DISPATCHED, delivery=delivery, answered_at=answered)
        assert codes_of(letter) == {states.state_of(letter).code}


def test_the_list_is_narrowed_to_letters_that_came_back_and_says_so():
    came_back = make_delivery(status=Sent.SENT, bounced_at=timezone.now())
    letter = make_letter(status=Status.DISPATCHED, delivery=came_back)
    make_letter(status=Status.DISPATCHED, delivery=make_delivery(status=Sent.SENT))
    client = Client()
    client.force_login(make_staff("Moderators"))
    answer = client.get(reverse(LIST), {"state": "bounced"})
    shown = answer.context["cl"]
    assert list(shown.result_list) == [letter]
    assert [chip.label for chip in shown.chips] == ["State: came back (1)"]


def test_letters_that_were_not_sent_are_one_choice_whatever_the_reason():
    refused = make_letter(status=Status.REFUSED)
    failed = make_letter(status=Status.DISPATCHED, delivery=make_delivery(status=Sent.FAILED))
    closed = make_letter(status=Status.PENDING, campaign=make_campaign(status=Campaign.Status.CLOSED))
    make_letter(status=Status.PENDING)
    client = Client()
    client.force_login(make_staff("superuser"))
    answer = client.get(reverse(LIST), {"state": "failed"})
    assert set(answer.context["cl"].result_list) == {refused, failed, closed}
    assert [chip.label for chip in answer.context["cl"].chips] == ["State: not sent (3)"]
    assert client.get(reverse(LIST), {"state": "no-such"}).context["cl"].result_count == 4
