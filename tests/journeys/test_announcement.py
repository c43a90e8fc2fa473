"""The founding campaign's real page, entered at the desk by a campaigner and read in four languages' layouts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from advocacy.models import Campaign
from tests.browser import follow
from tests.shared_data import shared
from tests.staff import make_legislature, make_person, make_staff

pytestmark = pytest.mark.browser

PAPER = shared("campaign/announcement-page.txt")
PICTURE = Path(__file__).resolve().parents[2] / "advocacy" / "demo" / "common-bonds" / "files" / "logo.png"
WAYS = ["share", "video", "support", "resources"]  # where the buttons of its four ways to take part lead


@dataclass(frozen=True, slots=True)
class Announcement:
    """The page as it was published, by its parts."""

    title: str
    summary: str
    story: list[str]
    asks: list[str]
    ways: list[str]
    messages: list[str]
    hashtags: list[str]

    @classmethod
    def read(cls, path: Path) -> Announcement:
        lines = [
            " ".join(line.split()) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
        ]
        ways = [line.partition(". ")[2] for line in lines if re.match(r"\d\. ", line)]
        marks = [line for line in lines if line.startswith("• ")]
        points = [line.removeprefix("• ") for line in marks]
        asks = lines.index(marks[0])
        said = lines.index("Suggested messaging")
        tags = lines.index("Twitter hashtags")
        return cls(
            title=lines[0],
            summary=lines[1],
            story=lines[2 : asks - 1],
            asks=points[: sum(line.startswith("• ") for line in lines[:said])],
            ways=ways,
            messages=[line.removeprefix("• ") for line in lines[said + 1 : tags]],
            hashtags=[point for point in points if point.startswith("#")],
        )


@pytest.fixture
def announcement() -> Announcement:
    if PAPER is None:
        pytest.skip("../shared/campaign is not here")
    return Announcement.read(PAPER)


@pytest.fixture
def page(browser: Any, live_web: Any) -> Any:
    """A campaigner at the desk, and what the browser complains of."""
    client = Client()
    client.force_login(make_staff("Campaigners"))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_web.site_url}]
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def test_the_founding_page_is_entered_without_code_and_reads_well_in_four_layouts(
    page, live_web, announcement, checkout
):
    assert (len(announcement.asks), len(announcement.ways), len(announcement.messages)) == (3, 4, 6)
    make_person("Achieng Example", legislature=make_legislature())
    site = live_web.site_url
    campaign = begin(page, site, announcement)
    choose_looks(page, site, campaign, announcement)
    bring_resources(page, site, campaign)
    write_text(page, site, campaign, announcement)
    write_messages(page, site, campaign, announcement)
    assert page.complaints == []
    album = checkout / "artefacts" / "announcement"
    album.mkdir(parents=True, exist_ok=True)
    for language in ("en", "fr", "es", "ar"):
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{site}/{language}/c/{campaign.slug}/")
            look(page, announcement, language)
            page.screenshot(path=str(album / f"{language}-{width}.png"), full_page=True)
            page.goto(f"{site}/{language}/c/{campaign.slug}/share/")
            look_at_sharing(page, announcement)
            page.screenshot(path=str(album / f"{language}-{width}-share.png"), full_page=True)
    assert page.complaints == []


def begin(page: Page, site: str, announcement: Announcement) -> Campaign:
    """The campaign itself, open to everybody."""
    page.goto(f"{site}{reverse('admin:advocacy_campaign_add')}")
    page.fill("#id_name", "United by Common Bonds")  # its short name for addresses comes by itself
    page.select_option("#id_status", "open")
    page.fill("#id_sender_name", "Coalition for the ICC")
    save(page)
    return Campaign.objects.get()


def choose_looks(page: Page, site: str, campaign: Campaign, announcement: Announcement) -> None:
    """Its logo, brought along; its video and its hashtags."""
    page.goto(f"{site}{reverse('admin:advocacy_campaign_look', args=[campaign.pk])}")
    page.locator(".look-logo .picture-chooser").first.get_by_role("button", name="Choose a picture").click()
    library = page.locator("dialog.picture-library")
    library.locator("#picker-file").set_input_files(PICTURE)
    library.locator("#picker-alt").fill("The logo of United by Common Bonds")
    library.get_by_role("button", name="Add and use").click()
    expect(page.locator(".look-logo .picture-chosen img").first).to_be_visible()
    page.fill("#id_video_url", "https://www.youtube.com/watch?v=FSLAe3jrCSg")
    page.fill("#id_hashtags", " ".join(announcement.hashtags))
    follow(page.get_by_role("button", name="Save", exact=True))
    campaign.refresh_from_db()
    assert campaign.hashtags.split() == announcement.hashtags
    assert campaign.logo is not None


def bring_resources(page: Page, site: str, campaign: Campaign) -> None:
    """The logo to take away, for the action pack."""
    page.goto(f"{site}{reverse('admin:advocacy_resource_add')}?campaign={campaign.pk}")
    page.fill("#id_title", "The logo")
    page.select_option("#id_kind", "logo")
    page.locator("input[type=file]").first.set_input_files(PICTURE)
    save(page)
    assert campaign.resources.get().files.exists()


def write_text(page: Page, site: str, campaign: Campaign, announcement: Announcement) -> None:
    """Everything that the page says, in English, with its four ways to take part."""
    page.goto(f"{site}{reverse('admin:advocacy_campaign_texts', args=[campaign.pk])}")
    english = page.locator("li", has=page.get_by_role("heading", name=re.compile("English")))
    follow(english.get_by_role("link", name="Begin with an empty page"))
    page.check("#id_is_ready")
    page.fill("#id_title", announcement.title)
    page.fill("#id_summary", announcement.summary)
    page.fill("#id_story", "\n\n".join(announcement.story))
    page.fill("#id_asks", "\n".join(announcement.asks))
    steps = page.locator("#steps-group")
    for number, (way, leads_to) in enumerate(zip(announcement.ways, WAYS, strict=True)):
        if number:
            steps.locator(".add-row a").click()
        page.fill(f"#id_steps-{number}-title", way)
        page.select_option(f"#id_steps-{number}-leads_to", leads_to)
    save(page)
    text = campaign.texts.get()
    assert [step.title for step in text.steps.all()] == announcement.ways
    assert (
        text.story.split("\r\n\r\n") == announcement.story or text.story.split("\n\n") == announcement.story
    )


def write_messages(page: Page, site: str, campaign: Campaign, announcement: Announcement) -> None:
    for message in announcement.messages:
        page.goto(f"{site}{reverse('admin:advocacy_campaign_sharing', args=[campaign.pk])}")
        follow(page.get_by_role("link", name=re.compile("New message: English")))
        page.fill("#id_text", message)
        save(page)
    assert list(campaign.share_texts.values_list("text", flat=True)) == announcement.messages


def save(page: Page) -> None:
    follow(page.locator("[name=_save]").first)
    assert page.locator(".errornote").count() == 0, page.locator(".errorlist").all_inner_texts()


def look(page: Page, announcement: Announcement, language: str) -> None:
    """What stands on the public page, and that it stands inside it."""
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    expect(page.locator("h1")).to_have_text(announcement.title)
    said = [announcement.summary, *announcement.story, *announcement.asks, *announcement.ways]
    assert missing(page, said) == []
    if language != "en":  # English words keep their own direction and voice in another language's page
        expect(page.locator("div.story").first).to_have_attribute("lang", "en")
        expect(page.locator("div.story").first).to_have_attribute("dir", "ltr")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def look_at_sharing(page: Page, announcement: Announcement) -> None:
    """The suggested messages and the hashtags, ready to be copied."""
    assert missing(page, [*announcement.messages, *announcement.hashtags]) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def missing(page: Page, parts: list[str]) -> list[str]:
    """The parts that the page does not hold, folded away or not."""
    words = " ".join((page.locator("main").text_content() or "").split())
    return [part for part in parts if part not in words]
