"""A reader's way onto a list, through their preferences and off again, in a real browser, on the real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from contacts.models import Consent, Contact, MailingList, Subscription, Suppression
from mailer import invariants
from mailer.visitors import MIN_SECONDS
from sandbox.client import SandboxClient
from tests.browser import follow
from tests.factories import make_mailing_list
from tests.journeys.test_supporter import PHONE, Album
from tests.processes import LiveService

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
READER = "ann@example.org"
TEXTS = {
    "en": {"name": "Justice news", "description": "What the courts decided, once a month."},
    "ar": {"name": "أخبار العدالة", "description": "ما قررته المحاكم، مرة في الشهر."},
}


def open_lists() -> tuple[MailingList, MailingList]:
    news = make_mailing_list(slug="justice-news", is_public=True, texts=TEXTS)
    watch = make_mailing_list(slug="court-watch", is_public=True, texts={"en": {"name": "Court watch"}})
    return news, watch


@pytest.fixture
def provider(live_service: LiveService) -> SandboxClient:
    live_service.environment.update(SWEEP_SECONDS="1")
    live_service.start_sandbox("--event-delay", "0.3")
    live_service.start_web()
    live_service.start_worker()
    live_service.start_beat()
    return SandboxClient(live_service.sandbox_url)


@pytest.mark.processes
@pytest.mark.parametrize("javascript", [False, True], ids=["without-script", "with-script"])
def test_a_reader_signs_up_confirms_changes_preferences_and_leaves(
    transactional_db, provider, live_service, browser: Browser, checkout, javascript
):
    open_lists()
    context = browser.new_context(viewport=PHONE, java_script_enabled=javascript, locale="en-KE")
    page = context.new_page()
    name = "subscriber-with-script" if javascript else "subscriber"
    album = Album(page, checkout / "artefacts" / "journey", name)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console",
        # The browser notes an answer of 422 as an error.
        lambda said: wrong.append(said.text) if said.type == "error" and "422" not in said.text else None,
    )

    page.goto(f"{live_service.site_url}/en/lists/justice-news/")
    page.get_by_label("Your e-mail address").fill("ann@")
    follow(page.get_by_role("button", name="Sign up"))
    album.take("errors")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    page.get_by_label("Your e-mail address").fill(READER)
    page.get_by_label("Your name").fill("Ann Example")
    page.get_by_label("Send me “Justice news”").check()
    page.wait_for_timeout(MIN_SECONDS * 1000)
    album.take("form")
    follow(page.get_by_role("button", name="Sign up"))
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    album.take("next")
    assert not Contact.objects.exists(), "nobody is a contact before they answer"

    mail = provider.wait_for(READER)
    assert "Ann" not in mail["text"]
    page.goto(next(link for link in mail["links"] if link.endswith("/") and "not-me" not in link))
    album.take("confirm")
    follow(page.get_by_role("button", name="Yes, send me these mails"))
    expect(page.get_by_text("You are on the list.")).to_be_visible()
    album.take("preferences")

    page.get_by_label("Court watch").check()
    follow(page.get_by_role("button", name="Save your lists"))
    expect(page.get_by_text("Your lists are saved.")).to_be_visible()
    follow(page.get_by_role("button", name="Pause", exact=True))
    expect(page.get_by_role("button", name="End the pause now")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    assert READER in download.value.path().read_text()
    follow(page.get_by_role("button", name="Leave all lists"))
    expect(page.get_by_text("You have left everything: no newsletter comes to you.")).to_be_visible()
    album.take("left")

    assert set(Subscription.objects.values_list("status", flat=True)) == {Subscription.Status.UNSUBSCRIBED}
    said = list(Consent.objects.order_by("pk").values_list("mailing_list__slug", "granted"))
    assert said[:2] == [("justice-news", True), ("court-watch", True)]
    assert sorted(said[2:]) == [("court-watch", False), ("justice-news", False)]
    assert Suppression.objects.get().reason == Suppression.Reason.LEFT
    assert wrong == []
    assert all(url.startswith(live_service.site_url) for url in asked), "only our own pages are asked"
    assert context.cookies() == []
    assert [found for found in invariants.check_all() if found.ids] == []
    context.close()
