"""A supporter's way from the campaign to a delivered letter, in a real browser, on the real processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from advocacy.models import Campaign, Letter
from mailer import invariants
from mailer.visitors import MIN_SECONDS
from sandbox.client import SandboxClient
from tests.browser import follow
from tests.factories import make_area, make_campaign, make_legislature, make_mandate, make_person, make_route
from tests.processes import LiveService

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.processes, pytest.mark.browser]
PHONE = {"width": 375, "height": 667}
SUPPORTER = "ann@example.org"
REACHED, BOUNCES = "achieng@parliament.example", "bounce-hard@parliament.example"


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    campaign = make_campaign(max_recipients=3, per_person_hour=3600, per_person_day=80_000)
    assembly = make_legislature(
        country="KE", name="National Assembly", chamber="lower", time_zone="Africa/Nairobi"
    )
    for name, native, address in (
        ("Achieng Example", "", REACHED),
        ("Baraka Example", "باراكا", BOUNCES),
    ):
        make_mandate(
            assembly,
            make_person(name=name, native_name=native, sort_name=name),
            address,
            area=make_area(),
            party="Unity",
        )
    by_form = make_mandate(assembly, make_person(name="Chebet Example", sort_name="C"), None)
    make_route(by_form.person, "https://office.example/write", kind="web_form")
    make_mandate(make_legislature(country="FR", name="Sénat", language="fr"))
    return campaign


@pytest.fixture
def provider(live_service: LiveService) -> SandboxClient:
    live_service.environment.update(DISPATCH_SECONDS="0.5", SWEEP_SECONDS="1")
    live_service.start_sandbox("--event-delay", "0.3")
    live_service.start_web()
    live_service.start_worker(concurrency=2)
    live_service.start_beat()
    return SandboxClient(live_service.sandbox_url)


class Album:
    """Screenshots of one journey, kept as artefacts."""

    def __init__(self, page: Page, folder: Path, name: str) -> None:
        self.page, self.folder, self.name, self.number = page, folder, name, 0
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, what: str) -> None:
        self.number += 1
        path = self.folder / f"{self.name}-{self.number:02}-{what}.png"
        # Hiding the caret, Playwright puts a style into the page, which our policy rightly refuses.
        self.page.screenshot(path=path, full_page=True, caret="initial")


@pytest.mark.parametrize("javascript", [False, True], ids=["without-script", "with-script"])
def test_a_supporter_writes_on_a_phone_and_sees_what_became_of_each_letter(
    campaign, provider, live_service, browser: Browser, checkout, javascript
):
    context = browser.new_context(
        viewport=PHONE, java_script_enabled=javascript, locale="en-KE", has_touch=True
    )
    page = context.new_page()
    album = Album(page, checkout / "artefacts" / "journey", "with-script" if javascript else "without-script")
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console",
        # The browser notes an answer of 422 as an error.
        lambda said: wrong.append(said.text) if said.type == "error" and "422" not in said.text else None,
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))

    page.goto(f"{live_service.site_url}/en/")
    follow(page.get_by_role("link", name="Keep line 42"))
    select = page.get_by_label("Where do you live?")
    expect(select).to_have_value("KE")
    assert select.bounding_box()["y"] + 44 < PHONE["height"], "the country stands on the first screen"
    album.take("campaign")
    follow(page.get_by_role("button", name="Write to them"))

    album.take("choose")
    for name in ("Achieng", "Baraka", "Chebet"):
        page.get_by_label(name).check()
    follow(page.get_by_role("button", name="Continue"))

    album.take("letter")
    page.get_by_text("Add a line in your own words").click()
    page.get_by_label("Why does this matter to you?").fill("My mother cannot reach the clinic without it.")
    page.get_by_label("Your name").fill("Ann Example")
    page.get_by_label("Your e-mail address").fill("ann@")
    page.get_by_label("The place where you live").fill("Kisumu")
    follow(page.get_by_role("button", name="Look at it before it goes"))
    album.take("errors")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    expect(page.get_by_label("Your name")).to_have_value("Ann Example")
    page.get_by_label("Your e-mail address").fill(SUPPORTER)
    page.locator("#id_letter_consent").check()
    page.wait_for_timeout(MIN_SECONDS * 1000)
    follow(page.get_by_role("button", name="Look at it before it goes"))

    album.take("preview")
    expect(page.get_by_text("My mother cannot reach the clinic").first).to_be_visible()
    follow(page.get_by_role("button", name="Send the 2 letters"))
    album.take("one-step-left")
    expect(page.get_by_role("heading", name="One step left")).to_be_visible()

    mail = provider.wait_for(SUPPORTER)
    assert "Ann Example" not in mail["text"]
    assert "clinic" not in mail["text"]
    page.goto(next(link for link in mail["links"] if "/confirm/" in link))
    album.take("confirm")
    assert Letter.objects.filter(status=Letter.Status.PENDING).count() == 3
    follow(page.get_by_role("button", name="Yes, send my letters").first)
    album.take("status-first")

    _wait_for(page, "Delivered", "Came back", javascript=javascript)
    album.take("status")
    assert (
        page.get_by_role("link", name="Open their form").get_attribute("href")
        == "https://office.example/write"
    )
    follow(page.get_by_role("button", name="They answered").first)
    expect(page.get_by_text("You told us that they answered.")).to_be_visible()

    (letter,) = provider.messages(REACHED)
    assert "My mother cannot reach the clinic without it." in letter["text"]
    assert len(provider.messages(BOUNCES)) == 1
    assert wrong == []
    assert all(url.startswith(live_service.site_url) for url in asked), "only our own pages are asked"
    assert context.cookies() == []
    report = next(link for link in letter["links"] if "/report/" in link)
    page.goto(report)
    album.take("report")
    expect(page.get_by_role("heading", name="About a letter you got")).to_be_visible()
    assert [found for found in invariants.check_all() if found.ids] == []
    context.close()


def _wait_for(page: Page, *words: str, javascript: bool) -> None:
    """Until the status page says all of `words`: by itself with JavaScript, by "look again" without."""
    for _look in range(120):
        if all(page.locator(".mark").get_by_text(word, exact=True).count() for word in words):
            return
        page.wait_for_timeout(500)
        if not javascript:
            follow(page.get_by_role("link", name="Look again"))
    raise AssertionError(f"the page never said {words}: {page.locator('#letters').inner_text()}")
