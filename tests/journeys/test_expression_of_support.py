"""Somebody says in public that they support a campaign: written on a phone, confirmed, looked at, read, taken down."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from advocacy.models import Campaign, Expression
from mailer import invariants
from mailer.visitors import MIN_SECONDS
from sandbox.client import SandboxClient
from tests.browser import follow
from tests.factories import make_campaign
from tests.journeys.test_supporter import PHONE, Album
from tests.processes import LiveService
from tests.staff import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.processes, pytest.mark.browser]
AMINA = "amina@example.org"


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def provider(live_service: LiveService) -> SandboxClient:
    live_service.environment.update(SWEEP_SECONDS="1")
    live_service.start_sandbox()
    live_service.start_web()
    live_service.start_worker("confirmations", "letters")
    return SandboxClient(live_service.sandbox_url)


def photograph() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def signed_in(browser: Browser, live_service: LiveService) -> Page:
    client = Client()
    client.force_login(make_staff("Moderators"))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_service.site_url}]
    )
    return context.new_page()


@pytest.mark.parametrize("javascript", [False, True], ids=["without-script", "with-script"])
def test_what_somebody_says_is_public_once_it_is_proven_and_looked_at_until_they_take_it_down(
    campaign, provider, live_service, browser: Browser, checkout, javascript
):
    context = browser.new_context(viewport=PHONE, java_script_enabled=javascript, has_touch=True)
    page, desk = context.new_page(), signed_in(browser, live_service)
    folder, how = checkout / "artefacts" / "journey", "with-script" if javascript else "without-script"
    album, desk_album = Album(page, folder, f"support-{how}"), Album(desk, folder, f"support-desk-{how}")
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for each in (page, desk):
        # The browser notes an answer of 422 as an error.
        each.on(
            "console",
            lambda said: wrong.append(said.text) if said.type == "error" and "422" not in said.text else None,
        )
        each.on("pageerror", lambda error: wrong.append(str(error)))
    wall = f"{live_service.site_url}/en/c/{campaign.slug}/support/"

    page.goto(wall)
    album.take("empty-wall")
    follow(page.get_by_role("link", name="Say that you support it"))
    page.get_by_label("Who speaks?").select_option("public")
    page.get_by_label("What you say", exact=True).fill("My pupils come by line 42.\n\nPlease keep it.")
    page.get_by_label("Your e-mail address").fill(AMINA)
    follow(page.get_by_role("button", name="Send it"))
    album.take("errors")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    expect(page.get_by_label("What you say", exact=True)).to_have_value(
        "My pupils come by line 42.\n\nPlease keep it."
    )
    page.get_by_label("Your name").fill("Amina Example")
    page.get_by_label("Office or profession").fill("teacher")
    page.locator("#id_consent").check()
    page.wait_for_timeout(MIN_SECONDS * 1000)
    follow(page.get_by_role("button", name="Send it"))
    expect(page.get_by_role("heading", name="One step left")).to_be_visible()
    album.take("one-step-left")

    mail = provider.wait_for(AMINA)
    assert "pupils" not in mail["text"]
    page.goto(next(link for link in mail["links"] if "/confirm/" in link))
    album.take("confirm")
    assert Expression.objects.get().status == Expression.Status.PENDING
    follow(page.get_by_role("button", name="Yes, this is mine: publish it"))
    own = page.url
    page.get_by_label("Picture", exact=True).set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    )
    page.get_by_label("What the picture shows").fill("Amina in her class")
    follow(page.get_by_role("button", name="Add this picture"))
    expect(page.get_by_role("img", name="Amina in her class")).to_be_visible()
    album.take("own-page")
    page.goto(wall)
    assert page.get_by_text("My pupils come").count() == 0, "nobody has looked at it yet"

    desk.goto(f"{live_service.site_url}{reverse('admin:index')}")
    follow(desk.get_by_role("listitem").filter(has_text="waits for a look").get_by_role("link"))
    expect(desk.get_by_role("img", name="Amina in her class")).to_be_visible()
    desk_album.take("queue")
    expect(desk.locator("[data-tick-all]")).to_have_count(0)
    follow(desk.get_by_role("button", name="Publish it", exact=True))
    expect(desk.get_by_text("1 expression: done.")).to_be_visible()

    published = provider.wait_for(AMINA, subject="Published")
    page.goto(wall)
    expect(page.get_by_text("My pupils come by line 42.")).to_be_visible()
    picture = page.get_by_role("img", name="Amina in her class")
    assert page.request.get(live_service.site_url + picture.get_attribute("src")).ok
    album.take("wall")
    page.goto(next(link for link in published["links"] if link.endswith(f"/support/{_only().pk}/")))
    album.take("one")

    page.goto(own)
    follow(page.get_by_role("button", name="Take it down at once"))
    expect(page.get_by_role("heading", name="Taken down")).to_be_visible()
    page.goto(wall)
    assert page.get_by_text("My pupils come").count() == 0
    assert wrong == []
    assert all(url.startswith(live_service.site_url) for url in asked), "only our own pages are asked"
    assert context.cookies() == []
    assert [found for found in invariants.check_all() if found.ids] == []
    context.close()
    desk.context.close()


def _only() -> Expression:
    return Expression.objects.get()
