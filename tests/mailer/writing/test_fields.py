from __future__ import annotations

import pytest

from contacts.models import Attribute
from mailer.composing import fill
from mailer.writing import fields

PERSON = {
    "first_name": "Ann\r\nBcc: eve@epistle.example",
    "last_name": "",
    "name": "",
    "country": "KE",
    "language": "sw",
    "attributes": {"town": "A & B/ö?", "member": True, "tags": ["one", "two"]},
}


def test_the_values_are_those_of_the_person_in_the_language_of_the_mail():
    wanted = [
        "first_name",
        "name",
        "country",
        "language",
        "attribute_member",
        "attribute_tags",
        "attribute_none",
    ]
    assert fields.values(PERSON, wanted, "fr") == {
        "first_name": "Ann Bcc: eve@epistle.example",
        "name": "Ann Bcc: eve@epistle.example",
        "country": "Kenya",
        "language": "swahili",
        "attribute_member": "oui",
        "attribute_tags": "one, two",
        "attribute_none": "",
    }


def test_a_value_in_an_address_is_percent_encoded():
    assert fields.values(PERSON, ["url_attribute_town"], "en") == {
        "url_attribute_town": "A%20%26%20B%2F%C3%B6%3F"
    }
    assert fields.in_address("https://epistle.example/{{ name | l'ami & co }}?x={{ web_link }}") == (
        "https://epistle.example/{{ url_name | l%27ami%20%26%20co }}?x={{ web_link }}"
    )


def test_names_outside_the_list_have_no_value():
    assert fields.values(PERSON, ["unsubscribe_link", "password", "url_password"], "en") == {}


def test_a_value_is_one_line_of_at_most_200_characters():
    assert fields.one_line("a\u2028b\x00c \u202e d") == "a b c d"
    assert len(fields.one_line("ä" * 5_000)) == 200
    assert fields.one_line("می\u200cخواهم") == "می\u200cخواهم"  # the joiner is part of the word


@pytest.mark.django_db
def test_an_organisation_s_own_fields_can_be_merged_and_no_others():
    Attribute.objects.create(key="town", name="Town")
    known = fields.names()
    assert fields.problems("Dear {{ first_name | friend }} of {{attribute_town}}", known) == []
    assert [one.written for one in fields.offered()][-1] == "{{ attribute_town }}"
    assert fields.problems("{{ fist_name }}", known) == ["There is no merge field of the name fist_name."]
    assert fields.problems('{% include "base.html" %}', known) == [
        '{% include "base.html" %} is no merge field.'
    ]
    assert fields.problems("{{ 6*7 }} and {{ open", known) == [
        "{{ 6*7 }} is no merge field.",
        "{{ is no merge field.",
    ]
    assert fields.problems("{{ web_link }}", known, slots=True) == []
    assert fields.problems("{{ web_link }}", known) != []


@pytest.mark.django_db
def test_what_stands_in_for_a_field_cannot_bring_markup_along():
    written = '{{ first_name | <b onclick="x">friend</b> }}'
    assert fields.problems(written, fields.names())
    assert "<b" not in fill(written, {"first_name": ""}, html=True)
