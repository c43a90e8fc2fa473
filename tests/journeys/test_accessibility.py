"""WCAG 2.2 AA as far as a machine can tell, on every public page, left to right and right to left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from advocacy import letters, links, tokens
from advocacy.models import Campaign, CampaignText
from contacts.models import MailingList
from mailer import unsubscribe_links
from mailer.archive import publishing
from mailer.models import Mailing
from tests.factories import (
    fill_page,
    make_area,
    make_campaign,
    make_contact,
    make_legislature,
    make_mailing,
    make_mailing_list,
    make_mailing_text,
    make_mandate,
    make_person,
    make_picture,
    make_route,
    make_subscription,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
SIZES = {"phone": {"width": 375, "height": 667}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture
def campaign() -> Campaign:
    news = MailingList.objects.create(slug="news", name="Bus news")
    campaign = make_campaign(
        mailing_list=news,
        test_mode=True,
        video_url="https://vimeo.com/123456789",
        video_still=make_picture(),
        hero=make_picture(),
        logo=make_picture(),
        contact_address="talk@bus.example",
        accent="#b8401f",
    )
    fill_page(campaign)
    CampaignText.objects.create(
        campaign=campaign,
        language="ar",
        title="أبقوا الخط 42",
        summary="حافلة.",
        story="# لماذا\n\nلأنها *حافلتنا*.",
        asks="واحد\nاثنان",
    )
    assembly = make_legislature(country="KE", name="National Assembly")
    for number in range(3):
        make_mandate(
            assembly,
            make_person(name=f"Member {number}", native_name="عضو"),
            area=make_area(),
            party=f"Party {number % 2}",
        )
    make_mandate(assembly, email=None)
    by_form = make_mandate(assembly, email=None)
    make_route(by_form.person, "https://office.example/form", kind="web_form")
    make_mandate(make_legislature(country="FR"))
    return campaign


@pytest.fixture(
    params=[
        ("en", "light", "phone"),
        ("ar", "dark", "phone"),
        ("ar", "light", "desk"),
        ("en", "dark", "desk"),
    ],
    ids="-".join,
)
def visit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Page]]:
    language, scheme, size = request.param
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, bypass_csp=True)
    yield language, context.new_page()
    context.close()


def _check(page: Page, what: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=RULES)
    assert not found.response["violations"], f"{what}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, f"{what} is wider than the window"
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, select, input, .tick label, summary")]
            .filter((one) => one.offsetParent && !one.closest(".trap") && !["checkbox", "radio", "hidden"].includes(one.type))
            .filter((one) => !one.matches(".tick label") && one.getBoundingClientRect().height < 44)
            .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert small == [], f"{what}: targets under 44 pixels"


def test_every_page_of_the_journey_is_accessible(visit, live_server, campaign):
    language, page = visit
    base = f"{live_server.url}/{language}"
    path = f"{base}/c/{campaign.slug}/"
    for what, address in (
        ("list", f"{base}/"),
        ("campaign", path),
        ("news", f"{path}news/"),
        ("update", f"{path}news/{campaign.updates.latest('pk').pk}/"),
        ("choose", f"{path}write/?country=KE"),
        ("nobody found", f"{path}write/?country=KE&q=zzzz"),
        ("privacy", f"{base}/privacy/?campaign={campaign.slug}"),
        ("not found", f"{base}/nothing/"),
        ("gone", f"{base}/confirm/x/"),
    ):
        page.goto(address)
        _check(page, what)
    page.goto(f"{path}write/?country=KE")
    page.locator("input[name=to]:enabled").first.check()
    page.locator(".sticky button").click()
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    _check(page, "letter")
    page.locator("main button[value=preview]").click()
    _check(page, "letter with errors")
    page.fill("#id_name", "Ann Example")
    page.fill("#id_email", "ann@gmail.com")
    page.fill("#id_place", "Kisumu")
    page.check("#id_letter_consent")
    page.locator("main button[value=preview]").click()
    _check(page, "preview")
    page.locator("button[value=send]").click()
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    _check(page, "one step left")
    submission = campaign.submissions.get()
    for what, purpose in (("confirm", "confirm"), ("not me", "not-me")):
        page.goto(f"{base}/{purpose}/{tokens.make(purpose, submission)}/")
        _check(page, what)
    letters.confirm(submission)
    page.goto(f"{base}/letters/{tokens.make('status', submission)}/")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    _check(page, "status")
    report = links.report(submission.letters.first())
    page.goto(f"{base}/report/{report.partition('/report/')[2]}")
    _check(page, "report")
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    page.goto(path)
    _check(page, "closed")


def test_the_journey_works_by_keyboard_alone(browser, live_server, campaign):
    context = browser.new_context(viewport=SIZES["phone"])
    page = context.new_page()
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "country"
    page.keyboard.press("K")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Enter")
    page.wait_for_url("**/write/**")
    context.close()


def test_past_mailings_and_the_way_off_a_list_are_accessible(visit, live_server, settings):
    settings.SITE_URL = live_server.url
    language, page = visit
    base = f"{live_server.url}/{language}"
    mailing = make_mailing(
        mailing_list=make_mailing_list(slug="news", is_public=True),
        texts=False,
        status="sent",
        track_clicks=True,
    )
    for code in ("en", "ar"):
        make_mailing_text(mailing, code)
    Mailing.objects.filter(pk=mailing.pk).update(started_at=timezone.now(), frozen_at=timezone.now())
    mailing.refresh_from_db()
    publishing.publish(mailing)
    contact = make_contact()
    make_subscription(contact, mailing.mailing_list)
    leave = unsubscribe_links.token(contact.pk, mailing.pk, bytes(contact.address_hash))
    for what, path in (
        ("archive", "archive/"),
        ("past issues", "archive/news/"),
        ("past issue", f"archive/news/{mailing.slug}/"),
        ("unsubscribe", f"u/{leave}"),
        ("unsubscribe in a test", "u/test"),
    ):
        page.goto(f"{base}/{path}")
        _check(page, what)
    page.goto(f"{base}/u/{leave}")
    page.locator("button[value=lists]").click()
    _check(page, "has left")
    page.locator("button[value=everything]").click()
    _check(page, "has left everything")
