"""The import wizard in a real browser, with a real web process and a real worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from contacts.models import Contact, Import, ImportBatch, MailingList, Subscription
from tests.browser import follow, settle
from tests.shared_data import shared
from tests.staff import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.processes import LiveService

FOLDER = shared("data/contacts")
pytestmark = pytest.mark.browser
needs_files = pytest.mark.skipif(FOLDER is None, reason="the shared data folder is not here")


class Wizard:
    """What a member of staff does, page by page."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def bring(self, file: Path) -> None:
        self.page.goto(f"{self.site}{reverse('admin:contacts_import_add')}")
        self.page.set_input_files("#id_file", file)
        follow(self.page.locator("button.main"))
        expect(self.page).to_have_url(re.compile("/columns/$"))

    def into(self, mailing_list: str) -> None:
        """Choose the list, or make it."""
        known = MailingList.objects.filter(name=mailing_list).first()
        if known:
            self.page.select_option("#id_mailing_list", str(known.pk))
        else:
            self.page.fill("#id_new_list", mailing_list)

    def agree(self) -> None:
        self.page.fill("#id_consent_text", "Yes, send me the news of line 42")
        self.page.fill("#id_consent_page", "https://example.org/join")
        self.page.fill("#id_consent_date", "2025-05-01")

    def check(self) -> dict[str, str]:
        """Have it checked; returns the figures by name."""
        self.begin_the_check()
        return self.figures()

    def begin_the_check(self) -> None:
        follow(self.page.locator("button[name=check]"))
        expect(self.page).to_have_url(re.compile("/check/$"))

    def figures(self) -> dict[str, str]:
        shown = self.page.locator(".import-figures > div")
        shown.first.wait_for()
        return {one.locator("dt").inner_text(): one.locator("dd").inner_text() for one in shown.all()}

    def go_on_to_the_run(self) -> None:
        follow(self.page.locator("a.desk-act.main"))
        expect(self.page).to_have_url(re.compile("/run/$"))

    def run(self) -> str:
        """Press the button of the run; returns what it said."""
        button = self.page.locator("form button.desk-act.main")
        said = button.inner_text()
        follow(button)
        expect(self.page).to_have_url(re.compile("/change/$"))
        return said

    def done(self) -> dict[str, str]:
        self.page.locator("a[href$='result.csv']").wait_for()
        return self.figures()

    def download(self, ending: str) -> list[str]:
        """The lines of a file that a link on the page gives."""
        with self.page.expect_download() as waiting:
            self.page.click(f"a[href$='{ending}']")
        return Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()


def start_worker(live_service: LiveService) -> None:
    live_service.start_worker("imports", IMPORT_THREADS="1")


@pytest.fixture
def desk(browser: Browser, live_service: LiveService) -> Iterator[Any]:
    """Makes browser contexts of a signed-in editor; no worker runs yet."""
    live_service.start_web()
    client = Client()
    client.force_login(make_staff("Contacts editors"))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_service.site_url}
    contexts: list[BrowserContext] = []

    def context(**options: Any) -> Wizard:
        made = browser.new_context(**options)
        made.add_cookies([cookie])
        contexts.append(made)
        return Wizard(made.new_page(), live_service.site_url)

    yield context
    for made in contexts:
        made.close()


@pytest.fixture
def signed_in(desk: Any, live_service: LiveService) -> Any:
    """Makes browser contexts of a signed-in editor, while a worker runs."""
    start_worker(live_service)
    return desk


@pytest.mark.timeout(400)
@needs_files
def test_files_of_four_kinds_go_through_the_wizard_into_one_list(signed_in):
    assert FOLDER is not None
    wizard = signed_in()
    page = wizard.page

    wizard.bring(FOLDER / "03_cp1252_semicolon.csv")
    expect(page.get_by_text("Which of these is written as it should be?")).to_be_visible()
    expect(page.locator(".import-doubt li").first).to_contain_text("Straße")
    page.select_option("#id_encoding", "cp1251")  # a wrong correction is seen at once …
    expect(page.locator(".import-columns")).to_contain_text("StraЯe")
    settle(page)
    page.select_option("#id_encoding", "cp1252")  # … and mended
    expect(page.locator(".import-columns")).to_contain_text("Straße")
    settle(page)
    wizard.into("News")
    assert wizard.check() == {"new": "60", "rejected": "0"}
    wizard.go_on_to_the_run()
    wizard.agree()
    assert wizard.run() == "Import 60 people into News"
    assert wizard.done() == {"new": "60", "rejected": "0"}

    wizard.bring(FOLDER / "09_mailchimp_subscribed.csv")
    expect(page.get_by_text("This is an export of Mailchimp")).to_be_visible()
    wizard.into("News")
    wizard.agree()
    assert wizard.check() == {"new": "120", "twice in the file": "2", "rejected": "0"}
    wizard.go_on_to_the_run()
    assert wizard.run() == "Import 120 people into News"
    wizard.done()

    wizard.bring(FOLDER / "10_mailchimp_unsubscribed.csv")
    expect(page.locator("#id_standing option").first).to_have_text("as found: unsubscribed")
    wizard.into("News")
    found = wizard.check()
    expect(page.locator(".import-figures .suppressed dd")).to_have_text("35")
    assert found == {"new": "30", "changed": "5", "rejected": "0", "may not be mailed": "35"}
    expect(page.locator("#changes-title")).to_be_visible()
    wizard.go_on_to_the_run()
    wizard.run()
    wizard.done()
    news = MailingList.objects.get()
    assert news.subscriptions.filter(status=Subscription.Status.UNSUBSCRIBED).count() == 35
    assert news.subscriptions.filter(status=Subscription.Status.CONFIRMED).count() == 60 + 120 - 5

    wizard.bring(FOLDER / "37_excel_plain.xlsx")
    wizard.into("News")
    wizard.agree()
    assert wizard.check()["new"] == "60"
    wizard.go_on_to_the_run()
    wizard.run()
    wizard.done()
    assert Contact.objects.count() == 60 + 120 + 30 + 60
    assert wizard.complaints == []


@pytest.mark.timeout(400)
@needs_files
def test_the_rejected_rows_are_shown_downloaded_mended_and_brought_again(signed_in, tmp_path):
    assert FOLDER is not None
    wizard = signed_in()
    wizard.bring(FOLDER / "36_scale_5000.csv")
    wizard.into("News")
    wizard.agree()
    assert wizard.check() == {"new": "4,815", "twice in the file": "143", "rejected": "42"}
    expect(wizard.page.locator(".import-rows tbody tr")).to_have_count(42)
    wizard.go_on_to_the_run()
    assert wizard.run() == "Import 4,815 people into News"
    wizard.done()
    assert len(wizard.download("result.csv")) == 5_001
    rejected = wizard.download("rejected.csv")
    assert len(rejected) == 43
    assert rejected[0].startswith("line,reason,")

    mended = tmp_path / "mended.csv"
    at = rejected[0].split(",").index("email")
    rows = [re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", line) for line in rejected[1:]]
    for number, cells in enumerate(rows):
        cells[at] = f"mended{number}@example.org"
    mended.write_text("\n".join([rejected[0], *(",".join(cells) for cells in rows)]), encoding="utf-8-sig")
    wizard.bring(mended)
    wizard.into("News")
    wizard.agree()
    assert wizard.check() == {"new": "42", "rejected": "0"}
    assert wizard.complaints == []


@pytest.mark.timeout(400)
def test_a_run_is_stopped_goes_on_and_is_undone(desk, live_service, tmp_path):
    people = tmp_path / "people.csv"
    with people.open("w") as file:
        file.write("E-mail,Name\n")
        file.writelines(f"person{number}@example.org,Person {number}\n" for number in range(40_000))
    wizard = desk()
    page = wizard.page
    wizard.bring(people)
    wizard.into("News")
    wizard.agree()
    wizard.begin_the_check()
    expect(page.locator(".import-pace")).to_contain_text("Waiting for a worker")
    expect(page.locator("progress")).to_be_visible()
    start_worker(live_service)
    assert wizard.figures()["new"] == "40,000"  # told without a reload
    wizard.go_on_to_the_run()
    with transaction.atomic():
        # A worker leaves batches alone that somebody else is at: it comes to the end of the others, no further.
        batches = ImportBatch.objects.filter(number__gte=2).select_for_update()
        assert len(batches) == 2
        wizard.run()
        expect(page.locator(".import-pace")).to_contain_text("20,000 of 40,000")
        follow(page.locator("button[value=stop]"))
        expect(page.get_by_text("nothing is half done")).to_be_visible()
    assert Contact.objects.count() == 20_000
    follow(page.locator("button[value=resume]"))
    assert wizard.done()["new"] == "40,000"
    assert Contact.objects.count() == 40_000

    follow(page.locator("a[href$='/undo/']"))
    expect(page.get_by_text("To go on, type the number of people it touches: 40,000")).to_be_visible()
    follow(page.locator("button.danger"))
    expect(page.get_by_text("This is not the number.")).to_be_visible()
    page.fill("#count", "40,000")
    follow(page.locator("button.danger"))
    expect(page.get_by_text("What it changed has been put back")).to_be_visible()
    assert not Contact.objects.exists()
    assert wizard.complaints == []


@pytest.mark.timeout(400)
@needs_files
def test_the_wizard_works_without_javascript(signed_in):
    assert FOLDER is not None
    wizard = signed_in(java_script_enabled=False)
    page = wizard.page
    wizard.bring(FOLDER / "23_no_header.csv")
    expect(page.get_by_text("The first line looks like a person. Is it one?")).to_be_visible()
    page.select_option("#id_header", "none")
    follow(page.locator("button[name=show]"))
    expect(page.get_by_text("The first line looks like a person")).to_be_hidden()
    wizard.into("News")
    wizard.agree()
    assert wizard.check()["new"] == "20"  # the page asks again by itself
    wizard.go_on_to_the_run()
    wizard.run()
    assert wizard.done()["new"] == "20"
    assert Import.objects.get().status == "done"
