"""A campaign's form on somebody else's website, in a real browser: two origins, and a strict policy on theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from advocacy.models import Campaign, Letter, Membership
from mailer.visitors import MIN_SECONDS
from sandbox.client import SandboxClient
from tests.browser import follow
from tests.factories import make_campaign, make_mandate, make_membership, make_person
from tests.processes import LiveService

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = [pytest.mark.processes, pytest.mark.browser]
SUPPORTER = "ann@example.org"
HEIGHT = "document.querySelector('iframe').getBoundingClientRect().height"


@pytest.fixture
def member(transactional_db: None) -> Membership:
    member = make_membership(make_campaign(), with_list=True)
    for number in range(12):
        make_mandate(person=make_person(name=f"Achieng Example {number}"))
    return member


@pytest.fixture
def site(live_service: LiveService) -> str:
    """The address of a page of another site than ours, by name and by port."""
    live_service.start_sandbox("--event-delay", "0.3")
    live_service.start_web()
    live_service.start_worker()
    return f"http://localhost:{live_service.sandbox_port}/embedding"


def test_the_whole_journey_stays_in_a_frame_that_grows_with_it(
    member, site, live_service, browser: Browser, checkout
):
    campaign = member.campaign
    context = browser.new_context(viewport={"width": 375, "height": 700}, locale="en-KE")
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{site}?campaign={campaign.slug}&member={member.organisation.slug}&language=en")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Write to them").wait_for()
    assert fits(page) < 720, "it shrank to the small page it holds"
    album = checkout / "artefacts" / "embedding"
    album.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=album / "start.png", full_page=True, caret="initial")

    page.evaluate("window.postMessage({epistle: 'page', height: 9999}, '*')")
    page.evaluate(
        "document.querySelector('iframe').contentWindow.postMessage({epistle: 'frame', height: 1}, '*')"
    )
    assert fits(page) < 720, "the host's own words move nothing"

    write(frame)
    page.screenshot(path=album / "letter.png", full_page=True, caret="initial")
    assert fits(page) > 1_200
    frame.get_by_label(f"from {member.organisation.name}").check()
    page.wait_for_timeout(MIN_SECONDS * 1_000)
    frame.get_by_role("button", name="Look at it before it goes").click()
    frame.get_by_role("button", name="Send the letter").click()
    frame.get_by_role("heading", name="One step left").wait_for()
    fits(page)
    page.screenshot(path=album / "one-step-left.png", full_page=True, caret="initial")
    assert page.url.startswith(site)
    expect(page.locator("iframe")).to_have_attribute("title", re.compile("^One step left · "))
    assert page.evaluate("Object.keys(window).filter(name => /epistle|embed/i.test(name))") == []
    assert context.cookies() == []
    assert wrong == []

    mail = SandboxClient(live_service.sandbox_url).wait_for(SUPPORTER)
    confirm = next(link for link in mail["links"] if "/confirm/" in link)
    assert "/embed/" not in confirm
    page.goto(confirm)
    expect(page.get_by_text(f"You also asked for news from {member.organisation.name}")).to_be_visible()
    follow(page.get_by_role("button", name="Yes, send my letter"))
    letter = Letter.objects.select_related("submission").get()
    assert letter.submission.membership == member
    assert member.mailing_list.subscriptions.count() == 1

    Campaign.objects.filter(pk=campaign.pk).update(embedded_on="https://www.example.org")
    page.goto(f"{site}?campaign={campaign.slug}")
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(entry => entry.name.includes('/embed/'))"
    )
    for _look in range(100):
        (refused,) = page.frames[1:]
        if refused.url.startswith("chrome-error:"):
            break
        page.wait_for_timeout(100)
    assert refused.url.startswith("chrome-error:"), "a site that is not allowed is refused"


def test_without_javascript_a_plain_frame_scrolls_and_the_journey_works(
    member, site, live_service, browser: Browser
):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-KE", java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{site}?campaign={member.campaign.slug}&language=en&way=frame")
    frame = page.frame_locator("iframe")
    write(frame)
    assert page.locator("iframe").bounding_box()["height"] < 800, "the page in it is higher, and scrolls"
    page.wait_for_timeout(MIN_SECONDS * 1_000)
    frame.get_by_role("button", name="Look at it before it goes").click()
    frame.get_by_role("button", name="Send the letter").click()
    frame.get_by_role("heading", name="One step left").wait_for()
    assert Letter.objects.count() == 1


def write(frame: FrameLocator) -> None:
    """From the country to the filled form."""
    frame.get_by_role("button", name="Write to them").click()
    frame.get_by_label("Achieng Example 3").check()
    frame.get_by_role("button", name="Continue").click()
    frame.get_by_label("Your name").fill("Ann Example")
    frame.get_by_label("Your e-mail address").fill(SUPPORTER)
    frame.get_by_label("The place where you live").fill("Kisumu")
    frame.locator("#id_letter_consent").check()


def fits(page: Page) -> float:
    """The frame's height, once it is that of the page in it: nothing scrolls inside."""
    inner = page.frames[1]
    inner.wait_for_load_state("load")
    wanted = inner.evaluate(
        "document.fonts.ready.then(() => Math.ceil(document.body.getBoundingClientRect().height))"
    )
    page.wait_for_function(f"Math.abs({HEIGHT} - {wanted}) <= 1")
    # The frame is told of its new height a moment after the page around it has one.
    inner.wait_for_function("() => document.documentElement.scrollHeight <= window.innerHeight + 1")
    return page.evaluate(HEIGHT)
