"""What a supporter may write, and what is refused with a sentence they can act on."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from advocacy import rules
from advocacy.models import LetterTemplate
from contacts import addresses
from tests.shared_data import shared

HOSTILE = shared("data/hostile/sample.jsonl")
OURS = Path(__file__).resolve().parents[1] / "data" / "hostile-letters.jsonl"

template = LetterTemplate(min_length=20, max_length=5_000, subjects="Please act\nThe last bus")

CLEAN = {
    "supporter.name": rules.clean_name,
    "supporter.place": rules.clean_place,
    "supporter.email": lambda text: addresses.parse(text).given,
    "letter.subject": lambda text: rules.clean_subject(template, text),
    "letter.body": lambda text: rules.clean_body(template, text),
    "postcode": rules.clean_postcode,
}


def cases(path: Path | None) -> list[Any]:
    if path is None:
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [pytest.param(row, id=row["id"]) for row in rows if row["target"] in CLEAN]


def value_of(row: dict[str, Any]) -> str:
    if "value" in row:
        return str(row["value"])
    made = row["value_repeat"]
    return "".join(
        [made["pre"], made["unit"] * made["times"], made["mid"], made["close"] * made["times"], made["post"]]
    )


def clean(target: str, text: str) -> tuple[str | None, list[str]]:
    """What is taken, or None and the messages of the refusal."""
    try:
        return CLEAN[target](text), []
    except ValidationError as error:
        return None, error.messages


def test_the_shared_cases_are_read_where_they_are():
    if HOSTILE is None:
        pytest.skip("the shared hostile inputs are not beside this folder")
    assert len(cases(HOSTILE)) == 21


@pytest.mark.timeout(60)
@pytest.mark.parametrize("row", [*cases(HOSTILE), *cases(OURS)])
def test_a_hostile_input_is_refused_or_taken_unchanged_as_its_case_asks(row):
    text = value_of(row)
    taken, messages = clean(row["target"], text)
    if taken is None:
        assert "reject" in row["expect"], messages
        assert all(messages)
        return
    # Escaping is the business of who shows it; here it must not have been changed.
    assert {"accept", "escape"} & set(row["expect"])
    expected = row.get("becomes", unicodedata.normalize("NFC", text).strip())
    assert taken == expected


@given(st.text(max_size=120))
def test_no_name_that_is_taken_can_break_a_header_or_hold_an_address(text):
    try:
        name = rules.clean_name(text)
    except ValidationError:
        return
    assert name == unicodedata.normalize("NFC", name).strip()
    assert 0 < len(name) <= rules.MAX_NAME
    assert not any(
        unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} or sign in "\u202a\u202b\u202c\u202d\u202e@"
        for sign in name
    )
    assert rules.clean_name(name) == name


@given(st.text(max_size=400))
def test_cleaning_a_letter_twice_changes_nothing_more(text):
    try:
        body = rules.clean_body(template, text)
    except ValidationError:
        return
    assert rules.clean_body(template, body) == body
    assert "\r" not in body


@pytest.mark.parametrize(
    "name",
    [
        "J.R.R. Tolkien",
        "Dr.Al Aziz",
        "St.John O’Neil-Smith, MP",
        "María de los Ángeles",
        "עֲבְרִית",
        "สมชาย ใจดี",
        "נו״ן",
        "O",
        "محمد\u200cرضا",
    ],
)
def test_ordinary_names_of_the_world_are_taken(name):
    assert rules.clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "see evil.com",
        "evil。com",
        "ＥＶＩＬ．ＣＯＭ",
        "bit.ly/abc",
        "www.evil",
        "a@b.c",
        "tel:0900",
        "пример.рф",
        "1234",
        "x" * 101,
        "",
    ],
)
def test_names_that_carry_a_link_or_no_name_are_refused(name):
    with pytest.raises(ValidationError):
        rules.clean_name(name)


def test_one_link_is_taken_and_two_are_not():
    one = "Please read https://example.org/report before the vote."
    assert rules.clean_body(template, one) == one
    with pytest.raises(ValidationError, match="at most"):
        rules.clean_body(template, one + " And www.example.net, too.")


@pytest.mark.parametrize(
    ("text", "length"),
    [("Too short.", 10), ("é" * 19, 19), ("e\u0301" * 19, 19)],
    ids=["short", "nfc", "nfd"],
)
def test_a_short_letter_is_told_how_long_it_is(text, length):
    with pytest.raises(ValidationError, match=f"{length} characters, at least 20"):
        rules.clean_body(template, text)


def test_a_long_letter_is_refused_before_it_costs_anything():
    with pytest.raises(ValidationError, match="too long"):
        rules.clean_body(template, "a" * 5_001)


def test_a_locked_subject_must_be_one_of_those_offered():
    locked = LetterTemplate(subjects="Please act\nKeep {{ area }} moving", subject_editable=False)
    assert rules.clean_subject(locked, " Please act ") == "Please act"
    with pytest.raises(ValidationError, match="choose one"):
        rules.clean_subject(locked, "My own")


def test_a_locked_letter_keeps_the_words_of_its_template():
    locked = LetterTemplate(body="These words.", body_editable=False)
    assert rules.clean_body(locked, "Buy now https://evil.test https://evil.test") == "These words."


@pytest.mark.parametrize(
    ("typed", "code"), [("  sw1a 1aa ", "SW1A1AA"), ("01-234", "01234"), ("", ""), ("１０１１５", "10115")]
)
def test_postcodes_are_looked_up_in_one_form(typed, code):
    assert rules.clean_postcode(typed) == code


@pytest.mark.parametrize("typed", ["1", "'; DROP TABLE", "9" * 30, "<b>"])
def test_what_is_no_postcode_is_refused(typed):
    with pytest.raises(ValidationError, match="postcode"):
        rules.clean_postcode(typed)
