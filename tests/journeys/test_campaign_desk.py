"""Writing a campaign's pages in a real browser, under the desk's own Content-Security-Policy."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from advocacy.models import Campaign, Step
from tests.browser import follow
from tests.staff import make_campaign, make_staff, make_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Any, live_server: Any) -> Iterator[Any]:
    """A signed-in campaigner's page that gathers what the browser complains of."""
    client = Client()
    client.force_login(make_staff("Campaigners"))
    context = browser.new_context(viewport={"width": 375, "height": 800}, base_url=live_server.url)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page: Any = context.new_page()
    page.complaints = []
    page.on("console", lambda said: said.type in {"error", "warning"} and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(status="open")


def test_a_text_is_written_with_its_steps_in_order_and_seen_while_it_is_written(page, campaign):
    text = make_text(campaign)
    Step.objects.create(text=text, position=1, title="Share this page", leads_to="share")
    page.goto(reverse("admin:advocacy_campaigntext_change", args=[text.pk]))
    page.fill("#id_story", "# Why\n\nFor **all** of us.")
    expect(page.locator(".field-story .markdown-shown strong")).to_have_text("all")
    expect(page.locator(".field-story .markdown-shown h2")).to_have_text("Why")
    page.fill("#id_steps-1-title", "Write a letter")
    page.select_option("#id_steps-1-leads_to", "letter")
    page.locator("#steps-group .add-row a").click()
    page.fill("#id_steps-2-title", "Use the logo")
    page.fill("#id_steps-2-body", "It is *yours*.")
    expect(page.locator("#steps-2 .markdown-shown em")).to_have_text("yours")
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0
    page.locator("#steps-1").get_by_role("button", name="Up").click()
    follow(page.locator(".submit-row [name=_save]"))
    expect(page).to_have_url(re.compile("/texts/$"))
    titles = [step.title for step in text.steps.all()]
    assert titles == ["Write a letter", "Share this page", "Use the logo"]
    assert page.complaints == []


def test_a_picture_is_brought_into_the_library_and_chosen_without_leaving_the_page(page, campaign):
    file = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(file, "PNG")
    page.goto(reverse("admin:advocacy_campaign_look", args=[campaign.pk]))
    chooser = page.locator(".look-hero .picture-chooser")
    expect(chooser.locator("select")).to_be_hidden()
    chooser.get_by_role("button", name="Choose a picture").click()
    dialogue = page.locator("dialog.picture-library")
    dialogue.locator("#picker-file").set_input_files(
        {"name": "court.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    dialogue.locator("#picker-alt").fill("The court at dawn")
    dialogue.get_by_role("button", name="Add and use").click()
    expect(chooser.get_by_role("img", name="The court at dawn")).to_be_visible()
    expect(dialogue).to_be_hidden()
    # The same one from the library for another place.
    still = page.locator(".look-video_still .picture-chooser")
    still.get_by_role("button", name="Choose a picture").click()
    dialogue.get_by_role("button", name="The court at dawn").click()
    follow(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".messagelist")).to_contain_text("Saved.")
    found = Campaign.objects.get()
    assert found.hero is not None
    assert (found.hero.alt, found.video_still) == ("The court at dawn", found.hero)
    page.locator(".look-hero").get_by_role("button", name="No picture").click()
    follow(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".look-hero .picture-chosen img")).to_have_count(0)
    assert Campaign.objects.get().hero is None
    assert page.complaints == []
