"""The desk by keyboard alone, in a real browser: the search, the list of keys, the filters of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

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
    assert page.locator("#desk-keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#desk-keys").is_visible()

    page.locator("summary", has_text="Status").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.locator("details.desk-menu[open]").count() == 0
    page.keyboard.press("Enter")
    page.get_by_role("link", name="failed (1)").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**status__exact=failed**")
    assert page.locator("#result_list tbody tr").count() == 1

    page.locator("#searchbar").focus()
    page.keyboard.type("/")
    assert not page.locator("#desk-finder").is_visible(), "a slash that is typed is a slash"
    page.keyboard.press("Control+k")
    page.keyboard.type("harb")
    page.get_by_role("link", name="Harbour bridge").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('admin:advocacy_campaign_change', args=[campaign.pk])}**")
    assert said == []
    context.close()
