from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError

from mailer.writing import blocks
from tests.mailer.writing.samples import EVERY_KIND, block

pytestmark = pytest.mark.django_db


def refusal(*given: dict) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        blocks.read(list(given))
    return refused.value.messages


def test_every_kind_can_be_read_and_a_cleaned_text_stays_the_same():
    assert [one.kind for one in blocks.read(EVERY_KIND)] == [one["kind"] for one in EVERY_KIND]
    cleaned = blocks.clean(EVERY_KIND)
    assert blocks.clean(json.loads(json.dumps(cleaned))) == cleaned


@pytest.mark.parametrize("kind", blocks.KINDS)
def test_a_new_block_can_be_kept_before_anything_is_written(kind: str):
    (kept,) = blocks.clean([blocks.new(kind)])
    assert kept["kind"] == kind


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**block("button"), "url": ""}, "Block 1 (Button), Leads to: Nothing is written here yet."),
        ({**block("button"), "url": "javascript:alert(1)"}, "Leads to: A link begins with https://"),
        ({**block("button"), "url": "https://user:secret@epistle.example/"}, "not the full address"),
        ({**block("button"), "url": "https://{{ name }}/"}, "not the full address"),
        ({**block("button"), "url": "example.org"}, "A link begins with https://"),
        ({**block("button"), "url": "https://a b.example/"}, "There are blanks"),
        ({**block("button"), "text": "x" * 81}, "Words: At most 80 characters."),
        ({**block("picture"), "alt": " "}, "Block 1 (Picture), What it shows: Nothing is written here yet."),
        ({**block("picture"), "src": ""}, "Block 1 (Picture), Picture: Choose a picture."),
        (
            {**block("picture"), "src": "http://epistle.example/a.jpg"},
            "A picture's address begins with https://.",
        ),
        ({**block("picture"), "src": "data:image/svg+xml,<svg onload=1>"}, "A picture's address begins with"),
        (
            {**block("text"), "html": "<p>{{ fist_name }}</p>"},
            "There is no merge field of the name fist_name.",
        ),
        ({**block("text"), "html": "<p> </p>"}, "Nothing is written here yet."),
        ({**block("text"), "html": '<p><a href="/about">x</a></p>'}, "A link begins with https://"),
        ({**block("list"), "items": ["<br>", ""]}, "Points: Nothing is written here yet."),
        ({**block("share"), "text": "Dear {{ name }}"}, "There is no merge field"),
        ({**block("mjml"), "source": "<mj-include path='x'/>"}, "Line 1: <mj-include> may not stand here."),
        (
            {**block("text"), "shown_to": {"field": "shoe_size", "is": "is", "value": 4}},
            "Block 1 (Text), shown to:",
        ),
    ],
)
def test_what_cannot_be_sent_is_named_with_its_block_and_field(given: dict, words: str):
    assert any(words in message for message in refusal(given))


def test_a_fault_in_a_column_is_found_at_its_place():
    columns = {**block("columns"), "right": [{**block("button"), "text": ""}]}
    assert refusal(block("text"), columns) == ["Block 2.1 (Button), Words: Nothing is written here yet."]


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"id": "a"},
        ["text"],
        [{"id": "a", "kind": "iframe"}],
        [{"id": "a", "kind": ["text"]}],
        [{"kind": "columns", "left": [block("columns")]}],
        [{"kind": "columns", "left": [block("footer")]}],
        [block("divider")] * 201,
        [{**block("text"), "html": "x" * 500_001}],
    ],
)
def test_what_is_no_text_of_a_mailing_is_refused_at_once(data):
    with pytest.raises(ValidationError):
        blocks.clean(data)


def test_a_draft_keeps_what_is_typed_and_nothing_that_could_run():
    (kept,) = blocks.clean([{**block("button"), "url": "htt", "onclick": "x", "text": " Go\u2028on\x00 "}])
    assert (kept["url"], kept["text"]) == ("htt", "Go on")
    assert "onclick" not in kept
    (kept,) = blocks.clean(
        [{**block("text"), "html": "<p onclick=x>a<script>b</script><img src=x onerror=1>"}]
    )
    assert kept["html"] == "<p>a</p>"


def test_a_block_that_was_duplicated_gets_an_id_of_its_own():
    one, other = blocks.clean([block("text"), block("text")])
    assert one["id"] != other["id"]
    assert blocks.clean([one, other]) == [one, other]
