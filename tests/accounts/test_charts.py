"""The bars of the home page count each day once, and no other."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache

from accounts.charts import a_week, counts_of_a_week
from mailer.models import Delivery
from tests.factories import make_delivery

NOW = dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.time_machine(NOW, tick=False)]


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


def counts() -> dict[dt.date, int]:
    return counts_of_a_week(Delivery.objects.all(), "sent_at", None)


def test_a_mail_counts_on_its_own_day_from_the_first_moment_to_the_last():
    midnight = NOW.replace(hour=0)
    almost = dt.timedelta(microseconds=1)
    for moment in (midnight - almost, midnight, NOW, midnight + dt.timedelta(days=1) - almost):
        make_delivery(sent_at=moment)
    found = counts()
    assert (found[dt.date(2026, 11, 17)], found[dt.date(2026, 11, 18)]) == (1, 3)
    assert sum(found.values()) == 4


def test_a_week_is_seven_days_and_what_came_before_or_never_is_left_out():
    for days in (0, 6, 7):
        make_delivery(sent_at=NOW - dt.timedelta(days=days))
    make_delivery()
    series = a_week("mails sent", counts(), NOW.date())
    assert [count for _day, count in series.days] == [1, 0, 0, 0, 0, 0, 1]


def test_a_days_bounds_are_those_of_the_time_zone_staff_live_in(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    make_delivery(sent_at=dt.datetime(2026, 11, 17, 15, tzinfo=dt.UTC))  # midnight in Tokyo
    assert counts()[dt.date(2026, 11, 18)] == 1


def test_a_second_look_costs_no_query(django_assert_num_queries):
    counts()
    with django_assert_num_queries(0):
        counts()
