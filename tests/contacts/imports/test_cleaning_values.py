"""Names, places, dates, statuses and attributes: what is understood, what is left out, and with which word."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.imports.cleaning import attributes, dates, people, places, statuses
from contacts.imports.cleaning.words import WARNINGS, Rejected


def cleaned(text: str, limit: int = 200) -> tuple[str, list[str]]:
    warnings: list[str] = []
    return people.clean_line(text, limit, warnings.append), warnings


@pytest.mark.parametrize(
    ("text", "kept", "warnings"),
    [
        ("  Seán Ó Súilleabháin ", "Seán Ó Súilleabháin", []),
        ("Jose\u0301", "José", []),
        ("Ring\x07", "Ring", ["control_character"]),
        ("Next\x85line", "Nextline", ["control_character"]),
        ("Kim\r\nBcc: x", "Kim Bcc: x", ["line_break"]),
        ("JosÃ© GarcÃ\xada", "JosÃ© GarcÃ\xada", ["looks_garbled"]),
        ("Jos? Garc?a", "Jos? Garc?a", ["letters_lost"]),
        ("Jos\ufffd", "Jos\ufffd", ["letters_lost"]),
        ("Jos&eacute;", "Jos&eacute;", ["html_entities"]),
        ("AT&T & Söhne", "AT&T & Söhne", []),
        ("Who?", "Who?", []),
        ("Ânia São", "Ânia São", []),
        ("\u202e.txt.exe", "\u202e.txt.exe", []),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", []),
        ("=1+1", "=1+1", []),
        ("<b>Kim</b>", "<b>Kim</b>", []),
    ],
)
def test_a_name_is_kept_as_it_stands_but_for_blanks_and_control_characters(text, kept, warnings):
    assert cleaned(text) == (kept, warnings)


@pytest.mark.parametrize(
    ("text", "reason"), [("x" * 201, "too_long"), ("A\0B", "control_character"), (" " * 10**6, "too_long")]
)
def test_a_name_we_cannot_hold_rejects_its_row_at_once(text, reason):
    start = time.perf_counter()
    with pytest.raises(Rejected) as refused:
        cleaned(text)
    assert refused.value.reason == reason
    assert time.perf_counter() - start < 0.5


@given(st.text(max_size=300))
def test_no_text_leaves_a_control_character_or_line_break_in_a_name(text):
    try:
        kept, warnings = cleaned(text)
    except Rejected:
        return
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in kept)
    assert set(warnings) <= set(WARNINGS)
    assert cleaned(kept)[0] == kept


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("DEU", "DE"),
        ("Deutschland", "DE"),
        ("ALLEMAGNE", "DE"),
        ("ألمانيا", "DE"),
        ("德国", "DE"),
        ("Cote d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("España", "ES"),
        ("Espana", "ES"),
        ("Niger", "NE"),
        ("Georgia", "GE"),
        ("XK", "XK"),
        ("EU", ""),
        ("ZZ", ""),
        ("Atlantis", ""),
        ("", ""),
    ],
)
def test_a_country_is_understood_by_code_or_by_its_name_in_any_language(text, code):
    assert places.country_of(text) == code


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("pt_BR", "pt-br"),
        ("zh-Hant", "zh-hant"),
        ("German", "de"),
        ("français", "fr"),
        ("xx", ""),
        ("?", ""),
    ],
)
def test_a_language_is_understood_by_tag_or_name(text, tag):
    assert places.language_of(text) == tag


def test_a_time_zone_is_given_in_its_own_capitals():
    assert places.time_zone_of("europe/berlin") == "Europe/Berlin"
    assert places.time_zone_of("Mars/Base") == ""


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2023-05-01", "", "2023-05-01T00:00:00"),
        ("2023-05-01 08:30:15", "", "2023-05-01T08:30:15"),
        ("2018-01-26T19:18:08Z", "", "2018-01-26T19:18:08"),
        ("2018-01-26T19:18:08.123456+02:00", "", "2018-01-26T17:18:08"),
        ("2023/5/1", "", "2023-05-01T00:00:00"),
        ("1.2.2023", "", "2023-02-01T00:00:00"),
        ("1. 2. 2023 7:05", "", "2023-02-01T07:05:00"),
        ("31/01/2023", "", "2023-01-31T00:00:00"),
        ("01/31/2023 11:05 PM", "", "2023-01-31T23:05:00"),
        ("02/02/2023", "", "2023-02-02T00:00:00"),
        ("01/02/2023", "dmy", "2023-02-01T00:00:00"),
        ("01/02/2023", "mdy", "2023-01-02T00:00:00"),
        ("31/01/2023", "mdy", "2023-01-31T00:00:00"),
        ("01-02-23", "dmy", "2023-02-01T00:00:00"),
        ("May 1, 2023", "", "2023-05-01T00:00:00"),
        ("1 May 2023 12:00 AM", "", "2023-05-01T00:00:00"),
    ],
)
def test_a_date_is_read_as_people_and_programs_write_it(text, order, moment):
    assert dates.moment_of(text, order) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2023-13-01",
        "2020-02-30",
        "32/01/2023",
        "0000-00-00",
        "yesterday",
        "",
        "2023-05-01 25:00",
        "1/1/0099",
        "9" * 10**6,
    ],
)
def test_what_is_no_date_is_not_made_one(text):
    with pytest.raises(dates.NotADate):
        dates.moment_of(text)


def test_a_date_that_two_halves_of_the_world_read_differently_is_asked_about():
    assert dates.is_ambiguous("01/02/2023")
    assert not dates.is_ambiguous("01/01/2023")
    assert not dates.is_ambiguous("13/02/2023")


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        ("Subscribed", ""),
        ("active", ""),
        ("Unsubscribed", "unsubscribed"),
        ("opted-out", "unsubscribed"),
        ("désabonné", "unsubscribed"),
        ("ОТПИСАН", "unsubscribed"),
        ("cleaned", "bounced"),
        ("Hard Bounce", "bounced"),
        ("spam complaint", "complained"),
        ("do not contact", "do_not_contact"),
        ("DO_NOT_CONTACT", "do_not_contact"),
        ("blocklisted", "do_not_contact"),
        ("gelöscht", "erased"),
        ("pending", "pending"),
        ("disabled", "disabled"),
        ("gold member", None),
    ],
)
def test_a_status_word_means_one_standing_in_any_language(word, standing):
    assert statuses.standing_of(word) == standing


def test_a_refusal_beats_a_consent_whatever_the_order():
    assert statuses.worst("", "unsubscribed") == statuses.worst("unsubscribed", "") == "unsubscribed"
    assert statuses.worst("pending", "complained", "no_consent") == "complained"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("-1.5", -1.5),
        ("53,5", 53.5),
        ("1.234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1 234", 1234),
        ("1.234.567", 1234567),
        ("0,125", 0.125),
        ("1,234", None),
        ("1e309", None),
        ("NaN", None),
        ("twelve", None),
        ("9" * 10**6, None),
    ],
)
def test_a_number_is_read_where_it_has_one_meaning(text, number):
    assert attributes.number_of(text) == number


def test_tags_are_parted_outside_quotes_and_kept_once():
    warnings: list[str] = []
    assert attributes.tags_of('"Größe, XL","volunteer",donor; donor|x', warnings.append) == [
        "Größe, XL",
        "volunteer",
        "donor",
        "x",
    ]
    assert warnings == []


@pytest.mark.parametrize("text", ['"' * 10**6, "a," * 10**5, '"a""' * 10**5])
def test_hostile_tags_take_no_time(text):
    start = time.perf_counter()
    attributes.tags_of(text, lambda warning: None)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ',
        '["a"]',
        "7",
        "[" * 19_000,
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a":' + "9" * 4_000 + "}",
    ],
)
def test_json_that_the_database_cannot_hold_is_left_out_with_a_warning(text):
    warnings: list[str] = []
    assert attributes.object_of(text, warnings.append) == {}
    assert warnings == ["broken_attributes"]


def test_an_object_is_kept_with_its_parts():
    found = attributes.object_of('{"city": "Köln", "score": 0, "consent": {"gdpr": false}}', pytest.fail)
    assert found == {"city": "Köln", "score": 0, "consent": {"gdpr": False}}
