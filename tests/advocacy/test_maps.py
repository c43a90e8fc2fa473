"""The map of the world: which countries stand out, under which names, and who is not named at all."""

from __future__ import annotations

import datetime as dt
import gzip
import re

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from advocacy import maps, progress
from advocacy.models import Campaign
from contacts import naming
from tests.advocacy.pages import Visitor
from tests.staff import make_campaign, make_letter, make_person, make_submission, make_text

DRAWING = settings.BASE_DIR / "static" / "map" / "world.svg"


def supporters(campaign: Campaign, **countries: int) -> None:
    """So many supporters in each country, each with a letter that counts by now."""
    person = make_person()
    for country, count in countries.items():
        for _number in range(count):
            make_letter(
                campaign,
                person,
                submission=make_submission(campaign, country=country),
                confirmed_at=timezone.now() - dt.timedelta(minutes=10),
            )


def test_countries_stand_by_their_figures_and_then_by_name_in_the_readers_language():
    with translation.override("fr"):
        shown = maps.countries({"DE": 7, "KE": 600, "AT": 7}).countries
    assert [(one.code, one.name, one.shade) for one in shown] == [
        ("KE", "Kenya", 3),
        ("DE", "Allemagne", 1),
        ("AT", "Autriche", 1),
    ]


def test_a_country_too_small_to_be_seen_has_a_dot():
    malta, kenya = maps.countries({"MT": 9, "KE": 8}).countries
    assert malta.dot is not None
    assert kenya.dot is None
    assert kenya.has_shape


def test_every_country_in_which_people_live_has_a_shape_or_a_dot():
    # These lie within a country that has, by our source; who lives there chooses that or the table tells it.
    within = {"BQ", "CC", "CX", "GF", "GP", "MQ", "RE", "SJ", "TK", "YT"}
    # Nobody lives there, or CLDR keeps the code for another purpose.
    empty = {"AC", "AQ", "BV", "CP", "CQ", "DG", "EA", "IC", "TA", "UM"}
    codes = {code for code, _name in naming.countries("en")} - within - empty
    missing = [
        one.code
        for one in maps.countries(dict.fromkeys(codes, 5)).countries
        if not (one.has_shape or one.dot)
    ]
    assert missing == []


def test_a_code_of_no_country_and_a_figure_of_nothing_are_not_shown():
    assert not maps.countries({"ZZZ": 9, "": 5, "KE": 0})


def test_the_legend_tells_the_shades_that_occur_and_begins_where_figures_can():
    legend = maps.countries({"KE": 30, "FR": 7_000}, lowest=5).legend
    assert [(one.first, one.last) for one in legend] == [(5, 49), (5_000, None)]


def test_the_drawing_is_small_and_has_each_shape_under_its_code():
    drawing = DRAWING.read_bytes()
    assert len(gzip.compress(drawing)) < 25_000
    ids = set(re.findall(r'id="([A-Z]{2})"', drawing.decode()))
    assert {one.code for one in maps.countries(dict.fromkeys(ids, 1)).countries if one.has_shape} == ids
    assert "AQ" not in ids
    assert b"style" not in drawing


def test_the_map_is_told_in_words_and_needs_no_style_of_its_own():
    shown = maps.countries({"KE": 1_200, "MT": 6}, few=4, lowest=5)
    html = render_to_string("advocacy/_map.html", {"map": shown, "what": "Supporters"})
    assert "style=" not in html
    assert 'role="img" aria-labelledby="map-title map-told"' in html
    assert re.search(r'<use href="/static/map/world\.svg#KE" class="shade-3"/>', html)
    assert '<th scope="row">Kenya</th><td>1,200</td>' in html
    assert "And 4 countries with fewer than five supporters each" in html


@pytest.mark.django_db
def test_a_country_is_named_from_its_fifth_supporter_on_and_counted_before():
    campaign = make_campaign(status="open")
    make_text(campaign)
    supporters(campaign, KE=5, FR=4, IR=1)
    found = progress.reached(campaign)
    assert (found.supporters, found.few) == ({"KE": 5}, 2)
    page = Visitor().get(f"/en/c/{campaign.slug}/")
    assert "world.svg#KE" in page.html
    assert "Iran" not in page.text
    assert "And 2 countries with fewer than five supporters each" in page.text


@pytest.mark.django_db
def test_five_letters_of_one_supporter_name_no_country():
    campaign = make_campaign()
    submission = make_submission(campaign, country="KE")
    for _number in range(5):
        make_letter(
            campaign,
            make_person(),
            submission=submission,
            confirmed_at=timezone.now() - dt.timedelta(minutes=10),
        )
    assert progress.reached(campaign) == progress.Reached({}, 1)


@pytest.mark.django_db
def test_tests_and_letters_that_do_not_count_name_no_country():
    campaign, person = make_campaign(), make_person()
    old = timezone.now() - dt.timedelta(minutes=10)
    for fields in ({"is_test": True}, {"status": "withdrawn"}, {"status": "pending"}):
        make_letter(campaign, person, confirmed_at=old, **fields)
    make_letter(campaign, person)  # confirmed this minute: not counted yet
    assert progress.reached(campaign) == progress.Reached({}, 0)


@pytest.mark.django_db
def test_a_figure_of_a_country_is_rounded_down():
    campaign = make_campaign()
    supporters(campaign, KE=17)
    assert progress.reached(campaign).supporters == {"KE": 10}


@pytest.mark.django_db
def test_a_campaign_at_home_in_one_country_shows_no_map_of_the_world():
    campaign = make_campaign(status="open")
    make_text(campaign)
    supporters(campaign, KE=6)
    assert "world.svg" not in Visitor().get(f"/en/c/{campaign.slug}/").html
