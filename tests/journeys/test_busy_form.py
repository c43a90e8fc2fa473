"""The form while very many letters come in from one network: a proof of work, or a person's look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory
from playwright.sync_api import expect

from advocacy import abuse
from advocacy.models import Campaign, Letter
from mailer.visitors import MIN_SECONDS
from tests.browser import follow
from tests.factories import make_campaign, make_legislature, make_mandate

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign() -> Campaign:
    campaign = make_campaign()
    make_mandate(make_legislature(country="KE"))
    return campaign


@pytest.fixture
def busy(broker: None) -> None:
    """More posts from this machine's network than a budget allows."""
    here = RequestFactory().post("/", REMOTE_ADDR="127.0.0.1")
    form = abuse.FormFacts(form_key="x", age=60, campaign_id=1)
    for _post in range(abuse.PER_NETWORK_CHALLENGE.amount):
        abuse.judge(here, form)


@pytest.mark.parametrize("javascript", [True, False], ids=["with-script", "without-script"])
def test_a_busy_network_proves_its_work_unseen_or_waits_for_a_person(
    live_server, browser: Browser, campaign, busy, javascript
):
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/write/?country=KE")
    page.locator("input[name=to]").first.check()
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_label("Your name").fill("Ann Example")
    page.get_by_label("Your e-mail address").fill("ann@example.org")
    page.get_by_label("The place where you live").fill("Kisumu")
    page.locator("#id_letter_consent").check()
    page.wait_for_timeout(MIN_SECONDS * 1000)
    follow(page.get_by_role("button", name="Look at it before it goes"))
    follow(page.get_by_role("button", name="Send the letter"))
    expect(page.get_by_role("alert").get_by_text("Very many letters come in right now")).to_be_visible()
    assert not Letter.objects.exists()
    if javascript:
        expect(page.get_by_text("You can send your letter now")).to_be_visible()
    follow(page.get_by_role("button", name="Send the letter"))
    expect(page.get_by_role("heading", name="One step left")).to_be_visible()
    assert bool(Letter.objects.get().held_because) is not javascript
    assert errors == []
    context.close()
