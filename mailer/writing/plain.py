"""The text part of a mailing, as a person would have written it: from the blocks, not from the HTML.

Headings are underlined. The address of a link stands behind its words, in angle brackets where the sentence goes on
(RFC 3986, appendix C), and that of a button on the button's line. Lines are not broken: mail programs fold them for the
reader's window.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mailer import share_networks
from mailer.composing import tidy
from mailer.writing import expert, rich
from mailer.writing.blocks import Block
from mailer.writing.fields import FIELD

_SLOT = "{{{{ {name} }}}}"


@dataclass(frozen=True, slots=True)
class Footing:
    """What the end of a mail says, in its language. words: cleaned HTML of the footer block."""

    why: str
    sender_name: str
    postal_address: str
    words: str
    theme_words: str
    unsubscribe: str
    preferences: str
    web: str


def of(body: Sequence[Block], footing: Footing, direction: str = "ltr") -> str:
    """The text part of some blocks, with the footer at its end."""
    arrow = "←" if direction == "rtl" else "→"
    parts = [_said(block, arrow) for block in body]
    return tidy("\n\n".join(part for part in [*parts, foot(footing)] if part))


def foot(footing: Footing) -> str:
    """The footer: own words, why the reader gets it, the ways out, who sent it and from where."""
    parts = [
        "-" * 10,
        from_rich(footing.words),
        footing.theme_words,
        footing.why,
        "\n".join(_ways_out(footing)),
        "\n".join(line for line in (footing.sender_name, footing.postal_address) if line),
    ]
    return "\n\n".join(part for part in parts if part)


def _ways_out(footing: Footing) -> list[str]:
    return [
        f"{words}: {_SLOT.format(name=name)}"
        for name, words in (
            ("unsubscribe_link", footing.unsubscribe),
            ("preferences_link", footing.preferences),
            ("web_link", footing.web),
        )
    ]


def with_ways_out(text: str, footing: Footing) -> str:
    """A text, with whatever a mailing must say and it does not: the way to unsubscribe, and who sent it from where."""
    missing = []
    if "unsubscribe_link" not in text:
        missing.append(f"{footing.why}\n{_ways_out(footing)[0]}")
    if footing.postal_address and footing.postal_address not in text:
        missing.append(f"{footing.sender_name}\n{footing.postal_address}")
    return tidy("\n\n".join([text.rstrip(), *missing]))


# --- the kinds ---------------------------------------------------------------------------------------------


def _said(block: Block, arrow: str) -> str:
    match block.kind:
        case "heading":
            return _underlined(block["text"], block["level"])
        case "text":
            return from_rich(block["html"])
        case "list":
            return _listed(
                [from_rich(item) for item in block["items"] if rich.words(item)], block["numbered"]
            )
        case "button":
            return f"{arrow} {block['text']}: {block['url']}"
        case "picture":
            return _picture(block)
        case "video":
            return f"{arrow} {block['text'] or _('Watch the video')}: {block['url']}"
        case "quote":
            return _quoted(block)
        case "share":
            return _shared(block)
        case "divider":
            return "* * *"
        case "columns":
            return "\n\n".join(part for part in (_said(one, arrow) for one in block.inside()) if part)
        case "mjml":
            return from_mjml(expert.fragment(block["source"]).source)
    return ""


def _underlined(words: str, level: str) -> str:
    if not words:
        return ""
    as_read = FIELD.sub(lambda match: (match[2] or "").strip() or match[1], words)
    return f"{words}\n{('=' if level == '1' else '-') * min(_width(as_read), 72)}" if level != "3" else words


def _width(words: str) -> int:
    """How wide a text stands in a fixed font: signs of East Asia are two wide, marks none."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in words
    )


def _listed(items: Sequence[str], numbered: bool) -> str:
    marks = [f"{number}. " if numbered else "- " for number in range(1, len(items) + 1)]
    return "\n".join(
        mark + item.replace("\n", "\n" + " " * len(mark)) for mark, item in zip(marks, items, strict=True)
    )


def _picture(block: Block) -> str:
    caption = from_rich(block["caption"])
    shown = _("[Picture: %(alt)s]") % {"alt": block["alt"]} if block["alt"] else ""
    return "\n".join(part for part in (shown, block["link"], caption) if part)


def _quoted(block: Block) -> str:
    lines = from_rich(block["html"]).split("\n")
    if block["source"]:
        lines += ["", f"– {block['source']}"]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _shared(block: Block) -> str:
    ways = ", ".join(share_networks.label(name) for name in block["networks"])
    title = block["title"] or _("Pass it on: %(networks)s") % {"networks": ways}
    return "\n".join(part for part in (title, block["text"], block["url"]) if part)


def from_rich(html: str) -> str:
    """Cleaned rich text as plain text: paragraphs apart, points with signs, each link behind its words."""
    return tidy(_Writer().through(html)).strip("\n") if html else ""


def from_mjml(source: str) -> str:
    """The words, links and pictures of an expert's MJML, in order."""
    return tidy(_Writer().through(source)).strip("\n")


_APART = {
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "ul",
    "ol",
    "table",
    "mj-text",
    "mj-button",
    "mj-image",
}
_OWN_LINE = {"tr", "div", "li"}


# Between these two stands what belongs to a link: its place in a sentence is known only when the sentence has ended.
_BEGIN, _END = "\ue000", "\ue001"
_LINK = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}([^{_BEGIN}{_END}]*){_END}(?=([^\n]?))")


class _Writer(rich.Walker):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.lists: list[int | None] = []  # the number reached in each open list; None: without numbers
        self.is_fresh = False  # nothing stands behind a point's sign yet

    def through(self, html: str) -> str:
        return _LINK.sub(_linked, super().through(html.replace(_BEGIN, "").replace(_END, "")))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _APART and not self.lists:
            self.out.append("\n\n")
        elif tag in _OWN_LINE or (tag in _APART and tag not in {"ul", "ol"} and not self.is_fresh):
            self.out.append("\n")
        self.is_fresh = tag == "li"
        match tag:
            case "br":
                self.out.append("\n")
            case "ul" | "ol":
                self.lists.append(0 if tag == "ol" else None)
            case "li":
                self.out.append(self.sign())
            case "td" | "th":
                self.out.append(" ")
            case "img" | "mj-image" if given.get("alt"):
                self.out.append(_("[Picture: %(alt)s]") % {"alt": given["alt"]})
            case "a" | "mj-button":
                self.hrefs.append(given.get("href") or "")
                self.out.append(_BEGIN)

    def sign(self) -> str:
        if not self.lists:
            return "- "
        indent = "  " * (len(self.lists) - 1)
        reached = self.lists[-1]
        if reached is None:
            return f"{indent}- "
        self.lists[-1] = reached + 1
        return f"{indent}{reached + 1}. "

    def handle_endtag(self, tag: str) -> None:
        if tag in {"a", "mj-button"} and self.hrefs:
            self.out.append(f"{_END}{self.hrefs.pop()}{_END}")
        if tag in {"ul", "ol"} and self.lists:
            self.lists.pop()
        if tag in _APART and not self.lists:
            self.out.append("\n\n")

    def handle_data(self, data: str) -> None:
        words = re.sub(r"\s+", " ", data)
        if not self.out or self.out[-1].endswith("\n"):
            words = words.lstrip()
        self.is_fresh = self.is_fresh and not words.strip()
        self.out.append(words)


def _linked(match: re.Match[str]) -> str:
    """The words of a link and its address behind them, unless the words are the address."""
    words, href, after = match[1].strip(), match[2], match[3]
    bare = re.sub(r"^(https?://(www\.)?|mailto:|tel:)", "", href).rstrip("/")
    if not href or bare == re.sub(r"^(https?://(www\.)?)", "", words).rstrip("/"):
        return match[1]
    if not words:
        return href
    return f"{match[1].rstrip()} <{href}>" if after else f"{match[1].rstrip()}: {href}"
