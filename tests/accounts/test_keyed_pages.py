"""Pages by key: every row once, in any order, also while rows come and go."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts import keyed_pages
from advocacy.models import Expression
from tests.expressions import make_expression
from tests.factories import make_campaign

pytestmark = pytest.mark.django_db

WALL = ("-is_featured", "-published_at", "-pk")
QUEUE = ("confirmed_at", "pk")
DAY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def rows():
    """Seven, of which three stand at one moment, and two first."""
    campaign = make_campaign()
    for number in range(7):
        one = make_expression(campaign)
        at = DAY + dt.timedelta(hours=max(number, 3))
        Expression.objects.filter(pk=one.pk).update(
            confirmed_at=at, published_at=at, is_featured=number in {1, 5}
        )
    return Expression.objects.all()


@pytest.mark.parametrize("order", [WALL, QUEUE])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_there_and_back_every_row_is_met_once_and_in_order(rows, order, size):
    whole = list(rows.order_by(*order))
    page, there = keyed_pages.page(rows, order, size=size), []
    assert page.back == ""
    while True:
        there += page.rows
        if not page.on:
            break
        page = keyed_pages.page(rows, order, page.on, size=size)
    assert there == whole
    back = list(page.rows)
    while page.back:
        page = keyed_pages.page(rows, order, page.back, size=size)
        back = [*page.rows, *back]
    assert back == whole


def test_what_was_dealt_with_meanwhile_hides_nothing_that_waits(rows):
    first = keyed_pages.page(rows, QUEUE, size=3)
    left = rows.exclude(pk__in=[one.pk for one in first.rows])
    on = keyed_pages.page(left, QUEUE, first.on, size=3)
    assert list(on.rows) == list(left.order_by(*QUEUE)[:3])


@pytest.mark.parametrize(
    "place", ["", "after-", "after-0", "before-9999", "beside-3", "after-1x", "after-" + "9" * 30]
)
def test_a_place_nobody_can_read_is_the_first_page(rows, place):
    assert list(keyed_pages.page(rows, QUEUE, place, size=3).rows) == list(rows.order_by(*QUEUE)[:3])


def test_after_the_last_row_the_list_begins_again(rows):
    last = rows.order_by(*QUEUE).last()
    assert len(keyed_pages.page(rows, QUEUE, f"after-{last.pk}", size=3).rows) == 3
    assert keyed_pages.page(rows.none(), QUEUE, f"after-{last.pk}", size=3).rows == []
