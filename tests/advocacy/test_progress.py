"""The public figures are true, of confirmed letters only, and tell nothing of one person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from advocacy import letters
from advocacy.models import Campaign
from advocacy.progress import DELAY, goal_for, rounded
from tests.factories import make_campaign, make_legislature, make_letter, make_mandate, make_submission


def later(campaign: Campaign):
    with time_machine.travel(timezone.now() + DELAY + timedelta(seconds=1), tick=False):
        return letters.progress(campaign)


@pytest.mark.django_db
def test_only_confirmed_letters_in_earnest_are_counted_and_some_minutes_later():
    campaign = make_campaign(goal=10)
    make_submission(campaign)
    make_letter(campaign)
    make_letter(campaign, make_mandate(make_legislature(country="FR")))
    taken_back = make_letter(campaign)
    letters.withdraw(taken_back)
    Campaign.objects.filter(pk=campaign.pk).update(test_mode=True)
    campaign.refresh_from_db()
    make_letter(campaign)
    assert letters.progress(campaign).letters == 0
    found = later(campaign)
    assert (found.letters, found.countries, found.goal) == (2, 2, 10)
    assert found.percent == 20


@pytest.mark.django_db
def test_all_processes_tell_the_same_figures_also_after_a_letter_was_taken_back():
    campaign = make_campaign(goal=10)
    taken_back = make_letter(campaign)
    first = later(campaign)
    letters.withdraw(taken_back)
    cache.clear()  # as another process
    assert later(campaign) == first
    assert (first.letters, first.countries) == (1, 1)


@given(st.integers(0, 10**7))
def test_a_rounded_figure_never_boasts(count):
    assert 0 <= count - rounded(count) < max(10, count / 9)
    assert rounded(rounded(count)) == rounded(count)


@given(st.integers(0, 10**7), st.integers(1, 10**6))
def test_a_goal_is_never_reached_and_never_out_of_sight(count, first):
    goal = goal_for(count, first)
    assert goal >= first
    assert 10 * count < 9 * goal
    assert goal == first or goal <= max(10 * first, 10 * count, 100)


@pytest.mark.parametrize(
    ("count", "goal"), [(0, 100), (89, 100), (90, 200), (179, 200), (180, 500), (4_600, 10_000)]
)
def test_goals_rise_in_round_steps(count, goal):
    assert goal_for(count, 100) == goal
