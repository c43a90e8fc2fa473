"""The whole second journey: the call to action of November 2016 is written from blocks, checked, sent to 5,000 people
whom an import brought, by real workers to the sandbox, watched, found in the archive, and accounted for."""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from contacts.models import MailingList, Subscription
from mailer import invariants
from mailer.models import Delivery, Mailing, MailingAct
from sandbox.client import SandboxClient
from tests.browser import follow
from tests.factories import make_mailing_list, make_sender
from tests.staff import make_staff

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.processes import LiveService

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PATIENCE = 90_000  # milliseconds; the machine may be busy
PEOPLE = 5_000
ONCE = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Precedence",
    "Feedback-ID",
]

STAND_WITH_VICTIMS = (
    "We need your help to ensure justice for victims of war crimes, crimes against humanity and genocide around the "
    "world through the International Criminal Court (ICC) system of international justice."
)
PREAMBLE = "All peoples are united by common bonds, but this delicate mosaic may shatter at any time."
JOIN = (
    "In this period of global uncertainty, let us unite in a spirit of cooperation, collaboration and solidarity around "
    "the principles laid out in the Rome Statute and make international justice truly global."
)
ASKS = [
    "Truly global ICC justice;",
    "A strengthening of the ICC; and",
    "Greater state support for the Rome Statute system.",
]
STEPS = [
    "Disseminate this announcement in your networks;",
    "Share the United by Common Bonds campaign video;",
    "Publicly join the campaign through official statements, opeds, social media posting, images, videos, events etc.;",
    "Use the United by Common Bonds logo and share resources.",
]
MESSAGES = [
    "Through justice, peace",
    "I’m standing with victims of atrocities",
    "Let's make international justice truly global",
    "Join the fight for global justice for genocide, crimes against humanity and war crimes",
]
HASHTAGS = "#VictimsFirst #UnitedbyCommonBonds #AGlobalCC #CommonBonds #UnitedforJustice"
ABOUT = (
    "The Coalition for the ICC is a network of 2,500 civil society organizations, small and big, in 150 countries "
    "fighting for global justice for war crimes, crimes against humanity and genocide for over 20 years. We made "
    "international justice happen; now we’re making it work."
)


class Editor:
    """What somebody does who writes a mailing, block by block."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def add(self, kind: str) -> str:
        self.page.click("#choose-end")
        button = self.page.locator(f'button[value="add {kind} end"]')
        button.click()
        expect(button).to_have_count(0)
        return str(self.page.evaluate("document.activeElement.dataset.block"))

    def line(self, block: str, field: str, words: str) -> None:
        self.page.fill(f"[id='{block}-{field}']", words)

    def rich(self, block: str, *paragraphs: str, field: str = "html") -> None:
        self.page.click(f"[id='{block}-{field}-rich']")
        for number, words in enumerate(paragraphs):
            if number:
                self.page.keyboard.press("Enter")
            self.page.keyboard.insert_text(words)

    def heading(self, words: str) -> None:
        self.line(self.add("heading"), "text", words)

    def points(self, *points: str, numbered: bool = False) -> None:
        block = self.add("list")
        self.rich(block, *points, field="items")
        if numbered:
            self.page.check(f"[id='{block}-numbered']")


@pytest.mark.timeout(600)
def test_the_call_to_action_of_november_2016_reaches_everybody_once(
    browser: Browser, live_service: LiveService, tmp_path: Path
):
    news = make_mailing_list(name="Coalition news", slug="coalition-news", is_public=True)
    make_sender(name="Coalition for the ICC", address="news@epistle.example")
    live_service.environment.update(MAILING_UNDO_SECONDS="3", SWEEP_SECONDS="2")
    live_service.start_sandbox("--event-delay", "0.2")
    live_service.start_web()
    live_service.start_worker(concurrency=2)
    live_service.start_beat()
    _import_people(live_service, tmp_path, news)
    page = _at_the_desk(browser, live_service)

    mailing = _write(page, live_service.site_url)
    _choose_the_audience(page, mailing)
    _pass_the_check(page)
    _send(page)
    mailing.refresh_from_db()
    assert mailing.audience == PEOPLE

    follow(page.locator("nav a:text-is('Report')"))
    expect(page.locator("main")).to_contain_text("5,000 people in the audience")
    SandboxClient(live_service.sandbox_url).wait_quiet(timeout=PATIENCE / 1_000)
    # One bounced and one complained; the page follows by itself as their reports come in.
    expect(page.locator("main")).to_contain_text(re.compile(r"4,998\s+delivered"))
    _archive_is_readable(browser, live_service.site_url, mailing)

    states = Counter(Delivery.objects.filter(mailing=mailing).values_list("status", flat=True))
    assert sum(states.values()) == mailing.audience
    assert states == {"sent": PEOPLE}
    assert not [found for found in invariants.check_all() if found.ids]
    _everybody_got_it_once_and_whole(live_service)


def _import_people(live_service: LiveService, folder: Path, news: MailingList) -> None:
    path = folder / "people.csv"
    rows = (
        f"reader{number}@reader.example,Person {number},{'KE' if number % 2 else 'FR'}"
        for number in range(PEOPLE - 2)
    )
    path.write_text(
        "\n".join(
            [
                "email,name,country",
                *rows,
                "bounce-1@reader.example,Gone,DE",
                "complain-1@reader.example,Tired,DE",
            ]
        )
    )
    live_service.run(
        *("manage.py", "import_contacts", str(path), "--list", news.slug),
        *("--consent", "Yes, send me the news", "--json"),
    )
    assert Subscription.objects.filter(mailing_list=news, status="confirmed").count() == PEOPLE


def _at_the_desk(browser: Browser, live_service: LiveService) -> Page:
    client = Client()
    client.force_login(make_staff("superuser", first_name="Ann"))
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_service.site_url}
    context.add_cookies([cookie])
    return context.new_page()


def _write(page: Page, site: str) -> Mailing:
    page.goto(site + reverse("admin:mailer_mailing_add"))
    page.click("label:has-text('An empty page')")
    page.fill("[name=name]", "Campaign call to action – November 2016")
    page.select_option("[name=mailing_list]", label="Coalition news")
    page.select_option("[name=sender]", label="Coalition for the ICC")
    follow(page.locator("text=Begin writing"))
    page.fill("#subject", "Stand with victims: make international justice truly global")
    page.fill("#preheader", "Join the United by Common Bonds campaign")
    editor = Editor(page)
    title, first = (one.get_attribute("data-block") for one in page.locator("[data-block]").all()[:2])
    editor.line(str(title), "text", "STAND WITH VICTIMS - MAKE INTERNATIONAL JUSTICE TRULY GLOBAL")
    editor.rich(str(first), "Dear {{ first_name | friend }},", STAND_WITH_VICTIMS)
    editor.rich(editor.add("quote"), PREAMBLE)
    editor.heading("JOIN THE UNITED BY COMMON BONDS CAMPAIGN")
    editor.rich(editor.add("text"), JOIN)
    button = editor.add("button")
    editor.line(button, "text", "Join the campaign")
    editor.line(button, "url", f"{site}/en/lists/coalition-news/")
    editor.heading("Participants in the campaign are encouraged to call for:")
    editor.points(*ASKS)
    editor.heading("HOW TO TAKE PART IN THE CAMPAIGN")
    editor.points(*STEPS, numbered=True)
    editor.heading("Suggested messaging")
    editor.points(*MESSAGES)
    share = editor.add("share")
    editor.line(share, "text", f"We need global justice. {HASHTAGS}")
    editor.line(share, "url", f"{site}/en/lists/coalition-news/")
    editor.heading("ABOUT THE COALITION FOR THE ICC")
    editor.rich(editor.add("text"), ABOUT)
    expect(page.locator("#saved")).to_contain_text("Saved")
    shown = page.frame_locator("#screen iframe.shown").locator("body")
    expect(shown).to_contain_text("Dear friend,")
    expect(shown).to_contain_text("now we’re making it work.")
    return Mailing.objects.get()


def _choose_the_audience(page: Page, mailing: Mailing) -> None:
    follow(page.get_by_label("Steps").get_by_role("link", name="Audience"))
    page.check("label:has-text('Coalition news') input[name=include_lists]")
    expect(page.locator("#audience-count")).to_contain_text("5,000")


def _pass_the_check(page: Page) -> None:
    follow(page.get_by_label("Steps").get_by_role("link", name="Check"))
    follow(page.locator("text=Check now"))
    expect(page.locator("main")).to_contain_text("It can be sent.", timeout=PATIENCE)


def _send(page: Page) -> None:
    follow(page.locator("text=Go on: send"))
    follow(page.locator("button:has-text('Go on')"))
    expect(page.locator("main")).to_contain_text("Coalition for the ICC")
    page.fill("#typed", "5000")
    follow(page.locator("button:has-text('Send to 5,000 people')"))
    expect(page.locator("main")).to_contain_text("It starts in")
    # The bar is there while it goes, and says at the end that everybody was written to.
    expect(page.locator("[role=progressbar], progress").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("main")).to_contain_text("Sent to 5,000 people", timeout=PATIENCE)
    acts = MailingAct.objects.values_list("what", flat=True)
    assert {"created", "checked", "scheduled", "started", "frozen", "finished"} <= set(acts)


def _archive_is_readable(browser: Browser, site: str, mailing: Mailing) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page = context.new_page()
    page.goto(f"{site}/en/archive/coalition-news/")
    follow(page.locator("text=Stand with victims: make international justice truly global"))
    mail = page.locator("main")
    expect(mail).to_contain_text("Dear friend,", timeout=PATIENCE)
    expect(mail).to_contain_text("delicate mosaic")
    assert "/u/" not in page.content()  # a stranger's view: no link of anybody's own
    box = page.locator("body").bounding_box()
    assert box is not None
    assert box["width"] <= 375
    context.close()


def _everybody_got_it_once_and_whole(live_service: LiveService) -> None:
    sandbox = SandboxClient(live_service.sandbox_url)
    accepted = sandbox.accepted()
    addresses = Counter(one["recipient"] for one in accepted)
    assert len(addresses) == PEOPLE
    assert set(addresses.values()) == {1}
    for one in accepted[::250]:
        raw = sandbox.source(one)
        assert max(len(line) for line in raw.split(b"\r\n")) <= 998
        mail = email.message_from_bytes(raw, policy=email.policy.strict)
        assert {name: len(mail.get_all(name, [])) for name in ONCE} == dict.fromkeys(ONCE, 1)
        parts = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
        assert parts == ["text/plain", "text/html"]
