"""News of a campaign: the list, a page for each, the feed, and drafts that only staff see."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from advocacy.models import Campaign
from tests.advocacy.pages import Visitor
from tests.factories import make_campaign, make_organisation, make_update
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


def test_the_newest_three_stand_on_the_campaigns_page_and_all_on_their_own(campaign):
    for number in range(4):
        make_update(
            campaign, title=f"News {number}", published_at=timezone.now() - dt.timedelta(days=9 - number)
        )
    page = Visitor().get(f"/en/c/{campaign.slug}/")
    assert page.text.index("News 3") < page.text.index("News 2") < page.text.index("News 1")
    assert "News 0" not in page.text
    assert "News 0" in Visitor().get(f"/en/c/{campaign.slug}/news/").text


def test_news_is_told_in_the_readers_language_else_in_the_campaigns_main_one(campaign):
    make_update(campaign, title="In English")
    make_update(campaign, title="En français", language="fr")
    assert "En français" in Visitor().get(f"/fr/c/{campaign.slug}/news/").text
    assert "In English" not in Visitor().get(f"/fr/c/{campaign.slug}/news/").text
    spanish = Visitor().get(f"/es/c/{campaign.slug}/news/")
    assert "In English" in spanish.text
    assert '<li lang="en" dir="ltr">' in spanish.html


def test_a_piece_of_news_has_a_page_of_its_own_with_what_other_sites_ask_for(campaign, settings):
    settings.SITE_URL = "https://act.example"
    update = make_update(campaign)
    page = Visitor().get(f"/fr/c/{campaign.slug}/news/{update.pk}/")
    assert "<strong>said</strong>" in page.html
    address = f"https://act.example/en/c/{campaign.slug}/news/{update.pk}/"
    assert f'<link rel="canonical" href="{address}">' in page.html
    assert '<meta name="description" content="What they said.">' in page.html
    assert '"@type":"NewsArticle"' in page.html
    assert page.active == []


@pytest.mark.parametrize("ahead", [None, dt.timedelta(hours=1)])
def test_a_draft_and_news_whose_time_has_not_come_are_there_for_the_campaigns_staff_only(
    campaign, client, ahead
):
    update = make_update(campaign, title="Secret", published_at=ahead and timezone.now() + ahead)
    address = f"/en/c/{campaign.slug}/news/{update.pk}/"
    for path in ("", "news/", "news/feed/"):
        assert "Secret" not in Visitor().get(f"/en/c/{campaign.slug}/{path}").html
    assert Visitor().get(address).response.status_code == 404
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    assert client.get(address).status_code == 404
    client.force_login(make_staff("Campaigners"))
    answer = client.get(address)
    assert "Draft: only staff see this page." in answer.content.decode()
    assert '<meta name="robots" content="noindex">' in answer.content.decode()


def test_news_of_one_campaign_is_not_found_under_another(campaign):
    update = make_update(make_campaign())
    assert Visitor().get(f"/en/c/{campaign.slug}/news/{update.pk}/").response.status_code == 404
    assert Visitor().get(f"/en/c/{campaign.slug}/news/99999999999999999999/").response.status_code == 404


def test_the_feed_holds_whole_texts_under_names_that_stay(campaign, settings):
    settings.SITE_URL = "https://act.example"
    update = make_update(campaign, title="Ten\x0b <offices>")
    page = Visitor().get(f"/en/c/{campaign.slug}/news/feed/")
    assert page.response["Content-Type"].startswith("application/atom+xml")
    [entry] = ElementTree.fromstring(page.html).findall(  # noqa: S314 (our own)
        f"{ATOM}entry"
    )
    assert entry.findtext(f"{ATOM}id") == f"tag:act.example,2026:update-{update.pk}"
    assert entry.findtext(f"{ATOM}title") == "Ten <offices>"
    assert "<strong>said</strong>" in (entry.findtext(f"{ATOM}summary") or "")
    assert f'href="/en/c/{campaign.slug}/news/feed/"' in Visitor().get(f"/en/c/{campaign.slug}/").html


def test_a_draft_campaign_has_no_feed_even_for_its_staff(campaign, client):
    Campaign.objects.update(status=Campaign.Status.DRAFT)
    make_update(campaign)
    client.force_login(make_staff("Campaigners"))
    assert client.get(f"/en/c/{campaign.slug}/news/feed/").status_code == 404


def test_a_list_of_many_pages_is_turned_and_an_unreadable_page_is_the_first(campaign):
    for number in range(25):
        make_update(
            campaign, title=f"News ({number})", published_at=timezone.now() - dt.timedelta(days=number + 1)
        )
    first = Visitor().get(f"/en/c/{campaign.slug}/news/")
    assert "News (0)" in first.text
    assert "News (24)" not in first.text
    assert 'href="?page=2"' in first.html
    assert "News (24)" in Visitor().get(f"/en/c/{campaign.slug}/news/?page=2").text
    assert "News (0)" in Visitor().get(f"/en/c/{campaign.slug}/news/?page=%00").text
