"""The desk by keyboard alone, in a real browser: the search, the list of keys, the filters of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import enter
from tests.looking import SIZES
from tests.staff import make_campaign, make_delivery, make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def opened(browser: Browser, url: str) -> tuple[BrowserContext, Page]:
    client = Client()
    client.force_login(make_staff("superuser"))
    context = browser.new_context(viewport=SIZES["desk"])
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    return context, context.new_page()


def test_the_desk_is_searched_and_a_list_narrowed_by_keyboard_alone(browser, live_server):
    campaign = make_campaign(name="Harbour bridge")
    make_delivery(status="failed")
    make_delivery(status="sent")
    context, page = opened(browser, live_server.url)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(live_server.url + reverse("admin:mailer_delivery_changelist"))

    page.keyboard.press("?")
    expect(page.locator("#desk-keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#desk-keys")).to_be_hidden()

    page.locator("summary", has_text="Status").focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.desk-menu[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("details.desk-menu[open]")).to_have_count(0)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="failed (1)").focus()
    enter(page)
    assert "status__exact=failed" in page.url
    expect(page.locator("#result_list tbody tr")).to_have_count(1)

    page.locator("#searchbar").focus()
    page.keyboard.type("/")
    expect(page.locator("#searchbar")).to_have_value("/")
    expect(page.locator("#desk-finder"), "a slash that is typed is a slash").to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.insert_text("harb")  # at once: letter by letter a later answer may replace the one in use
    found = page.get_by_role("link", name="Harbour bridge")
    expect(found).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(found).to_be_focused()
    enter(page)
    assert reverse("admin:advocacy_campaign_change", args=[campaign.pk]) in page.url
    assert said == []
    context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_on_a_phone_the_places_are_two_lines_with_where_one_is_in_sight(
    browser, live_server, settings, language
):
    context, page = opened(browser, live_server.url)
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
    page.set_viewport_size(SIZES["phone"])
    page.goto(live_server.url + reverse("admin:contacts_listright_changelist"))
    places = page.locator(".desk-places [aria-current]")
    expect(places).to_have_count(2)
    for place in places.all():
        expect(place).to_be_in_viewport(ratio=1)
    heights = page.evaluate("[...document.querySelectorAll('.desk-places')].map((one) => one.offsetHeight)")
    assert max(heights) < 60, "one line each"
    context.close()
