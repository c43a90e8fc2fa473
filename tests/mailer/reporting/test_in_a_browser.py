"""The report in a real browser: it moves by itself, nothing of a mail runs in it, and everybody can use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from mailer.models import Delivery, Mailing
from tests.looking import SIZES
from tests.mailings import make_clicked_mailing, make_frozen_mailing
from tests.staff import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_staff("superuser"))
    return client


def opened(browser, client, url, language="en", scheme="light", size="desk", **options) -> Iterator[Page]:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, **options)
    cookies = {"sessionid": client.cookies["sessionid"].value, settings.LANGUAGE_COOKIE_NAME: language}
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    yield context.new_page()
    context.close()


def address(live_server, name: str, mailing: Mailing | None = None) -> str:
    args = [mailing.pk] if mailing else []
    return live_server.url + reverse(f"admin:mailer_mailing_{name}", args=args)


def test_the_bar_moves_while_it_is_sent_and_the_page_is_whole_again_when_it_is_done(
    browser, client, live_server
):
    mailing = make_frozen_mailing({"delivered": 1, "waiting": 3})
    said: list[str] = []
    for page in opened(browser, client, live_server.url):
        page.on("console", lambda message: said.append(message.text))
        page.goto(address(live_server, "report", mailing))
        expect(page.locator(".report-states")).to_contain_text(re.compile(r"^\s*1\s+delivered\s+25"))
        waiting = mailing.deliveries.filter(status="queued")
        Delivery.objects.filter(pk=waiting[0].pk).update(status="sent", sent_at=timezone.now())
        mailing.chunks.update(sent=2)
        expect(page.locator("text=1 sent, no news yet").first).to_be_visible()
        expect(page.locator("text=2 waiting").first).to_be_visible()
        waiting.update(status="cancelled", reason="the mailing was called off")
        mailing.chunks.update(cancelled=2, status="done")
        ended = timezone.now() - timedelta(
            minutes=16
        )  # the page looks a quarter of an hour for news of the last mails
        Mailing.objects.filter(pk=mailing.pk).update(status="cancelled", finished_at=ended)
        expect(page.locator("text=2 called off").first).to_be_visible()
        expect(page.locator("[data-tick-every]")).to_have_count(0)
    assert said == []


def test_a_hidden_tab_asks_for_no_figures(browser, client, live_server):
    mailing = make_frozen_mailing({"delivered": 1, "waiting": 3})
    asked: list[str] = []
    for page in opened(browser, client, live_server.url):
        page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.away === true})")
        page.goto(address(live_server, "report", mailing))
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(3_500)
        assert not asked
        with page.expect_request("**/report/live/"):
            page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_the_mail_with_its_clicks_shows_its_badges_and_runs_nothing(browser, client, live_server):
    mailing = make_clicked_mailing()
    message = mailing.messages.get(language="en").message
    evil = (
        "<script>parent.document.title='taken'</script><img src=x onerror=\"parent.document.title='taken'\">"
    )
    type(message).objects.filter(pk=message.pk).update(html=message.html.replace("</body>", f"{evil}</body>"))
    for page in opened(browser, client, live_server.url):
        page.goto(address(live_server, "report_links", mailing))
        frame = page.frame_locator("iframe.report-mail")
        expect(frame.locator("text=Write to them")).to_be_visible()
        expect(frame.locator("span[title='3 people clicked, and 0 machines']")).to_have_text("3")
        expect(page).to_have_title(re.compile("^Links"))
