"""A supporter's whole way by the keys alone: Tab, Enter, Space, arrows and letters, left to right and right to left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from advocacy import tokens
from advocacy.models import Campaign, CampaignText, Letter
from tests.browser import enter
from tests.factories import make_area, make_campaign, make_legislature, make_mandate, make_person
from tests.looking import SIZES

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.processes]
# Where the keys are now: what it is, whether its ring is drawn, and whether it is to be seen (WCAG 2.4.7, 2.4.11).
STOP = """() => {
    const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect();
    const points = [[0.5, 0.5], [0.05, 0.1], [0.95, 0.9]].map(([x, y]) => [box.left + x * box.width, box.top + y * box.height]);
    const top = points.map(([x, y]) => document.elementFromPoint(x, y)).filter(Boolean);
    return {
        what: here.outerHTML.slice(0, 160),
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 0 && top.some((one) => here.contains(one) || one.contains(here)),
    };
}"""


@pytest.fixture
def campaign(transactional_db) -> Campaign:
    campaign = make_campaign(max_recipients=3)
    CampaignText.objects.create(
        campaign=campaign, language="ar", title="أبقوا الخط 42", summary="حافلة.", story="لأنها حافلتنا."
    )
    assembly = make_legislature(country="KE", name="National Assembly")
    for number in range(12):
        make_mandate(assembly, make_person(name=f"Member {number:02}"), area=make_area(), party="Unity")
    make_mandate(make_legislature(country="FR"))
    return campaign


class Keys:
    """Hands that have a keyboard and nothing else; each stop on the way must be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def tab(self) -> None:
        self.press("Tab")
        stop = self.page.evaluate(STOP)
        assert stop["seen"], f"the focus is out of sight: {stop['what']}"
        assert stop["ring"], f"the focus is not drawn: {stop['what']}"

    def is_at(self, selector: str) -> bool:
        return bool(self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector))

    def tab_to(self, selector: str, most: int = 60) -> None:
        for _stop in range(most):
            self.tab()
            if self.is_at(selector):
                return
        raise AssertionError(f"{most} times Tab never came to {selector}")

    def skip(self) -> None:
        """Past the head of the page by its first link."""
        self.tab()
        assert self.is_at("a.skip")
        self.press("Enter")
        expect(self.page.locator("#main")).to_be_focused()

    def go(self, part: str) -> None:
        """Press what has the focus; the page that follows has `part` in its address."""
        enter(self.page)
        assert part in self.page.url


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_supporter_comes_from_the_campaign_to_the_status_page_without_a_pointer(
    browser, live_web, campaign, language
):
    context = browser.new_context(viewport=SIZES["phone"])
    page = context.new_page()
    keys = Keys(page)
    page.goto(f"{live_web.site_url}/{language}/c/{campaign.slug}/")

    keys.skip()
    keys.tab_to("#country")
    for _step in range(3):
        if page.input_value("#country") == "KE":
            break
        keys.press("ArrowDown")
    expect(page.locator("#country")).to_have_value("KE")
    keys.tab_to("main button")
    keys.go("/write/")

    keys.skip()
    keys.tab_to("input[name=to]")
    keys.press("Space")
    keys.tab_to("input[name=to]")
    keys.press("Space")
    keys.tab_to("button[formaction]")
    keys.go("/write/letter/")

    keys.skip()
    keys.tab_to("button[value=preview]")
    keys.go("/write/letter/")
    expect(page.locator(".summary"), "what is wrong is read first").to_be_focused()
    keys.tab_to(".summary a", most=3)
    keys.press("Enter")
    expect(page.locator("#id_name"), "a fault leads to its field").to_be_focused()
    page.keyboard.type("Ann Example")
    keys.tab_to("#id_email")
    page.keyboard.type("ann@example.org")
    keys.tab_to("#id_place")
    page.keyboard.type("Kisumu")
    keys.tab_to("#id_letter_consent")
    keys.press("Space")
    keys.tab_to("button[value=preview]")
    keys.go("/write/letter/")

    keys.skip()
    keys.tab_to("button[value=send]")
    keys.go("/pending/")
    submission = campaign.submissions.get()
    assert submission.letters.count() == 2

    page.goto(f"{live_web.site_url}/{language}/confirm/{tokens.make(tokens.CONFIRM, submission)}/")
    keys.skip()
    keys.tab_to("main button")
    keys.go("/letters/")
    expect(page.locator("article.letter")).to_have_count(2)
    assert not campaign.letters.filter(status=Letter.Status.PENDING).exists()
    context.close()
