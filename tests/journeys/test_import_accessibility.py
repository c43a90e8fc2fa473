"""WCAG 2.2 AA as far as a machine can tell, on every page of the import wizard, wide and narrow, both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Attribute, ImportBatch, ImportMapping, MailingList
from tests.contacts.test_import_pages import PROOF, bring, checked, ran, url
from tests.journeys.test_accessibility import RULES, SIZES
from tests.staff import make_import, make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PEOPLE = (
    "E-mail;Vorname;Ort;Seit\nann@example.org;Änn;Kisumu;01/02/2023\nben@example.org;Ben;Ngozi;03/04/2023\n"
    f"{'x' * 300};محمد;Łódź;05/06/2023\n;Zoé;Lomé;07/08/2023\n"
).encode("cp1250", "ignore")


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_staff("Contacts editors"))
    return client


@pytest.fixture(
    params=[
        ("en", "light", "desk"),
        ("ar", "dark", "phone"),
        ("ar", "light", "desk"),
        ("en", "dark", "phone"),
    ],
    ids="-".join,
)
def page(request: pytest.FixtureRequest, browser: Browser, client: Client, live_server) -> Iterator[Page]:
    language, scheme, size = request.param
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, bypass_csp=True)
    cookies = {"sessionid": client.cookies["sessionid"].value, settings.LANGUAGE_COOKIE_NAME: language}
    context.add_cookies(
        [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
    )
    yield context.new_page()
    context.close()


def look(page: Page, what: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('#content details').forEach((one) => (one.open = true))")
    found = Axe().run(page, options=RULES)
    assert not found.response["violations"], f"{what}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, f"{what} is wider than the window"


@pytest.mark.timeout(400)
def test_every_page_of_the_wizard_is_accessible(page, client, live_server):
    MailingList.objects.create(slug="news", name="أخبار")
    Attribute.objects.create(key="town", name="Town", kind="text")
    ImportMapping.objects.create(name="Members", columns={"e-mail": "address"})
    done = ran(client, PEOPLE)
    shown = {
        "list": reverse("admin:contacts_import_changelist"),
        "mappings": reverse("admin:contacts_importmapping_changelist"),
        "file": reverse("admin:contacts_import_add"),
        "columns": url("columns", bring(client, PEOPLE)),
        "refused": url("columns", bring(client, b"", "empty.csv")),
        "no headings": url("columns", bring(client, b"ann@example.org,Ann\n")),
        "checked": url("check", checked(client, PEOPLE, new_list="More news")),
        "rejected": url("rejected", done),
        "run": url("run", checked(client, PEOPLE, new_list="No news")),
        "undo": url("undo", done),
        "done": url("change", done),
    }
    for status in ("uploaded", "checking", "running", "stopped", "failed", "undoing", "undone", "discarded"):
        one = make_import(
            status=status,
            mailing_list=done.mailing_list,
            problem="damaged" if status == "failed" else "",
            started_at=timezone.now(),
            read_bytes=50,
            staged_rows=20,
            **PROOF,
        )
        ImportBatch.objects.create(from_import=one, number=0, first_line=2, last_line=21, rows=20)
        shown[status] = url("change", one)
    for what, path in shown.items():
        page.goto(f"{live_server.url}{path}")
        look(page, what)
    page.goto(f"{live_server.url}{shown['columns']}")
    page.click("button[name=check]")
    page.wait_for_load_state()
    look(page, "columns with errors")
