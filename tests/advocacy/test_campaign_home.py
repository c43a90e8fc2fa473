"""The parts of a campaign's page beside the letter: steps, pictures, video, partners, questions, words."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from advocacy.models import Campaign, Membership, Partner, Question, Step, Term
from tests.advocacy.pages import Visitor
from tests.factories import make_campaign, make_legislature, make_mandate, make_organisation, make_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    make_mandate(make_legislature(country="KE"))
    return make_campaign()


def shown(campaign: Campaign, language: str = "en"):
    return Visitor().get(f"/{language}/c/{campaign.slug}/")


def structured(html: str) -> dict:
    [found] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return json.loads(found)


def test_an_empty_part_leaves_no_hole(campaign):
    page = shown(campaign)
    for heading in ("News", "Who stands behind it", "Questions and answers", "Words explained", "Talk to us"):
        assert heading not in page.text
    assert 'class="film"' not in page.html
    assert "og:image" not in page.html


def test_a_campaign_without_steps_tells_the_three_of_the_house(campaign):
    assert "Read the letter we have prepared" in shown(campaign).text


def test_the_steps_of_the_text_replace_those_of_the_house_in_their_order(campaign):
    text = campaign.texts.get()
    Step.objects.create(
        text=text, position=2, title="Use the logo", leads_to="link", url="https://pack.example/logo"
    )
    Step.objects.create(text=text, position=1, title="Write a letter", body="To *them*.", leads_to="letter")
    Step.objects.create(text=text, position=3, title="Only words")
    page = shown(campaign)
    assert "Read the letter we have prepared" not in page.text
    assert page.text.index("Write a letter") < page.text.index("Use the logo") < page.text.index("Only words")
    assert "<em>them</em>" in page.html
    assert '<a class="button second" href="#take-part">Write to them' in page.html
    assert '<a class="button second" href="https://pack.example/logo" rel="noopener noreferrer">' in page.html
    assert "Go to pack.example" in page.text


@pytest.mark.parametrize(
    ("leads_to", "page"), [("share", "share/"), ("support", "support/new/"), ("resources", "resources/")]
)
def test_a_step_leads_to_a_page_that_is_there(campaign, leads_to, page):
    Step.objects.create(text=campaign.texts.get(), title="This way", leads_to=leads_to)
    address = f"/en/c/{campaign.slug}/{page}"
    assert f'<a class="button second" href="{address}">' in shown(campaign).html
    assert Visitor().get(address).response.status_code == 200


def test_a_step_to_a_video_that_is_not_there_has_no_button(campaign):
    Step.objects.create(text=campaign.texts.get(), title="See it", leads_to="video")
    assert 'href="#video"' not in shown(campaign).html


def test_the_picture_at_the_top_is_described_in_the_words_of_the_language(campaign):
    campaign.hero = make_picture(alt="A court")
    campaign.save()
    assert 'alt="A court"' in shown(campaign).html
    campaign.texts.update(hero_alt="The court in The Hague")
    page = shown(campaign)
    assert 'alt="The court in The Hague"' in page.html
    assert f'width="{campaign.hero.width}" height="{campaign.hero.height}"' in page.html


def test_a_page_tells_other_sites_its_picture_and_what_it_shows(campaign, settings):
    settings.SITE_URL = "https://act.example"
    campaign.hero = make_picture(alt='A "court"')
    campaign.save()
    html = shown(campaign).html
    address = f"https://act.example/pictures/{campaign.hero.file_name}"
    assert f'<meta property="og:image" content="{address}">' in html
    assert '<meta property="og:image:alt" content="A &quot;court&quot;">' in html
    page = structured(html)["@graph"][0]
    assert page["primaryImageOfPage"]["url"] == address
    assert page["publisher"]["name"] == campaign.sender_name


def test_the_still_stands_for_the_video_and_nothing_of_its_host_is_on_the_page(campaign):
    campaign.video_url = "https://www.youtube.com/watch?v=FSLAe3jrCSg"
    campaign.video_still = make_picture()
    campaign.save()
    html = shown(campaign).html
    assert f'<img src="/pictures/{campaign.video_still.file_name}"' in html
    assert "<iframe" not in html
    assert not re.search(r'(?:src|srcset|poster)="https?:', html)


def test_the_picture_at_the_top_serves_as_the_still_of_a_video_that_has_none(campaign):
    campaign.video_url, campaign.hero = "https://vimeo.com/123456789", make_picture()
    campaign.save()
    html = shown(campaign).html
    assert (
        html.count(f"/pictures/{campaign.hero.file_name}") == 3
    )  # the still, and for other sites og and JSON-LD
    assert 'class="hero"' not in html


def test_a_language_may_have_a_video_of_its_own(campaign):
    campaign.video_url = "https://vimeo.com/123456789"
    campaign.save()
    campaign.texts.update(video_url="https://vimeo.com/987654321")
    html = shown(campaign).html
    assert "987654321" in html
    assert "123456789" not in html


def test_only_a_page_with_a_video_may_show_a_frame_and_only_of_its_host(campaign, client: Client):
    path = f"/en/c/{campaign.slug}/"
    assert "frame-src" not in client.get(path)["Content-Security-Policy"]
    Campaign.objects.update(video_url="https://vimeo.com/123456789")
    policy = client.get(path)["Content-Security-Policy"]
    assert "frame-src https://player.vimeo.com;" in f"{policy};"
    assert "script-src 'self'" in policy
    Campaign.objects.update(video_url="https://www.facebook.com/x/videos/1")
    assert "frame-src" not in client.get(path)["Content-Security-Policy"]


def test_partners_stand_in_their_order_with_logo_or_name(campaign):
    Partner.objects.create(campaign=campaign, position=2, name="Zebra", url="https://zebra.example")
    Partner.objects.create(campaign=campaign, position=1, name="Aid", logo=make_picture(alt="not this"))
    html = shown(campaign).html
    assert 'alt="Aid"' in html
    assert html.index('alt="Aid"') < html.index("Zebra")
    assert '<a href="https://zebra.example" rel="noopener noreferrer">' in html


def test_members_are_named_unless_they_are_not_listed_or_their_page_is_shut(campaign, monkeypatch):
    monkeypatch.setattr("advocacy.home.MEMBERS_SHOWN", 2)
    for number, fields in enumerate(({}, {}, {}, {"is_listed": False}, {"is_active": False})):
        Membership.objects.create(
            campaign=campaign, organisation=make_organisation(name=f"Member {number}"), **fields
        )
    page = shown(campaign)
    assert [
        name for name in ("Member 0", "Member 1", "Member 2", "Member 3", "Member 4") if name in page.text
    ] == [
        "Member 0",
        "Member 1",
    ]
    assert "and 1 more" in page.text


def test_questions_are_answered_on_the_page_and_for_search_engines(campaign):
    Question.objects.create(text=campaign.texts.get(), question="Who reads it?", answer="Their **office**.")
    html = shown(campaign).html
    assert "<summary>Who reads it?</summary>" in html
    assert "<strong>office</strong>" in html
    told = structured(html)["@graph"][1]
    assert told["mainEntity"][0]["name"] == "Who reads it?"


def test_words_stand_by_the_alphabet_whatever_their_accents(campaign):
    for term in ("Zone", "Élan", "Atrocity"):
        Term.objects.create(text=campaign.texts.get(), term=term, meaning="…")
    text = shown(campaign).text
    assert text.index("Atrocity") < text.index("Élan") < text.index("Zone")


def test_words_of_an_editor_cannot_end_the_data_for_search_engines(campaign):
    campaign.texts.update(title="</script><script>alert(1)</script>\u2028&amp;")
    page = shown(campaign)
    assert "<script>alert" not in page.html
    assert structured(page.html)["@graph"][0]["name"] == "</script><script>alert(1)</script>\u2028&amp;"
    assert page.active == []


def test_search_engines_are_told_the_languages_a_campaign_is_written_in_and_no_others(campaign, settings):
    settings.SITE_URL = "https://act.example"
    campaign.texts.create(language="ar", title="عنوان", summary="…", story="…")
    html = shown(campaign, "fr").html
    head = html.partition("</head>")[0]
    assert re.findall(r'hreflang="([^"]+)"', head) == ["en", "ar", "x-default"]
    # A page in French that says everything in English is the English page.
    assert f'<link rel="canonical" href="https://act.example/en/c/{campaign.slug}/">' in head


def test_the_contact_address_can_be_written_to(campaign):
    Campaign.objects.update(contact_address="talk@bus.example")
    assert '<a href="mailto:talk@bus.example">' in shown(campaign).html


def test_a_closed_campaign_keeps_its_story_and_asks_for_nothing(campaign):
    text = campaign.texts.get()
    Step.objects.create(text=text, title="Write a letter", leads_to="letter")
    Question.objects.create(text=text, question="Who reads it?", answer="…")
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    page = shown(campaign)
    assert "A bus line." in page.text
    assert "Who reads it?" in page.text
    assert "Write a letter" not in page.text
    assert not page.forms


def test_a_page_asks_the_database_as_much_for_many_parts_as_for_one(campaign, django_assert_max_num_queries):
    text = campaign.texts.get()

    def fill(count: int) -> None:
        for number in range(count):
            Step.objects.create(text=text, title=f"Step {number}")
            Partner.objects.create(campaign=campaign, name=f"Partner {number}", logo=make_picture())
            Membership.objects.create(campaign=campaign, organisation=make_organisation())

    fill(1)
    shown(campaign)
    with django_assert_max_num_queries(20):
        shown(campaign)
    fill(4)
    with django_assert_max_num_queries(20):
        shown(campaign)
