"""Rich text: the few tags that a paragraph of a mail may hold. Cleaned on input, styled or made plain on output.

A cleaned text is well-formed: every tag is closed, in order, and has only the attributes named here. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from html.parser import HTMLParser

import nh3

INLINE = {"a", "br", "em", "s", "span", "strong", "sub", "sup", "u"}
LISTS = {"ul", "ol", "li"}
TAGS = {"p", "h3", "h4", "blockquote", *LISTS, *INLINE}
SCHEMES = {"http", "https", "mailto", "tel"}
_SAME = {"b": "strong", "i": "em", "strike": "s", "del": "s", "h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4"}
_SAME["div"] = "p"
_DIRECTED = TAGS - {"br", "a"}
_ATTRIBUTES = {"a": {"href"}, **{tag: {"dir", "lang"} for tag in _DIRECTED}}
_VOID = {"br"}
_BLOCKS = TAGS - INLINE
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*?(/?)>")
_ALONE = {"br", "img", "hr", "col", "wbr", "meta", "input", "link"}
MOST_DEPTH = 300  # of tags within each other, from which on cleaning takes its time; nobody writes so
_BLANK = re.compile(r"[ \t\r\n\f]+")

Attributes = Mapping[str, str]


def clean(html: str) -> str:
    """`html` with nothing but the tags and attributes of a paragraph of a mail; other tags leave their text behind.

    Scripts and styles go with their content, an address that is none of SCHEMES loses its link. Safe to repeat.
    """
    return _Cleaner.cleaned(_safe(html, TAGS | set(_SAME)))


def clean_line(html: str) -> str:
    """Like `clean`, for a text within one paragraph: paragraphs become line breaks."""
    found = _Cleaner.cleaned(_safe(html, TAGS | set(_SAME)), inline=True)
    return re.sub(r"^(?:<br>|\s)+|(?:<br>|\s)+$", "", found)


def depth(html: str) -> int:
    """How deep tags stand in each other, counted without recursion and before native code sees them."""
    deepest = now = 0
    for match in _TAG.finditer(html):
        if match[1]:
            now = max(now - 1, 0)
        elif not match[3] and match[2].lower() not in _ALONE:
            now += 1
            deepest = max(deepest, now)
    return deepest


def shallow(html: str) -> str:
    """HTML as it is, or its words alone where its tags stand in each other deeper than anybody writes."""
    return html if depth(html) <= MOST_DEPTH else _TAG.sub(" ", html)


def _safe(html: str, tags: set[str]) -> str:
    html = shallow(html)
    return nh3.clean(
        html.replace("\0", ""),
        tags=tags,
        attributes={"a": {"href"}, **{tag: {"dir", "lang"} for tag in tags - {"a"}}},
        url_schemes=SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


class Walker(HTMLParser):
    """Goes through cleaned HTML. Subclasses say what becomes of a tag and of a text; `out` gathers it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def through(self, html: str) -> str:
        self.feed(html)
        self.close()
        return "".join(self.out)


class _Cleaner(Walker):
    """Writes the tags we know by their one name, with the attributes that are theirs."""

    def __init__(self, *, inline: bool) -> None:
        super().__init__()
        self.inline = inline
        self.open: list[bool] = []  # of each tag that stands open: whether it was written

    @classmethod
    def cleaned(cls, html: str, *, inline: bool = False) -> str:
        return cls(inline=inline).through(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = _SAME.get(tag, tag)
        kept = {
            name: value.strip()
            for name, value in attrs
            if value and name in _ATTRIBUTES.get(tag, ()) and _fits(name, value.strip())
        }
        says = not (self.inline and tag in _BLOCKS) and (bool(kept) or tag not in {"a", "span"})
        if tag not in _VOID:
            self.open.append(says)
        if says:
            self.out.append(f"<{tag}{written(kept)}>")

    def handle_endtag(self, tag: str) -> None:
        tag = _SAME.get(tag, tag)
        if tag in _VOID:
            return
        if self.open.pop():
            self.out.append(f"</{tag}>")
        elif self.inline and tag in _BLOCKS:
            self.out.append("<br>")

    def handle_data(self, data: str) -> None:
        self.out.append(escape(data, quote=False))


def _fits(name: str, value: str) -> bool:
    match name:
        case "dir":
            return value in {"ltr", "rtl", "auto"}
        case "lang":
            return bool(_LANGUAGE.fullmatch(value))
    return True


def written(attributes: Mapping[str, str | None]) -> str:
    """Attributes as they stand in a tag, each with a blank before it."""
    return "".join(f' {name}="{escape(value or "", quote=True)}"' for name, value in attributes.items())


def styled(html: str, styles: Mapping[str, str], address: Callable[[str], str]) -> str:
    """Cleaned HTML as it stands in a mail: a style on each tag, every tag closed as XML wants it.

    `address` gives what a link leads to, from what the author wrote; "" takes the link away.
    """
    return _Styler(styles, address).through(html)


class _Styler(Walker):
    def __init__(self, styles: Mapping[str, str], address: Callable[[str], str]) -> None:
        super().__init__()
        self.styles = styles
        self.address = address
        self.points = 0  # how many open list items we stand in

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            href = self.address(given.get("href") or "")
            given = {"href": href, "target": "_blank"} if href else {}
        if style := "margin:0" if tag == "p" and self.points else self.styles.get(tag):
            given["style"] = style
        self.points += tag == "li"
        self.out.append(f"<{tag}{written(given)}{' /' if tag in _VOID else ''}>")

    def handle_endtag(self, tag: str) -> None:
        self.points -= tag == "li"
        if tag not in _VOID:
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.out.append(escape(data, quote=False))


def links(html: str) -> Iterator[tuple[str, str]]:
    """Address and words of each link, in order."""
    finder = _Links()
    finder.through(html)
    yield from finder.found


class _Links(Walker):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.href, self.out = dict(attrs).get("href") or "", []

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.href is not None:
            self.found.append((self.href, _BLANK.sub(" ", "".join(self.out)).strip()))
            self.href = None

    def handle_data(self, data: str) -> None:
        self.out.append(data)


def words(html: str) -> str:
    """The bare words in one line: to see whether anything is said, and to name a block."""
    return _BLANK.sub(" ", _Words().through(html)).strip()


class _Words(Walker):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INLINE or tag == "br":
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.out.append(" ")

    def handle_data(self, data: str) -> None:
        self.out.append(data)
