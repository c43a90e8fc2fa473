"""How many mails a stranger can set off to one address, whatever form they type it into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.clock import database_now
from mailer import allowance, invariants
from mailer.models import Delivery
from tests.factories import make_delivery, unique_address

Kind = Delivery.Kind
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(*hours: float) -> list[datetime]:
    return [NOON + timedelta(hours=hour) for hour in hours]


@pytest.mark.parametrize(
    ("taken", "next_at"),
    [
        ([], 0),
        ([-2], 0),
        ([-0.5], 0.5),
        ([0], 1),
        ([0.5], 1.5),  # one that waits for its turn holds its hour before it, too
        ([-5, -0.5], 19),
        ([-0.5, 0.5], 23.5),
        ([-24], 0),
    ],
)
def test_the_next_mail_waits_for_its_hour_and_its_day(taken, next_at):
    assert allowance.earliest(at(*taken), NOON) == at(next_at)[0]


@given(st.lists(st.integers(0, 60 * 60), max_size=12))
def test_no_hour_sees_two_mails_and_no_day_three(asked):
    """Minutes at which somebody asks; each mail goes when the allowance says."""
    taken: list[datetime] = []
    for minute in sorted(asked):
        taken.append(allowance.earliest(taken, NOON + timedelta(minutes=minute)))
        taken.sort()
    for count, window in allowance.LIMITS:
        assert all(later - sooner >= window for sooner, later in zip(taken, taken[count:], strict=False))


@pytest.mark.django_db
def test_mails_of_every_form_count_together_and_system_mail_does_not():
    address, now = unique_address(), database_now()
    make_delivery(address, Kind.SYSTEM)
    assert allowance.next_mail(address.hash, now) == now
    for kind in (Kind.CONFIRMATION, Kind.OPT_IN, Kind.NOTICE):
        to = unique_address()
        make_delivery(to, kind)
        assert allowance.next_mail(to.hash, now) > now


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["cancelled", "suppressed", "failed"])
def test_a_mail_that_nobody_got_does_not_count(status):
    address, now = unique_address(), database_now()
    make_delivery(address, Kind.OPT_IN, status=status)
    assert allowance.next_mail(address.hash, now) == now


@pytest.mark.django_db
def test_a_mail_whose_button_was_pressed_makes_room_for_the_next_and_its_history_agrees():
    address, now = unique_address(), database_now()
    delivery = make_delivery(address, Kind.OPT_IN, context={"sign_up": 7})
    allowance.answered(address.hash, Kind.OPT_IN, sign_up=8)
    assert allowance.next_mail(address.hash, now) > now
    for _press in range(2):
        allowance.answered(address.hash, Kind.OPT_IN, sign_up=7)
    assert allowance.next_mail(address.hash, now) == now
    assert delivery.events.filter(type="clicked").count() == 1
    assert [found for found in invariants.check_all() if found.ids] == []
