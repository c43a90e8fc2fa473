"""Texts become mails: merge fields are a closed look-up, MJML is compiled without third parties."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from mailer import composing


def test_a_field_is_filled_and_an_empty_one_takes_its_fallback():
    assert (
        composing.fill("Dear {{ name }} {{rank|friend }}!", {"name": "Sam", "rank": ""}) == "Dear Sam friend!"
    )


@pytest.mark.parametrize(
    "text", ["{{ 6*7 }}", "{% include 'x' %}", "{{ a.b }}", "{{ __class__ }}", "{{ a|b|c }}"]
)
def test_what_is_no_field_is_never_run(text):
    assert composing.fill(text, {"a": "x", "name": "x"}) == text


def test_a_filled_value_is_not_filled_again():
    assert composing.fill("{{ a }}", {"a": "{{ b }}", "b": "secret"}) == "{{ b }}"


def test_values_are_escaped_for_html():
    assert composing.fill("<b>{{ a }}</b>", {"a": '<i>"&'}, html=True) == "<b>&lt;i&gt;&quot;&amp;</b>"


def test_an_unknown_field_is_an_error_and_never_an_empty_gap():
    with pytest.raises(composing.MergeError):
        composing.fill("Dear {{ fist_name }}", {"first_name": "Sam"})


@pytest.mark.parametrize("text", ["{{ fist_name }}", '{% include "base.html" %}', "{{ 6*7 }}", "{# x #}"])
def test_an_editor_hears_of_an_unknown_field_when_saving(text):
    with pytest.raises(ValidationError) as error:
        composing.check_fields(text, {"first_name"})
    assert "first_name" in str(error.value)
    composing.check_fields("Dear {{ first_name | friend }},", {"first_name"})


def test_slots_of_the_door_leave_other_braces_alone():
    assert composing.fill_slots("{{ link }} {{ other }} {{ 1 }}", {"link": "L"}) == "L {{ other }} {{ 1 }}"


def test_mjml_names_no_third_party():
    html = composing.compile_mjml(
        "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    assert "Hi" in html
    assert "googleapis" not in html
    assert "mailjet" not in html


def test_mjml_reads_no_file():
    with pytest.raises(ValueError):
        composing.compile_mjml('<mjml><mj-body><mj-include path="/etc/passwd"/></mj-body></mjml>')


def test_an_html_twin_says_what_the_text_says_and_nothing_runs():
    html = composing.html_twin("Dear <b>,\n.\n\nسلام", "ar")
    assert "Dear &lt;b&gt;,<br>\n." in html
    assert 'lang="ar" dir="rtl"' in html


def test_plain_text_is_left_tidy():
    assert composing.tidy("a  \r\n\r\n\r\n\r\nb\r") == "a\n\nb\n"
