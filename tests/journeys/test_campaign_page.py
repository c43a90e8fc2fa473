"""The public page of a campaign in a real browser, under its own Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from advocacy.models import Campaign
from tests.advocacy.test_maps import supporters
from tests.factories import fill_page, make_campaign, make_legislature, make_mandate, make_picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOST = "https://www.youtube-nocookie.com"


@pytest.fixture
def campaign() -> Campaign:
    make_mandate(make_legislature(country="KE"))
    campaign = make_campaign(
        video_url="https://www.youtube.com/watch?v=FSLAe3jrCSg",
        video_still=make_picture(),
        hero=make_picture(),
        logo=make_picture(),
    )
    campaign.texts.update(
        summary="A sentence as long as many are, of some twenty words, so that it fills lines of a phone."
    )
    fill_page(campaign)
    return campaign


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Any]:
    """A phone that gathers what its browser complains of, and every request that leaves our site."""
    context = browser.new_context(viewport={"width": 375, "height": 667})
    page: Any = context.new_page()
    page.complaints, page.abroad = [], []
    page.on("console", lambda said: said.type in {"error", "warning"} and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))

    def answer(route: Route) -> None:
        page.abroad.append((route.request.url, route.request.headers.get("referer")))
        route.fulfill(
            body="<!doctype html><title>x</title><p>The host's player</p>", content_type="text/html"
        )

    page.route(lambda url: not url.startswith(live_server.url), answer)
    yield page
    context.close()


def test_a_video_is_loaded_by_a_click_and_nothing_of_its_host_before(page, live_server, campaign):
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    start = page.get_by_role("button", name="Watch the video")
    assert page.abroad == []
    before = start.bounding_box()
    start.focus()
    page.keyboard.press("Enter")
    player = page.locator("iframe.player")
    expect(player).to_have_attribute("src", f"{HOST}/embed/FSLAe3jrCSg?autoplay=1&rel=0")
    expect(player).to_be_focused()
    after = player.bounding_box()
    assert (round(after["width"]), round(after["height"])) == (
        round(before["width"]),
        round(before["height"]),
    )
    expect(page.frame_locator("iframe.player").locator("p")).to_have_text("The host's player")
    # The host learns which site it plays on, without which some refuse, and not which page.
    assert page.abroad == [(f"{HOST}/embed/FSLAe3jrCSg?autoplay=1&rel=0", f"{live_server.url}/")]
    assert page.complaints == []


def test_the_country_and_its_button_stand_on_the_first_screen_of_a_phone(page: Page, live_server, campaign):
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/")
    for what in (page.get_by_label("Where do you live?"), page.get_by_role("button", name="Write to them")):
        box = what.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 667


def test_without_a_script_the_still_is_a_link_to_the_video(browser: Browser, live_server, campaign):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/")
    link = page.get_by_role("link", name="Watch the video").first
    assert link.get_attribute("href") == "https://www.youtube.com/watch?v=FSLAe3jrCSg"
    context.close()


def test_the_map_is_drawn_from_its_own_file_in_the_colour_of_the_campaign(page, live_server, campaign):
    supporters(campaign, KE=5, MT=5)
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/")
    kenya = page.locator('.map use[href$="#KE"]')
    kenya.scroll_into_view_if_needed()
    # A shape of another file has a size once it is there.
    page.wait_for_function("() => document.querySelector('.map use[href$=\"#KE\"]').getBBox().width > 10")
    accent = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
    assert accent.strip() == "#1f6f54"
    assert kenya.evaluate("(one) => getComputedStyle(one).fill") == "rgb(31, 111, 84)"
    assert page.locator(".map circle.dot").count() == 1
    assert page.complaints == []
