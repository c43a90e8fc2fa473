from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from mailer.writing import expert

TEXT = "<mj-text>Hi</mj-text>"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            '<mjml><mj-body><mj-include path="secrets.txt"/></mj-body></mjml>',
            "<mj-include> may not stand here",
        ),
        ("<mjml><mj-head><mj-style>a{}</mj-style></mj-head></mjml>", "<mj-head> may not stand here"),
        ('<mj-font name="x" href="https://evil.test/x.css" />', "<mj-font> may not stand here"),
        ('<mj-button href="javascript:window.pwned=103">x</mj-button>', "A link begins with https://"),
        ('<mj-button href="{{ name }}">x</mj-button>', "A link begins with https://"),
        ('<mj-button href="https://{{ name }}.test/">x</mj-button>', "not the full address"),
        ('<mj-image src="file:///etc/passwd" />', "A picture's address begins with https://"),
        ("<mj-text><script>1</script></mj-text>", "<script> may not stand in a mail"),
        ("<mj-raw><style>@import 'x'</style></mj-raw>", "<style> may not stand in a mail"),
        ('<mj-text><p onclick="x">x</p></mj-text>', "The attribute onclick may not stand"),
        ('<mj-text><p style="behavior:url(x)">x</p></mj-text>', "may not stand in the style"),
        ("<mj-text><!-- </mj-text> --></mj-text>", "A comment or declaration may not stand"),
        ("<mj-text><![CDATA[x]]></mj-text>", "A comment or declaration may not stand"),
        ("<mj-raw></td></tr></table></mj-raw>", "</td> closes nothing"),
        ("<mj-raw><div style='display:none'></mj-raw>", "</mj-raw> closes nothing"),
        ("<mj-text>not closed", "<mj-text> is not closed"),
        ("words alone", "Text stands in <mj-text>"),
        ("", "There is nothing in it"),
        ("<mj-column>" + TEXT + "</mj-column>", "<mj-column> may not stand here"),
        ("<mj-section>" + TEXT + "</mj-section>", "<mj-text> may not stand here"),
        ("<mj-text>" + "<div>" * 101 + "</div>" * 101 + "</mj-text>", "100 deep"),
        ("<mj-text css-class='a\" onload=\"x'>x</mj-text>", ""),
    ],
)
def test_what_an_expert_may_not_write_is_refused_with_the_line(source: str, words: str):
    if not words:
        assert 'css-class="a&quot; onload=&quot;x"' in expert.fragment(source).source
        return
    with pytest.raises(ValidationError) as refused:
        expert.fragment("\n" + source)
    assert any(words in message and message.startswith("Line ") for message in refused.value.messages)


def test_a_hundred_thousand_tags_are_refused_in_no_time():
    assert expert.problems("<mj-text>" + "<div>" * 100_000)[0].endswith(
        "Tags may stand in each other 100 deep."
    )


def test_a_whole_document_gives_what_stands_in_its_body():
    made = expert.fragment(
        f"<mjml><mj-body><mj-section><mj-column>{TEXT}</mj-column></mj-section></mj-body></mjml>"
    )
    assert made.is_sections
    assert (
        made.source == '<mj-section><mj-column><mj-text css-class="ink">Hi</mj-text></mj-column></mj-section>'
    )


def test_content_alone_stands_in_a_column():
    assert not expert.fragment(TEXT + '<mj-image src="https://epistle.example/a.png" alt="A"/>').is_sections


def test_a_field_in_an_address_is_filled_encoded():
    source = expert.fragment('<mj-button href="https://epistle.example/{{ name }}">x</mj-button>').source
    assert 'href="https://epistle.example/{{ url_name }}"' in source
