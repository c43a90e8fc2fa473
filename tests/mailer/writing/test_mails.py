"""A mail as it leaves: read strictly, asked of a linter, and seen by a browser as narrow as a phone."""

from __future__ import annotations

import functools
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from django.core.mail import EmailMultiAlternatives

from contacts.models import MailingList
from mailer.composing import fill
from mailer.models import Mailing, MailingText, Sender, Theme
from mailer.writing import rendering
from tests.mailer.writing import linter
from tests.mailer.writing.samples import EVERY_KIND

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VALUES = {
    "first_name": "Zoë & <Ann>",
    "unsubscribe_link": "https://epistle.example/en/u/x",
    "preferences_link": "https://epistle.example/en/p/x",
    "web_link": "https://epistle.example/en/m/x",
}
# Nothing here can be read as it is: pale words and an accent like the sun.
PALE = Theme(
    accent="#ffcc00", ink="#bbbbbb", ground="#23395b", headings="sans", profiles={"x": "https://x.com/us"}
)
ARABIC: dict[str, dict[str, Any]] = {
    "b1": {"text": "قفوا مع الضحايا {{ first_name | صديقنا }}"},
    "b2": {
        "html": "<p>عزيزي {{ first_name | صديق }}، <a href='https://epistle.example/ar/'>العدالة</a> للجميع.</p>"
    },
    "b4": {"text": "اكتبوا إليهم"},
    "b6": {"items": ["عدالة عالمية حقًا", "محكمة قوية"]},
    "b9": {"html": "<p>تدرك جميع الشعوب أن روابط مشتركة توحدها.</p>"},
}


@functools.cache
def mails() -> dict[str, rendering.Rendered]:
    """Every kind of block in two directions and two looks, filled for one person."""
    arabic = [{**one, **ARABIC.get(one["id"], {})} for one in EVERY_KIND]
    return {
        "English": _filled("en", EVERY_KIND, Theme()),
        "Arabic": _filled("ar", arabic, Theme()),
        "pale": _filled("en", EVERY_KIND, PALE),
        "bare": _filled("en", EVERY_KIND[:2], Theme(paper="#101010", ground="#000000", ink="#101010")),
    }


def _filled(language: str, blocks: list[dict], theme: Theme) -> rendering.Rendered:
    mailing = Mailing(
        language=language,
        sender=Sender(name="Coalition", postal_address="1 Example Street, Example Town"),
        mailing_list=MailingList(name="News"),
    )
    text = MailingText(
        mailing=mailing,
        language=language,
        subject="Stand with {{ first_name | friend }}",
        preheader="Four asks, one minute.",
        blocks=blocks,
    )
    made = rendering.render(text, theme=theme, known={"first_name"})
    return rendering.Rendered(
        fill(made.subject, VALUES),
        made.preheader,
        fill(made.html, VALUES, html=True),
        fill(made.text, VALUES),
        made.links,
        made.fields,
    )


def test_a_linter_for_html_mail_finds_no_error():
    assert linter.errors({name: mail.html for name, mail in mails().items()}) == []


def test_the_linter_is_asked_for_what_it_can_tell():
    bad = (
        '<html><body><a href="">x</a><img src="https://epistle.example/a.png"><p>{{ name }}</p></body></html>'
    )
    assert {rule for _name, rule, _message in linter.errors({"bad": bad})} >= {"unresolved-variable"}


@pytest.mark.parametrize("name", ["English", "Arabic"])
def test_a_strict_reader_of_mail_finds_both_parts_as_they_were_written(name: str):
    made = mails()[name]
    mail = EmailMultiAlternatives(made.subject, made.text, "news@epistle.example", ["ann@epistle.example"])
    mail.attach_alternative(made.html, "text/html")
    raw = mail.message().as_bytes(linesep="\r\n")
    read = message_from_bytes(raw, policy=policy.strict)
    parts = {part.get_content_type(): part.get_content() for part in read.walk() if not part.is_multipart()}
    assert parts["text/plain"].replace("\r\n", "\n") == made.text
    assert parts["text/html"].replace("\r\n", "\n").strip() == made.html.strip()
    assert read["subject"] == "Stand with Zoë & <Ann>"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert "Zoë &amp; &lt;Ann&gt;" in made.html


def test_a_mail_stays_below_what_gmail_cuts_off():
    assert all(len(mail.html.encode()) < 60_000 for mail in mails().values())


# --- in a browser ---------------------------------------------------------------------------------------------------


def _shown(browser: Browser, html: str, width: int, scheme: str) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.route("**/*", lambda route: route.abort())  # pictures are off
    page.set_content(html)
    return page


@pytest.mark.browser
def test_on_a_phone_nothing_is_wider_and_no_word_is_lost_in_light_and_dark(browser: Browser):
    from axe_playwright_python.sync_playwright import Axe

    rules = {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}
    for name, mail in mails().items():
        for width, scheme in ((320, "light"), (320, "dark"), (640, "light")):
            page = _shown(browser, mail.html, width, scheme)
            what = f"{name}, {width}, {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth") == width, what
            found = Axe().run(page, options=rules)
            assert not found.response["violations"], f"{what}: {found.generate_report()}"
            assert page.locator("h1").count() == 1, what
            assert page.evaluate("document.dir") == ("rtl" if name == "Arabic" else "ltr"), what
            page.context.close()


@pytest.mark.browser
def test_arabic_words_and_columns_begin_at_the_right(browser: Browser):
    page = _shown(browser, mails()["Arabic"].html, 640, "light")
    heading = page.locator("h1").evaluate(
        "one => getComputedStyle(one).direction + getComputedStyle(one).textAlign"
    )
    assert heading == "rtlright"
    left, right = (
        page.get_by_text(words, exact=True).bounding_box()["x"]  # type: ignore[index]
        for words in ("Left", "Right")
    )
    assert left > right
    page.context.close()
