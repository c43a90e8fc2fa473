"""Passing a campaign on, in a real browser: copied, handed to the phone, taken to one's own Mastodon server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from playwright.sync_api import expect

from advocacy import letters, tokens
from advocacy.admin.sharing import link_to_count
from advocacy.models import Campaign, CampaignText, ShareText, Submission
from advocacy.sharing import lengths
from mailer import share_networks
from tests.browser import follow
from tests.factories import make_campaign, make_submission
from tests.staff import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a phone's browser brings and this one does not: it keeps what it was asked to pass on.
PHONE_SHARES = (
    "window.passed = []; navigator.share = (what) => { window.passed.push(what); return Promise.resolve(); };"
)
SIZES = {"phone": {"width": 375, "height": 667}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture
def campaign() -> Campaign:
    campaign = make_campaign(hashtags="#Bus42", video_url="https://video.example/1", accent="#b8401f")
    CampaignText.objects.filter(campaign=campaign).update(share_text="Keep the bus!")
    ShareText.objects.create(campaign=campaign, language="en", text="Our children ride it.\nAnd we.")
    ShareText.objects.create(campaign=campaign, language="en", text="For the elephant", network="mastodon")
    ShareText.objects.create(campaign=campaign, language="ar", text="أبقوا الخط 42")
    return campaign


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone that can share, and on which only our own site answers; everything asked of others is kept."""
    context = browser.new_context(
        viewport=SIZES["phone"], permissions=["clipboard-read", "clipboard-write"], has_touch=True
    )
    context.add_init_script(PHONE_SHARES)
    page = context.new_page()
    yield page
    context.close()


def strangers(page: Page, home: str) -> list[str]:
    """What is asked of others than us from now on; none of it leaves."""
    asked: list[str] = []

    def judge(route) -> None:
        if route.request.url.startswith((home, "data:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.fulfill(status=200, content_type="text/html", body="elsewhere")

    page.context.route("**/*", judge)
    return asked


def copied(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_supporter_copies_hands_on_and_takes_the_message_to_their_server(live_server, campaign, page):
    submission = make_submission(campaign)
    letters.confirm(submission)
    link = Submission.objects.get(pk=submission.pk).share_link.code
    asked, wrong = strangers(page, live_server.url), []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)

    page.goto(f"{live_server.url}/en/letters/{tokens.make(tokens.STATUS, submission)}/")
    page.get_by_role("button", name="Copy the link").click()
    said = page.locator("#copied-own")
    expect(said).to_have_text("Copied.")
    expect(said, "who does not see the page hears it").to_have_attribute("role", "status")
    assert copied(page).endswith(f"/j/{link}")
    follow(page.get_by_role("link", name="More messages"))

    card = page.locator(".messages li").filter(has_text="Our children ride it.").first
    card.get_by_role("button", name="Copy the text").click()
    expect(card.get_by_role("status")).to_have_text("Copied.")
    assert copied(page).startswith("Our children ride it.\nAnd we.\n#Bus42\nhttp")
    assert copied(page).endswith(f"/j/{link}")
    page.get_by_role("button", name="Copy the hashtags").click()
    expect(page.locator("#copied-tags")).to_have_text("Copied.")
    assert copied(page) == "#Bus42"
    expect(card.get_by_role("status"), "only what was copied last is said").to_have_text("")

    card.get_by_role("button", name="Share…").click()
    passed = page.wait_for_function("() => window.passed.length && window.passed").json_value()
    assert [what["text"].partition("\n#")[0] for what in passed] == ["Our children ride it.\nAnd we."]
    assert asked == [], "nobody else is asked before a network is pressed"

    follow(page.locator("ul.share").first.get_by_role("link", name="Mastodon"))
    page.get_by_label("Your server").fill("@ann@social.example")
    follow(page.get_by_role("button", name="Go on"))
    follow(page.get_by_role("link", name="Go on to social.example"))
    expect(page.get_by_text("elsewhere")).to_be_visible()
    assert len(asked) == 1
    assert asked[0].startswith("https://social.example/share?text=For%20the%20elephant%0A%23Bus42%0A")
    assert asked[0].endswith(f"%2Fj%2F{link}")
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/share/mastodon/")
    expect(page.get_by_label("Your server")).to_have_value("social.example")
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", "phone"), ("ar", "dark", "desk")],
)
def test_the_pages_for_sharing_are_accessible(browser, live_server, campaign, language, scheme, size):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, bypass_csp=True)
    context.add_init_script(PHONE_SHARES)
    page = context.new_page()
    for path in ("share/", "share/mastodon/?server=social.example", "share/mastodon/?server=x"):
        page.goto(f"{live_server.url}/{language}/c/{campaign.slug}/{path}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        found = Axe().run(page)
        assert not found.response["violations"], f"{path}: {found.generate_report()}"
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), f"{path} is wider than the window"
    context.close()


def test_the_ways_to_pass_a_campaign_on_stand_in_one_line(live_server, campaign, page):
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/")
    inside = "all => all.map((one) => Math.round(one.offsetTop - one.parentElement.offsetTop))"
    tops = page.locator("#share .share a").evaluate_all(inside)
    assert len(tops) == 8
    assert len(set(tops)) == 1, "the words of one button sit higher than those of its neighbours"


@pytest.mark.parametrize("network", ["", "bluesky"])
def test_the_desk_counts_a_message_while_it_is_typed_as_the_server_counts_it(
    browser, live_server, campaign, network
):
    client = Client()
    client.force_login(make_staff("Campaigners"))
    context = browser.new_context()
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/staff/advocacy/sharetext/add/?campaign={campaign.pk}&language=en")
    page.select_option("#id_network", network)
    link, asked = link_to_count(campaign, "en"), [network] if network else list(lengths.LIMITS)
    for text in (
        "Plain words",
        "日本語 and the e\u0301 of a café",
        "Family 👩‍👩‍👧, flag 🇰🇪, thumb 👍🏽, heart ❤️",
        "حافلتنا نَعَم https://act.example/a-long-address",
        "x" * 252,
        "x" * 300,
    ):
        page.fill("#id_text", text)
        fits = [lengths.fit(name, text, ["#Bus42"], link) for name in asked]
        said = [
            re.compile(
                f"^{share_networks.label(name)}: {found.length} of {found.limit}.*"
                + ("too long$" if found.too_long_by else f"with {found.tags} of 1 hashtags$")
            )
            for name, found in zip(asked, fits, strict=True)
        ]
        expect(page.locator(".share-counts li:visible"), text).to_have_text(said)
    context.close()
