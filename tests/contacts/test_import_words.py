"""Every word the rows of an import may hold has a text for people."""

from __future__ import annotations

import pytest
from django.utils import translation

from contacts.imports import words
from contacts.imports.reading.bounds import FILE_ERRORS


@pytest.mark.parametrize("word", FILE_ERRORS)
def test_a_refused_file_is_told_what_to_do(word):
    said = words.PROBLEMS[word]
    assert words.problem_text(word) == f"{said.short} {said.remedy}"


def test_an_unknown_word_is_shown_as_it_is():
    assert words.reason_text("new_word") == words.problem_text("new_word") == "new_word"
    assert words.reason_remedy("new_word") == ""


def test_the_words_are_those_of_the_reader():
    with translation.override("fr"):
        assert words.field_label("address") == "adresse électronique"
        assert words.field_label("attribute:ort") == "attribut ort"
