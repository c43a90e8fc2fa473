from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError

from mailer.models import MailingText
from mailer.writing import blocks, conditions, rendering
from tests.factories import make_mailing, make_mailing_text
from tests.mailer.writing.samples import EVERY_KIND, block

pytestmark = pytest.mark.django_db


def text_of(*given: dict, language: str = "en", **fields) -> MailingText:
    mailing = make_mailing(texts=False, language=language)
    return make_mailing_text(mailing, language, blocks=list(given), **fields)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_mail_of_every_kind_of_block_is_made(language: str):
    rendered = rendering.render(text_of(*EVERY_KIND, language=language))
    assert {one["kind"] for one in EVERY_KIND} == set(blocks.KINDS)
    for words in (
        "our story",
        "Write to them",
        "Survivors speak",
        "A strong court",
        "common bonds",
        "expert",
    ):
        assert words in rendered.html
        assert words in rendered.text or words == "Survivors speak"
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in rendered.html
    assert next(url for url, _words in rendered.links) == "https://epistle.example/story/"
    assert rendered.fields == {"first_name"}


@pytest.mark.parametrize("kind", [kind for kind in blocks.KINDS if kind not in {"footer", "mjml"}])
def test_right_to_left_no_block_is_set_left_to_right(kind: str):
    html = rendering.render(text_of(block(kind), language="ar")).html
    body = html.partition("<body")[2]
    assert "text-align:left" not in re.sub(r"direction:rtl;[^\"]*", "", body).replace(
        "font-size:0px;text-align:left", ""
    )
    assert "direction:rtl" in body


def test_a_mail_without_a_footer_gets_one():
    rendered = rendering.render(text_of(block("text")))
    for said in (rendered.html, rendered.text):
        assert "{{ unsubscribe_link }}" in said
        assert "{{ preferences_link }}" in said
        assert "{{ web_link }}" in said
        assert "Coalition, 1 Example Street, Example Town" in said


def test_a_text_written_by_hand_still_says_how_to_unsubscribe():
    rendered = rendering.render(text_of(block("text"), plain="Only these words."))
    assert rendered.text.startswith("Only these words.\n")
    assert "{{ unsubscribe_link }}" in rendered.text
    assert "1 Example Street" in rendered.text


def test_a_block_is_read_only_by_those_it_is_shown_to():
    tree = {"field": "country", "is": "is", "value": ["KE"]}
    text = text_of(block("text"), {**block("button"), "shown_to": tree})
    assert conditions.of(text.mailing) == [tree]
    assert "Write to them" not in rendering.render(text, part=0).html
    assert "Write to them" in rendering.render(text, part=1).html
    assert "Write to them" in rendering.render(text, part=conditions.ALL).text


def test_a_draft_is_shown_as_far_as_it_is_written():
    text = text_of(block("text"), blocks.new("button"), blocks.new("picture"), blocks.new("columns"))
    with pytest.raises(ValidationError) as refused:
        rendering.render(text)
    assert "Block 2 (Button), Words: Nothing is written here yet." in refused.value.messages
    html = rendering.render(text, draft=True).html
    assert "Button: Nothing is written here yet." in html
    assert "Picture: Choose a picture." in html
    assert 'class="ink block-b2"' in html
    assert "block-b2" not in rendering.render(text_of(block("text"))).html


def test_a_field_in_a_link_is_filled_with_an_encoded_value():
    text = text_of({**block("button"), "url": "https://epistle.example/?to={{ first_name | dear l'ami }}"})
    html = rendering.render(text).html
    assert "https://epistle.example/?to={{ url_first_name | dear%20l%27ami }}" in html
    assert (
        "{{ first_name | l'ami }}"
        in rendering.render(text_of({**block("heading"), "text": "Chers {{ first_name | l'ami }}"})).html
    )


def test_the_share_row_asks_no_third_party_for_a_picture():
    html = rendering.render(text_of(block("share"))).html
    assert "<img" not in html
    assert "https://wa.me/?text=Justice%20for%20all%20https%3A%2F%2Fepistle.example%2F" in html
