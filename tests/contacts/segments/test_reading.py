"""Reading a tree: what is wrong is named with its place, and everything is bounded."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.models import Segment
from contacts.segments import trees, wording
from contacts.segments.trees import RuleError, read
from tests.contacts.segments.plain import rule
from tests.factories import make_mailing_list

pytestmark = pytest.mark.django_db


def deep(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = rule("country", "empty")
    for _number in range(levels):
        tree = {"all": [tree]}
    return tree


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        "all",
        {"all": {}},
        {"all": [], "any": []},
        {"any": []},
        {"not": []},
        {"field": "country"},
        {"field": "country", "is": "is", "value": ["KE"], "or": 1},
        {"field": 1, "is": "is"},
        rule("country", "is"),
        rule("country", "is", "Kenya"),
        rule("country", "is", [["KE"]]),
        rule("country", "is", ["KE"] * 301),
        rule("name", "contains", 5),
        rule("name", "contains", "x" * 201),
        rule("name", "contains", "a\0b"),
        rule("created", "since", "2026-02-30"),
        rule("created", "last", 0),
        rule("created", "last", 1.5),
        rule("created", "last", True),
        rule("created", "last", "NaN"),
        rule("created", "last", "9" * 50),
        rule("list", "on", {"list": "1; DROP TABLE"}),
        rule("list", "on", {"list": True}),
        rule("list", "on", {"list": 10**30}),
        rule("list", "on", {"list": 1, "status": "confirmed"}),
        rule("address", "at", ["a.example"] * 31),
        deep(trees.MOST_DEPTH),
        {"all": [rule("country", "empty")] * 101},
        {"all": [{"any": [rule("country", "empty")] * 60}, {"any": [rule("country", "empty")] * 60}]},
    ],
    ids=str,
)
def test_what_is_no_tree_or_too_much_of_one_is_refused(data):
    with pytest.raises(RuleError):
        read(data)


def test_a_tree_as_large_as_it_may_be_is_read():
    read(deep(trees.MOST_DEPTH - 1))
    read({"all": [rule("country", "empty")] * 100})


def test_every_wrong_rule_is_named_with_its_place():
    tree = {
        "all": [rule("country", "empty"), {"not": {"any": [rule("created", "last", 0), rule("x", "is")]}}]
    }
    with pytest.raises(RuleError) as refused:
        read(tree)
    assert [problem.place for problem in refused.value.problems] == [(1, 0, 0), (1, 0, 1)]
    assert str(refused.value.problems[0]).startswith("Rule 2.1.1: A number from 1 to")


def test_a_sentence_says_the_tree_in_the_language_of_who_reads(settings):
    from django.utils.translation import override

    news = make_mailing_list(name="News")
    board = Segment.objects.create(name="Board", rule={"all": []})
    tree = read(
        {
            "all": [
                rule("list", "on", {"list": news.pk, "days": 30}),
                rule("country", "is", ["KE", "ML"]),
                {"not": {"any": [rule("segment", "in", board.pk), rule("mail", "clicked")]}},
            ]
        }
    )
    assert wording.sentence(tree) == (
        "on News in the last 30 days and in Kenya / Mali, "
        "but not (in the segment Board or clicked in a newsletter)"
    )
    with override("fr"):
        assert "mais pas" in wording.sentence(tree)
    assert wording.sentence(read({"all": []})) == "everybody"
    assert wording.sentence(read({"not": rule("country", "empty")})) == "country known"
