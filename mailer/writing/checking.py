"""Refuses HTML that could do anything but be read. It changes nothing: cleaning compiled MJML would lose what
Outlook needs, and mjml-python breaks out of attributes, so that the result is looked at, not the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from mailer.writing import fields

TAGS = frozenset(
    [
        "a",
        "abbr",
        "address",
        "article",
        "aside",
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "i",
        "img",
        "ins",
        "li",
        "main",
        "meta",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "section",
        "small",
        "span",
        "strong",
        "strike",
        "style",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "tt",
        "u",
        "ul",
        "wbr",
    ]
)
# In the conditional comments that MJML writes for Outlook.
_OUTLOOK_TAGS = frozenset(
    [
        "noscript",
        "xml",
        "o:officedocumentsettings",
        "o:allowpng",
        "o:pixelsperinch",
        "v:rect",
        "v:roundrect",
        "v:fill",
        "v:textbox",
        "v:image",
        "v:stroke",
        "w:anchorlock",
    ]
)
_LINKS = {"href": frozenset({"http", "https", "mailto", "tel"})}
_PICTURES = frozenset({"src", "background", "lowsrc", "poster"})
_OTHER_ADDRESSES = frozenset(
    {"action", "formaction", "cite", "data", "longdesc", "ping", "xlink:href", "srcset", "usemap"}
)
_META = frozenset({"x-ua-compatible", "content-type"})
_DATA_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z", re.IGNORECASE)
_STYLE = re.compile(
    r"@import|@font-face|expression\s*\(|behavior\s*:|-moz-binding|javascript\s*:|vbscript\s*:|</", re.I
)
_STYLE_ADDRESS = re.compile(r"url\s*\(\s*['\"]?\s*([^'\")]*)", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\r\n\f]?")  # a letter by its number, as browsers read it
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028\u2029\u2060\ufeff]+")
_CONDITION = re.compile(r"\[if [^\]]{1,60}\]>(.*)<!\[endif\]", re.DOTALL)
_REVEALED = re.compile(r"(\[if [^\]]{1,60}\]><!|<!\[endif\])\Z")


def check(html: str) -> None:
    """Raise ValidationError naming everything in a mail's HTML that is not only there to be read or followed."""
    if found := list(dict.fromkeys(problems(html))):
        raise ValidationError([ValidationError(one, code="unsafe_html") for one in found])


def problems(html: str) -> Iterator[str]:
    """What is refused: scripts, handlers, forms, frames, `@import`, remote fonts, addresses of any other scheme."""
    checker = _Checker()
    checker.feed(html)
    checker.close()
    yield from checker.found


def of_tag(tag: str, *, outlook: bool = False) -> Iterator[str]:
    """What is wrong with a tag's name."""
    if tag not in TAGS and not (outlook and tag in _OUTLOOK_TAGS):
        yield gettext("<%(tag)s> may not stand in a mail.") % {"tag": tag[:40]}


def of_attribute(tag: str, name: str, value: str) -> Iterator[str]:
    """What is wrong with one attribute."""
    if name.startswith("on") or name in _OTHER_ADDRESSES:
        yield gettext("The attribute %(name)s may not stand in a mail.") % {"name": name[:40]}
    elif tag == "meta" and name == "http-equiv" and value.strip().lower() not in _META:
        yield gettext("<%(tag)s> may not stand in a mail.") % {"tag": f"meta {value[:40]}"}
    elif name in _LINKS:
        if not _is_link(value):
            yield gettext("A link may not lead to %(address)s.") % {"address": value[:60]}
    elif name in _PICTURES:
        if not is_picture(value):
            yield gettext("A picture may not come from %(address)s.") % {"address": value[:60]}
    elif name == "style":
        yield from of_style(value)


def of_style(css: str) -> Iterator[str]:
    """What is wrong with a style."""
    # A comment may stand within a word, and what looks like one may be none (`\/*`): both readings have to be harmless.
    for one in dict.fromkeys((css, _CSS_COMMENT.sub("", css))):
        yield from _of_bare_style(_CSS_ESCAPE.sub(_letter, one).replace("\\", ""))


def _of_bare_style(bare: str) -> Iterator[str]:
    if found := _STYLE.search(bare):
        yield gettext("%(words)s may not stand in the style of a mail.") % {"words": found[0]}
    for address in _STYLE_ADDRESS.findall(bare):
        if not is_picture(address):
            yield gettext("A picture may not come from %(address)s.") % {"address": address[:60]}


def _letter(escape: re.Match[str]) -> str:
    number = int(escape[1], 16)
    return chr(number) if 0 < number < 0xD800 else "\ufffd"


def _is_link(value: str) -> bool:
    address = _UNSEEN.sub("", value)
    if address.startswith("#") or fields.SLOT.fullmatch(
        value.strip()
    ):  # the door fills it with an address of ours
        return True
    return address.partition(":")[0].lower() in _LINKS["href"] and ":" in address


def is_picture(value: str) -> bool:
    address = _UNSEEN.sub("", value)
    return address.lower().startswith(("https://", "http://")) or bool(_DATA_PICTURE.match(address))


class _Checker(HTMLParser):
    def __init__(self, *, outlook: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.outlook = outlook
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += of_tag(tag, outlook=self.outlook)
        for name, value in attrs:
            self.found += of_attribute(tag, name, value or "")
        self.in_style = tag == "style"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.in_style = False

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.found += of_style(data)

    def handle_comment(self, data: str) -> None:
        """Outlook reads what stands in a conditional comment, so it is looked at as well."""
        if _REVEALED.match(data.strip()) or not data.strip():
            return
        inner = _CONDITION.fullmatch(data.strip())
        if inner is None:
            self.found.append(gettext("A comment may not stand in a mail."))
            return
        checker = _Checker(outlook=True)
        checker.feed(inner[1])
        checker.close()
        self.found += checker.found

    def handle_decl(self, decl: str) -> None:
        if decl.strip().lower() != "doctype html":
            self.found.append(gettext("A declaration may not stand in a mail."))

    def handle_pi(self, data: str) -> None:
        self.found.append(gettext("A declaration may not stand in a mail."))

    def unknown_decl(self, data: str) -> None:
        # `<![endif]-->` closes what every program but Outlook reads.
        if data.strip() not in {"endif", "endif]--"}:
            self.found.append(gettext("A declaration may not stand in a mail."))
