"""Figures counted once for all web processes: by one of them, never backwards, and without Valkey by each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from django.core.cache import cache

from accounts import shared_figures
from accounts.shared_figures import of_moment

_numbers = count(1)


@pytest.fixture
def name() -> Iterator[str]:
    """A figure that no other test has counted."""
    shared_figures.forget_connections()
    yield f"of-the-tests-{next(_numbers)}"
    shared_figures.forget_connections()


def in_another_process(*asked):
    cache.clear()
    return of_moment(*asked)


def never() -> int:
    raise AssertionError("counted although it was known")


def test_what_one_process_counted_no_other_counts_again(name):
    assert of_moment(name, 100, lambda: {"KE": [3, 2]}) == (100, {"KE": [3, 2]})
    assert tuple(of_moment(name, 100, never)) == (100, {"KE": [3, 2]})
    assert in_another_process(name, 100, never) == (100, {"KE": [3, 2]})


def test_while_one_process_counts_the_others_show_the_figure_before(name):
    of_moment(name, 100, lambda: 7)

    def slowly() -> int:
        assert in_another_process(name, 200, never) == (100, 7)
        return 8

    assert in_another_process(name, 200, slowly) == (200, 8)
    assert in_another_process(name, 200, never) == (200, 8)


def test_where_there_is_no_figure_before_nobody_waits_for_another_process(name):
    def slowly() -> int:
        assert in_another_process(name, 100, lambda: 7) == (100, 7)
        return 7

    assert of_moment(name, 100, slowly) == (100, 7)


def test_a_figure_never_goes_back_to_an_earlier_one(name):
    of_moment(name, 200, lambda: 8)
    assert in_another_process(name, 100, never) == (200, 8)


def test_a_count_that_breaks_off_leaves_the_figure_before(name):
    of_moment(name, 100, lambda: 7)

    def broken() -> int:
        raise RuntimeError("too long")

    with pytest.raises(RuntimeError):
        in_another_process(name, 200, broken)
    assert in_another_process(name, 200, never) == (100, 7)


def test_without_valkey_each_process_counts_for_itself(name, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert of_moment(name, 100, lambda: 7) == (100, 7)
    assert of_moment(name, 100, never) == (100, 7)
    assert in_another_process(name, 100, lambda: 9) == (100, 9)
