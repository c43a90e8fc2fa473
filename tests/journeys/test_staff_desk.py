"""The staff desk in a real browser: under the strict Content-Security-Policy, on a wide and on a narrow screen."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from advocacy.models import Letter, TargetRule
from tests.browser import follow
from tests.staff import make_campaign, make_legislature, make_letter, make_person, make_staff, make_text

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser, live_web):
    """A signed-in page that gathers what the browser complains of, such as a breach of the policy."""
    client = Client()
    client.force_login(make_staff("superuser"))
    context = browser.new_context()
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_web.site_url}]
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def test_a_rule_says_whom_it_names_while_it_is_written(page, live_web):
    campaign = make_campaign()
    make_text(campaign)
    make_person("Achieng Example", legislature=make_legislature())
    TargetRule.objects.create(campaign=campaign, country="FR")
    page.goto(f"{live_web.site_url}{reverse('admin:advocacy_campaign_change', args=[campaign.pk])}")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 800})
        group = page.locator("#rules-group")
        over = group.evaluate(
            "one => [...one.querySelectorAll('*')].some(e => e.getBoundingClientRect().right > innerWidth)"
        )
        assert not over, f"the rules are wider than {width} pixels"
    said = page.locator("#rules-0 .desk-matches")
    expect(said).to_have_text("nobody")
    page.fill("#id_rules-0-country", "KE")
    page.keyboard.press("Tab")
    # A locator waits from outside the page: the page's policy lets nothing be evaluated in it.
    expect(said).to_have_text("1 person: Achieng Example")
    assert TargetRule.objects.get().country == "FR"  # nothing is saved by writing
    assert page.complaints == []


def test_the_button_says_how_many_letters_it_releases(page, live_web):
    for _number in range(3):
        make_letter(status=Letter.Status.WITHHELD)
    page.goto(f"{live_web.site_url}{reverse('admin:advocacy_letter_held')}")
    button = page.locator("#bulk button[value=release]")
    expect(button).to_be_disabled()
    page.check("[data-tick-all]")
    expect(button).to_have_text("Release 3 letters")
    follow(button)
    assert Letter.objects.filter(status=Letter.Status.CONFIRMED).count() == 3
