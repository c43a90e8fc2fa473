"""The right words for the right person, and a supporter's own kept as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy import targets, writing
from advocacy.models import Campaign
from tests.factories import (
    make_area,
    make_campaign,
    make_legislature,
    make_mandate,
    make_person,
    make_template,
)

pytestmark = pytest.mark.django_db


def candidate(campaign: Campaign, **fields) -> targets.Candidate:
    mandate = make_mandate(**fields)
    return targets.chosen(campaign, mandate.legislature.country, [mandate.person_id])[0]


def test_the_letter_is_in_the_representatives_language_where_there_is_one():
    campaign = make_campaign()
    french = make_template(campaign, language="fr")
    spanish = make_template(campaign, language="es")
    english = campaign.templates.get(language="en")
    deputy = candidate(campaign, legislature=make_legislature(language="fr"))
    assert writing.template_for(campaign, deputy, "es") == french
    own = candidate(campaign, legislature=make_legislature(language="fr"), person=make_person(language="es"))
    assert writing.template_for(campaign, own, "en") == spanish
    dane = candidate(campaign, legislature=make_legislature(language="da"))
    assert writing.template_for(campaign, dane, "es-MX") == spanish
    assert writing.template_for(campaign, dane, "da") == english


def test_the_first_matching_template_by_priority_is_taken_before_the_default():
    campaign = make_campaign()
    default = campaign.templates.get()
    default.priority = 1
    default.save()
    later = make_template(campaign, country="KE", priority=20)
    first = make_template(campaign, country="KE", chamber="upper", priority=10)
    senator = candidate(campaign, legislature=make_legislature(chamber="upper"))
    member = candidate(campaign, legislature=make_legislature(chamber="lower"))
    abroad = candidate(campaign, legislature=make_legislature(country="FR", language="en"))
    assert writing.template_for(campaign, senator, "en") == first
    assert writing.template_for(campaign, member, "en") == later
    assert writing.template_for(campaign, abroad, "en") == default


def test_every_condition_of_a_template_counts():
    campaign = make_campaign()
    state = make_area()
    seat = make_area(parent=state)
    right = candidate(campaign, area=seat, party="Greens", role="Minister")
    for fields in (
        {"party": "greens"},
        {"role": "minister"},
        {"area": state},
        {"legislature": right.legislature},
    ):
        template = make_template(campaign, **fields)
        assert writing.template_for(campaign, right, "en") == template
        assert writing.template_for(campaign, candidate(campaign), "en") != template
        template.delete()


def test_without_words_in_any_language_of_theirs_there_is_no_letter():
    campaign = make_campaign(template=None)
    make_template(campaign, language="sw")
    assert writing.template_for(campaign, candidate(campaign), "fr") is None
    assert writing.editors(campaign, [candidate(campaign)], "fr") == []


def test_one_editor_serves_all_people_of_a_template():
    campaign = make_campaign(template={"body": "Please help {{ area | your area }} keep its bus line."})
    senate = make_legislature()
    kisumu = candidate(campaign, legislature=senate, area=make_area(name="Kisumu"))
    other = candidate(campaign, legislature=senate)
    (single,) = writing.editors(campaign, [kisumu], "en")
    assert single.body == "Please help Kisumu keep its bus line."
    assert not single.has_fields
    assert single.salutations == [f"Dear Member of Parliament {kisumu.person.family_name},"]
    assert "{{ supporter_name }}" in single.closing
    (shared,) = writing.editors(campaign, [kisumu, other], "en")
    assert shared.candidates == [kisumu, other]
    assert shared.has_fields
    texts = [
        writing.compose(shared.template, one, subject="s", body=shared.body, name="Ann", place="Kisumu").body
        for one in shared.candidates
    ]
    assert "Please help Kisumu keep" in texts[0]
    assert "Please help your area keep" in texts[1]


def test_a_letter_says_who_wrote_it_even_where_the_closing_forgot():
    campaign = make_campaign(template={"closing": "Yours"})
    one = candidate(campaign)
    template = campaign.templates.get()
    text = writing.compose(template, one, subject="s", body=template.body, name="Ann", place="Kisumu").body
    assert "Yours\n\nAnn\nKisumu\n\n--\nAnn wrote to you through “Keep Line 42”." in text


def test_braces_of_a_supporter_stay_braces():
    campaign = make_campaign()
    one = candidate(campaign)
    template = campaign.templates.get()
    composed = writing.compose(
        template,
        one,
        subject="{{ 6*7 }} {{ nothing }}",
        body="{{ 6*7 }} {% debug %} {{ settings.SECRET_KEY }} {{ unknown | x }}",
        name="{{ family_name }}",
        place="{{ 6*7 }}",
    )
    assert composed.subject == "{{ 6*7 }} {{ nothing }}"
    assert "{{ 6*7 }} {% debug %} {{ settings.SECRET_KEY }} {{ unknown | x }}" in composed.body
    # A name is a value: it is not filled a second time.
    assert "Yours sincerely,\n{{ family_name }}\n{{ 6*7 }}" in composed.body


def test_a_locked_body_is_the_templates_whatever_the_form_said():
    campaign = make_campaign(template={"body_editable": False})
    template = campaign.templates.get()
    one = candidate(campaign)
    composed = writing.compose(template, one, subject="s", body="Buy now", name="Ann", place="Kisumu")
    assert "Buy now" not in composed.body
    assert composed.own_words == 0


def test_the_footer_speaks_the_letters_language():
    campaign = make_campaign(template={"language": "fr"})
    french = writing.footer(campaign.templates.get(), "Ann")
    assert "Ann" in french
    assert "Keep Line 42" in french


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("keep line 42 for our children", 0),
        ("our children keep line 42", 0),
        ("keep line 42 for my grandmother too", 43),
        ("entirely different sentences here", 100),
        ("", 0),
        ("احفظوا الخط", 100),
    ],
)
def test_own_words_are_those_the_template_does_not_have(text, percent):
    assert writing.own_words(text, "Keep line 42 for our children.") == percent


@given(st.text(max_size=200), st.text(max_size=200))
def test_own_words_are_a_percentage(text, template):
    assert 0 <= writing.own_words(text, template) <= 100
    assert writing.own_words(text, text) == 0
