from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from mailer.writing import conditions, languages
from tests.factories import make_contact, make_mailing, make_mailing_text
from tests.mailer.writing.samples import block

pytestmark = pytest.mark.django_db

KENYA = {"field": "country", "is": "is", "value": ["KE"]}
FRENCH = {"field": "language", "is": "is", "value": ["fr"]}


def test_a_reader_gets_their_language_else_its_base_else_what_stands_in_for_it_else_the_main_one():
    mailing = make_mailing(texts=False, language="en", fallbacks={"wo": ["ff", "fr"], "pt": ["es"]})
    for code in ("en", "fr", "pt-BR"):
        make_mailing_text(mailing, code)
    asked = ["fr", "fr-CA", "wo", "pt-BR", "pt", "pt-AO", "sw", ""]
    assert languages.table(mailing, asked) == {
        "fr": "fr",
        "fr-CA": "fr",
        "wo": "fr",
        "pt-BR": "pt-BR",
        "pt": "en",
        "pt-AO": "en",
        "sw": "en",
        "": "en",
    }


def test_what_a_translation_lacks_beside_the_main_language_is_named():
    mailing = make_mailing(texts=False)
    shown = {**block("share"), "shown_to": KENYA}
    main = [block("heading"), block("text"), block("button"), block("divider"), shown]
    make_mailing_text(mailing, "en", subject="Stand with victims", preheader="Read", blocks=main)
    translated = [
        {**block("heading"), "text": "Avec {{ first_name | les amis }}"},
        {**block("text")},
        {**block("share"), "title": "Partagez", "text": "Justice pour tout le monde"},
        {**block("quote"), "id": "own"},
    ]
    make_mailing_text(mailing, "fr", subject="Stand with victims", blocks=translated)
    found = {(gap.what, gap.block) for gap in languages.gaps(mailing)}
    assert found == {
        ("untranslated", ""),
        ("preheader", ""),
        ("untranslated", "b2"),
        ("missing", "b4"),
        ("missing", "b13"),
        ("condition", "b8"),
        ("extra", "own"),
    }
    assert "French: Block 2 (Text) is still in the main language." in [
        str(gap) for gap in languages.gaps(mailing)
    ]


def test_complete_translations_have_no_gaps():
    mailing = make_mailing(texts=False)
    make_mailing_text(mailing, "en", blocks=[block("text")])
    make_mailing_text(
        mailing, "fr", subject="Avec les victimes", blocks=[{**block("text"), "html": "<p>Chers amis</p>"}]
    )
    assert languages.gaps(mailing) == []


def test_a_mailing_without_a_text_in_its_main_language_says_so():
    assert [str(gap) for gap in languages.gaps(make_mailing(texts=False))] == [
        "English: The main language has no text."
    ]


def test_the_same_condition_in_two_blocks_and_languages_is_one():
    mailing = make_mailing(texts=False)
    make_mailing_text(mailing, "fr", blocks=[{**block("text"), "shown_to": KENYA}])
    make_mailing_text(
        mailing, "en", blocks=[{**block("text"), "shown_to": FRENCH}, {**block("button"), "shown_to": KENYA}]
    )
    assert conditions.of(mailing) == [FRENCH, KENYA]


def test_a_person_s_part_has_a_bit_for_each_condition_that_applies():
    trees = [FRENCH, KENYA]
    assert conditions.part_of(trees, make_contact(country="KE", language="en")) == 0b10
    assert conditions.part_of(trees, make_contact(country="KE", language="fr")) == 0b11
    assert conditions.part_of(trees, make_contact(country="FR")) == 0
    assert [conditions.applies(KENYA, part, trees) for part in (0, 1, 2, 3, conditions.ALL)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_mailing_has_at_most_eight_conditions():
    texts = [[{"shown_to": {"field": "country", "is": "is", "value": [code]}}] for code in "abcdefghi"]
    assert len(conditions.in_texts(texts[:8])) == 8
    with pytest.raises(ValidationError, match="8 different groups"):
        conditions.in_texts(texts)
