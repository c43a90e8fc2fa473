"""Links of a mailing that are counted: found once, when the mailing is frozen, and led through our own address.

Only `href` values of `<a>` and `<area>` in the HTML change, in place: the HTML is not written anew, so that what Outlook
and others need of it stays as MJML made it. A counted link is `…/c/<number>/{{ hit }}`, where the number is that of a
`Link` of the mailing: no address to go to stands in it. Left alone are

- links that hold a merge field or a slot: "unsubscribe", the preferences, the view in a browser, and addresses that
  differ from person to person;
- whatever is no web address: `mailto:`, `tel:`, a place in the page;
- the plain text. Who reads it sees where a link leads, and goes there unwatched.

With the counting comes one link that nobody sees (number 0): whoever follows it is a machine that follows all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from mailer.links import wording
from mailer.models import Link, Mailing
from mailer.signup.wording import page_language

TRAP = 0  # the number of the link that nobody sees
MAX_URL = 2_000
_MAX_LABEL = 200

# One attribute of a start tag as browsers read it: its name, and its value with or without quotes.
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)
_HIT = "{{ hit }}"
# What we add to a mail stands between two comments, so that it can be taken out again.
_BEGIN, _END = "<!--counting-->", "<!--/counting-->"
OWN_PART = re.compile(f"{_BEGIN}.*?{_END}", re.DOTALL)
# Whatever the site was called when the mail left.
COUNTED_LINK = re.compile(r'"https?://[^\s"<>]*/c/([0-9]{1,9})/\{\{ hit \}\}"')


@dataclass(slots=True)
class _Found:
    """An `href` in a text: where its value stands, what it says, and the words of its link."""

    start: int
    end: int
    url: str
    words: list[str] = field(default_factory=list)


def rewrite(html: str, text: str, mailing: Mailing, language: str = "") -> tuple[str, str]:
    """`html` and `text` of a message with the links and the pixel that the mailing's switches ask for, and a sentence
    in the message's language that says so. As they are where nothing is counted.

    Makes the `Link` rows it needs; the same address has one number in all messages of a mailing, also when its text is
    corrected later. Safe to repeat on the same input.
    """
    if not html or not (mailing.track_clicks or mailing.track_opens):
        return html, text
    language = page_language(language or mailing.language)
    sentence = wording.sentence(mailing, language)
    end = wording.paragraph(sentence, language)
    if mailing.track_clicks:
        html = _counted(html, mailing)
        end += _trap()
    if mailing.track_opens:
        end += _pixel()
    if text:
        text = f"{text.rstrip()}\n\n{sentence}\n"
    return _at_the_end(html, f"{_BEGIN}{end}{_END}"), text


def click_url(number: int) -> str:
    """A counted link, with the slot for whose it is."""
    return f"{settings.SITE_URL}/c/{number}/{_HIT}"


def may_be_counted(url: str) -> bool:
    """Whether a link leads to a fixed address of the web: no merge field, nothing that a browser reads otherwise."""
    if len(url) > MAX_URL or "{{" in url or "\\" in url or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def restored(html: str, mailing: Mailing) -> str:
    """A counted message as a stranger may read it: the links lead where they lead, nothing is counted."""
    links = dict(mailing.links.values_list("number", "url"))
    return COUNTED_LINK.sub(lambda match: f'"{escape(links.get(int(match[1]), ""))}"', OWN_PART.sub("", html))


# --- parts ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def _counted(html: str, mailing: Mailing) -> str:
    Mailing.objects.select_for_update().filter(
        pk=mailing.pk
    ).first()  # two messages at once number one after the other
    numbers = dict(mailing.links.values_list("url", "number"))
    parts, position = [], 0
    for found in _links_in(html):
        if not may_be_counted(found.url):
            continue
        if found.url not in numbers:
            numbers[found.url] = max(numbers.values(), default=TRAP) + 1
            label = " ".join("".join(found.words).split())[:_MAX_LABEL]
            Link.objects.create(mailing=mailing, number=numbers[found.url], url=found.url, label=label)
        parts += [html[position : found.start], f'"{click_url(numbers[found.url])}"']
        position = found.end
    return "".join([*parts, html[position:]])


class _Reader(HTMLParser):
    """Finds the links as Python's HTML parser sees them; comments, where Outlook's own HTML stands, are none."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Found] = []
        self._open: _Found | None = None
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"a", "area"}:
            self._open = self._read(dict(reversed(attrs)).get("href"))
        elif tag == "img" and self._open is not None:
            self._open.words.append(f" {dict(attrs).get('alt') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.words.append(data)

    def _read(self, url: str | None) -> _Found | None:
        """Where the value of the tag's first `href` stands; None if the tag cannot be read like that for certain."""
        line, offset = self.getpos()
        tag, start = self.get_starttag_text() or "", self._lines[line - 1] + offset
        for match in _ATTRIBUTE.finditer(tag):
            if match[1].lower() != "href":
                continue
            if url is None or unescape(match[2].strip("\"'")) != url:
                return None
            found = _Found(start + match.start(2), start + match.end(2), url.strip())
            self.found.append(found)
            return found
        return None


def _links_in(html: str) -> Iterator[_Found]:
    yield from _Reader(html).found


def _trap() -> str:
    hidden = "display:none;font-size:0;line-height:0;max-height:0;overflow:hidden;mso-hide:all"
    return f'<div style="{hidden}" aria-hidden="true"><a href="{click_url(TRAP)}" tabindex="-1">·</a></div>'


def _pixel() -> str:
    """One by one, with an empty alt: nothing to see, nothing to read aloud."""
    source = f"{settings.SITE_URL}/o/{_HIT}.gif"
    return f'<img src="{source}" alt="" width="1" height="1" style="display:block;width:1px;height:1px;border:0">'


def _at_the_end(html: str, what: str) -> str:
    place = max((match.start() for match in _END_OF_BODY.finditer(html)), default=len(html))
    return html[:place] + what + html[place:]
