"""A mailing as somebody reads it to whom it was not sent: fallbacks for names, no link of a person, nothing counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html.parser import HTMLParser

from django.conf import settings
from django.core.exceptions import ValidationError

from mailer import preference_links
from mailer.archive import addresses
from mailer.composing import fields_in, fill
from mailer.links import rewriting
from mailer.models import Mailing, MailingMessage, Message
from mailer.writing import checking

DESCRIPTION = 200
# What is no sentence: a button, an address, a line under a heading.
_LINK_IN_TEXT = re.compile(r"^[→←] .*$|https?://\S+|^[-=_*]{3,}$", re.MULTILINE)
_FOOTER = "\n----------\n"  # as `writing.plain` draws it
_LEAST_PICTURE = 200  # pixels; a smaller one is a logo or an icon


def line(text: str) -> str:
    """A subject or preview line, with the fallbacks of its merge fields."""
    return " ".join(fill(text, dict.fromkeys(fields_in(text), "")).split())


@dataclass(frozen=True)
class Page:
    """One mailing in one language."""

    mailing: Mailing
    message: Message
    language: str
    languages: tuple[str, ...]
    is_public: bool

    @property
    def subject(self) -> str:
        return line(self.message.subject)

    @property
    def address(self) -> str:
        return self.address_in(self.language)

    def address_in(self, language: str) -> str:
        """Where the mailing is read in one of its languages: in the archive, or else by the link of its mails."""
        return (addresses.page_of if self.is_public else addresses.web_link)(self.mailing, language)

    @property
    def started_at(self) -> datetime | None:
        return self.mailing.started_at

    @property
    def sender_name(self) -> str:
        return self.message.from_name

    @cached_property
    def description(self) -> str:
        """The preview line, else how the text begins after a heading that only repeats the subject."""
        if preheader := line(self.message.preheader):
            return preheader
        body = self.message.text.partition(_FOOTER)[0]
        said = fill(body, dict.fromkeys(fields_in(body), ""))
        first, _, rest = said.lstrip().partition("\n")
        text = " ".join(_LINK_IN_TEXT.sub(" ", rest if first.strip() == self.subject else said).split())
        return text if len(text) <= DESCRIPTION else text[:DESCRIPTION].rpartition(" ")[0] + " …"

    @cached_property
    def html(self) -> str:
        """The mail's own HTML. Raises ValidationError if it could do anything but be read."""
        found = self.filled(rewriting.restored(self.message.html, self.mailing))
        checking.check(found)
        return found

    @property
    def is_readable(self) -> bool:
        try:
            return bool(self.html)
        except ValidationError:
            return False

    @property
    def text(self) -> str:
        return self.filled(self.message.text)

    @property
    def picture(self) -> str:
        """The first picture of our library in the mail that is large enough to stand for it; "" if there is none."""
        reader = _Pictures()
        reader.feed(self.message.html)
        return next(iter(reader.found), "")

    def filled(self, text: str) -> str:
        """Without a person: merge fields by their fallback, personal links led to pages that ask who one is."""
        fields: Mapping[str, str] = dict.fromkeys(fields_in(text), "")
        lost = preference_links.lost(self.language)
        return fill(
            text, {**fields, "unsubscribe_link": lost, "preferences_link": lost, "web_link": self.address}
        )


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        source, width = known.get("src") or "", known.get("width") or ""
        is_ours = source.startswith(f"{settings.SITE_URL}/pictures/")
        if tag == "img" and is_ours and width.isdecimal() and int(width) >= _LEAST_PICTURE:
            self.found.append(source)


def page_of(mailing: Mailing, wanted: str, otherwise: str = "", *, is_public: bool = True) -> Page | None:
    """The mailing in the language `wanted`, else in `otherwise`, else in its own; None before it is published."""
    newest: dict[str, MailingMessage] = {}
    for row in sorted(mailing.messages.all(), key=lambda row: row.version):
        if row.part == 0:
            newest[row.language] = row
    if not newest:
        return None
    tried = (wanted, wanted.partition("-")[0], otherwise, mailing.language, min(newest))
    language = next(code for code in tried if code in newest)
    codes = sorted(newest, key=lambda code: (code != mailing.language, code))
    return Page(mailing, newest[language].message, language, tuple(codes), is_public)
