"""Writing a mailing in a real browser: from blocks, saved as one types, seen as its readers see it, by two at once."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from accounts.models import User
from mailer.mailings import texts
from mailer.mailings.texts import Content
from mailer.models import Mailing, MailingRevision, Picture
from tests.browser import follow
from tests.factories import make_contact, make_mailing, make_mailing_list, make_sender
from tests.staff import make_staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Open = Callable[..., "Page"]


@pytest.fixture
def open_desk(browser: Browser, live_server) -> Iterator[Open]:
    """Opens the desk for a person. What a page complains of, such as a breach of the policy, fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(user: User, *, language: str = "en", width: int = 1280, **options: object) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", **options)
        cookies = {"sessionid": client.cookies["sessionid"].value, settings.LANGUAGE_COOKIE_NAME: language}
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    # A save that was overtaken is answered by 409, which the browser writes down as well.
    assert [said for said in complaints if "409" not in said] == []


def url(live_server, mailing: Mailing, name: str = "write") -> str:
    return live_server.url + reverse(f"admin:mailer_mailing_{name}", args=[mailing.pk])


def saved(page: Page, version: int) -> None:
    """Wait until a version from `version` on is saved and nothing is typed after it."""
    from_there_on = "|".join(str(number) for number in range(version, 100))
    expect(page.locator("[name=version]")).to_have_value(re.compile(f"^({from_there_on})$"))
    expect(page.locator("#saved")).to_contain_text("Saved")


def shown(page: Page) -> str:
    """What the preview says now."""
    return page.frame_locator("#screen iframe.shown").locator("body").inner_text()


def add(page: Page, kind: str) -> str:
    """Add a block by the keyboard, at the end; gives its id."""
    page.locator("#choose-end").press("Enter")
    button = page.locator(f'button[value="add {kind} end"]')
    button.press("Enter")
    expect(button).to_have_count(0)
    block = page.evaluate("document.activeElement.dataset.block")
    assert block, "the new block has the focus"
    return str(block)


def picture_file() -> dict[str, object]:
    out = io.BytesIO()
    Image.new("RGB", (800, 400), (40, 90, 60)).save(out, "PNG")
    return {"name": "court.png", "mimeType": "image/png", "buffer": out.getvalue()}


def test_a_mailing_is_written_from_blocks_and_nothing_of_it_is_lost(open_desk, live_server):
    make_mailing_list(name="Friends of justice")
    make_sender(name="Coalition")
    make_contact("wanjiru@example.org", first_name="Wanjirũ", country="KE")
    page = open_desk(make_staff("superuser"))
    page.goto(live_server.url + reverse("admin:mailer_mailing_add"))
    page.check("[name=begin_from][value=blank]")
    page.fill("[name=name]", "November call to action")
    page.select_option("[name=mailing_list]", label="Friends of justice")
    page.select_option("[name=sender]", label="Coalition")
    follow(page.locator("text=Begin writing"))
    mailing = Mailing.objects.get()

    page.fill("#subject", "{{ first_name | Friend }}, stand with victims")
    page.fill("#preheader", "Two minutes that count")
    heading, text = (one.get_attribute("data-block") for one in page.locator("[data-block]").all()[:2])
    page.fill(f"[id='{heading}-text']", "Let justice reach everyone")
    page.click(f"[id='{text}-html-rich']")
    page.keyboard.type("Dear ")
    page.click(".composer-merge summary")
    page.fill("#merge-fallback", "friend")
    page.click("#merge-insert")
    page.keyboard.type(", write to them. ")
    page.keyboard.press("Control+b")
    page.keyboard.type("Today.")
    expect(page.frame_locator("#screen iframe.shown").locator("body")).to_contain_text(
        "Dear friend, write to them. Today."
    )

    button = add(page, "button")
    page.fill(f"[id='{button}-text']", "Write to them")
    page.fill(f"[id='{button}-url']", "https://epistle.example/write/")
    points = add(page, "list")
    page.click(f"[id='{points}-items-rich']")
    page.keyboard.type("Open the page")
    page.keyboard.press("Enter")
    page.keyboard.type("Choose your country")
    picture = add(page, "picture")
    page.click(f"[data-open-library='{picture}-picture']")
    page.set_input_files("#picker-file", picture_file())
    page.fill("#picker-alt", "The court in The Hague")
    page.click("text=Add and use")
    expect(page.locator("#library")).to_be_hidden()
    expect(page.locator(f"[id='{picture}-alt']")).to_have_value("The court in The Hague")

    page.locator(f"#up-{picture}").press("Enter")
    expect(page.locator(f"#up-{picture}")).to_be_focused()
    page.locator(f"#remove-{points}").press("Enter")
    expect(page.locator("#undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#block-{points}")).to_be_visible()
    saved(page, 5)
    page.reload()
    stored = mailing.texts.get()
    kinds = [block["kind"] for block in stored.blocks]
    assert kinds == ["heading", "text", "button", "picture", "list", "footer"]
    assert stored.blocks[1]["html"] == (
        "<p>Dear {{ first_name | friend }}, write to them. <strong>Today.</strong></p>"
    )
    assert stored.blocks[4]["items"] == ["Open the page", "Choose your country"]
    assert stored.blocks[3]["picture"] == Picture.objects.get().pk

    # A handle is dragged below the next block; a click in the mail leads to the block it came from.
    over = page.locator(f"#block-{text}")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.locator(f"#block-{heading} .composer-handle").drag_to(
        over, target_position={"x": box["width"] / 2, "y": box["height"] - 8}
    )
    saved(page, 7)
    assert [block["kind"] for block in mailing.texts.get().blocks][:2] == ["text", "heading"]
    page.frame_locator("#screen iframe.shown").get_by_text("Let justice reach everyone").click()
    expect(page.locator(f"[id='{heading}-text']")).to_be_focused()

    page.fill("[name=show_as]", "wanjiru@example.org")
    page.keyboard.press("Enter")
    frame = page.frame_locator("#screen iframe.shown")
    expect(frame.locator("body")).to_contain_text("Wanjirũ, stand with victims")
    expect(frame.locator("img[alt='The court in The Hague']")).to_have_js_property("naturalWidth", 800)
    page.check("[name=show_width][value=phone]", force=True)
    expect(page.locator("#screen iframe.shown")).to_have_css("width", "375px")
    page.check("[name=show_what][value=text]", force=True)
    expect(frame.locator("pre")).to_contain_text("Dear Wanjirũ, write to them. Today.")


def test_two_who_write_at_once_are_told_and_keep_both_texts(open_desk, live_server):
    ann, ben = make_staff("superuser", first_name="Ann"), make_staff("superuser", first_name="Ben")
    mailing = make_mailing()
    page = open_desk(ann)
    page.goto(url(live_server, mailing))
    second = open_desk(ben)
    second.goto(url(live_server, mailing))
    expect(second.locator("#others")).to_contain_text("Ann has this open (English).")
    text = mailing.texts.get()
    texts.save(text, text.version, Content("Ben's subject", "", text.blocks, ""), ben)
    page.fill("[id='a1-text']", "Ann's heading")
    expect(page.locator("#saved")).to_contain_text("Ben saved this text since you opened it")
    assert MailingRevision.objects.get(aside=True).by == ann
    follow(page.locator("text=See both"))
    page.check("[name=part-a1][value=mine]")
    follow(page.locator("text=Save as chosen"))
    expect(page.locator("#subject")).to_have_value("Ben's subject")
    expect(page.locator("[id='a1-text']")).to_have_value("Ann's heading")


def long_mailing() -> Mailing:
    mailing = make_mailing()
    text = mailing.texts.get()
    empty = {"id": "b1", "kind": "button", "text": "", "url": ""}
    points = {"id": "l1", "kind": "list", "items": ["Open the page", "Choose your country"]}
    footer = text.blocks[-1]
    texts.save(
        text,
        text.version,
        Content("Subject", "", [*text.blocks[:-1], points, empty, footer], ""),
        make_staff(),
    )
    return mailing


def test_on_a_phone_writing_and_preview_take_turns_and_blocks_fold_to_a_line(open_desk, live_server):
    page = open_desk(make_staff("superuser"), width=375, language="ar")
    page.goto(url(live_server, long_mailing()))
    fold, points = page.locator("#block-a1 .composer-fold"), page.locator("#block-l1 .composer-fold")
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(fold).to_contain_text("Stand with victims")
    expect(points).to_contain_text("Open the page Choose your country")
    expect(page.locator("#preview")).to_be_hidden()

    fold.press("Enter")
    page.fill("[id='a1-text']", "Stand with all victims")
    page.locator("[data-view=preview]").click()
    expect(page.locator("[data-view=preview]")).to_have_attribute("aria-current", "true")
    expect(page.locator("#block-a1")).to_be_hidden()
    expect(page.locator("#saved")).to_be_visible()
    mail = page.frame_locator("#screen iframe.shown")
    expect(mail.locator("body")).to_contain_text("Stand with all victims")

    # A tap on the mail leads to where it is written, and opens it; so does a link to what is missing.
    mail.get_by_text("justice must be global").click()
    expect(page.locator("[id='a2-html-rich']")).to_be_focused()
    expect(page.locator("#preview")).to_be_hidden()
    page.locator("#problems summary").click()
    page.locator("#problems a[href='#block-b1']").first.click()
    expect(page.locator("[id='b1-text']")).to_be_visible()

    # What is folded stays folded when the server answers with the blocks anew; what was opened stays open.
    page.locator("#down-l1").press("Enter")
    expect(page.locator(".composer-blocks > li").nth(3)).to_have_attribute("data-block", "l1")
    expect(points).to_have_attribute("aria-expanded", "false")
    expect(page.locator("[id='b1-text']")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    sizes = page.evaluate(
        "[...document.querySelectorAll('#writing button, #writing select, .composer-views a')]"
        ".filter((one) => one.checkVisibility({ opacityProperty: true }) && !one.matches('.rich-tools *, .segment-enter'))"
        ".map((one) => [one.id || one.textContent.trim(), Math.round(one.getBoundingClientRect().height)])"
        ".filter(([, height]) => height < 40)"
    )
    assert sizes == []


def test_without_a_script_the_preview_of_a_phone_is_one_link_away(open_desk, live_server):
    page = open_desk(make_staff("superuser"), width=375, java_script_enabled=False)
    page.goto(url(live_server, long_mailing()))
    expect(page.locator("[id='a1-text']")).to_be_visible()
    page.locator(".composer-views a[href='#preview']").click()
    expect(page.locator("#screen iframe")).to_be_in_viewport()
    page.locator(".composer-views a[href='#writing']").click()
    expect(page.locator("#subject")).to_be_in_viewport()
