"""What comes in from Word, LibreOffice, Google Docs or another mail, made into the few tags of a paragraph.

Office programs write their lists as paragraphs with signs, their emphasis as styles and their notes as comments. What
they mean is kept (headings, lists, emphasis, links), everything else goes: `rich.clean` has the last word.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import nh3

from mailer.writing import rich

MOST_CHARACTERS = 2_000_000  # of pasted HTML; Word writes 100 kB for a page

_LISTS = re.compile(r"<!\[if !support\w+\]>", re.IGNORECASE)
_LEVEL = re.compile(r"mso-list:\s*l\d+\s+level(\d+)", re.IGNORECASE)
_SIGN = re.compile(
    r"^[\s\u00a0]*(?:(?P<point>[·•‣◦▪●○■§o\-–*\uf0b7\uf0a7])|(?P<number>(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]))[\s\u00a0]+",
    re.I,
)
_BREAKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "td", "th"}
_HEADINGS = {"h1": "h3", "h2": "h3", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
_MOST_DEEP = 5
MOST_OPEN = 60  # tags within each other; what stands deeper keeps its words
_MEANT = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "u": "u",
    "s": "s",
    "sub": "sub",
    "sup": "sup",
}
_MEANT |= {"strike": "s", "del": "s", "a": "a"}
_READ = {*_BREAKS, *_MEANT, "br", "ul", "ol", "span", "font"}


def cleaned(html: str) -> str:
    """Pasted HTML as rich text of a block. Any input gives some text; a repeat changes nothing."""
    html = _between(html[:MOST_CHARACTERS], "<!--StartFragment-->", "<!--EndFragment-->")
    html = nh3.clean(
        rich.shallow(_without_comments(_with_signs(html))),
        tags=_READ,
        attributes={"*": {"style", "class", "data-sign"}, "a": {"href", "style", "class"}},
        clean_content_tags={"script", "style", "title", "xml", "template"},
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_paragraph()
    return rich.clean(_written(reader.paragraphs))


def _between(html: str, begin: str, end: str) -> str:
    """What stands between two marks; all of it where one is missing."""
    start = html.find(begin)
    stop = html.rfind(end)
    return html[start + len(begin) : stop] if 0 <= start < stop else html


def _with_signs(html: str) -> str:
    """Word writes the sign of a list item for programs that know no lists: kept as a mark of one."""
    first, *rest = _LISTS.split(html)
    found = [first]
    for part in rest:
        sign, end, after = part.partition("<![endif]>")
        found += [f'<span data-sign="1">{sign}</span>', after] if end else [part]
    return "".join(found)


def _without_comments(html: str) -> str:
    """In one pass, however many begin and never end."""
    found, position = [], 0
    while (start := html.find("<!--", position)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        found.append(html[position:start])
        position = end + 3
    return "".join([*found, html[position:].replace("<!--", "")])


class _Paragraph:
    """One paragraph: its tag, and where it stands in a list (level 0: in none)."""

    def __init__(self, tag: str = "p", level: int = 0, *, numbered: bool = False) -> None:
        self.tag = tag
        self.level = level
        self.numbered = numbered
        self.parts: list[str] = []
        self.sign = ""

    def html(self) -> str:
        return "".join(self.parts).strip()


class _Reader(HTMLParser):
    """Cuts HTML into paragraphs; emphasis that was a style becomes a tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[_Paragraph] = []
        self.now = _Paragraph()
        self.open: list[tuple[str, list[str]]] = []  # open tags, with the tags that were written for them
        self.lists: list[bool] = []  # of each open list: whether it has numbers
        self.ignored = 0
        self.in_sign = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        style = ";" + given.get("style", "").lower().replace(" ", "")
        if len(self.open) > MOST_OPEN:
            return
        if tag == "br":
            self.now.parts += [] if self.ignored else ["<br>"]
            return
        if "mso-hide:all" in style or ";display:none" in style:
            self.ignored += 1
            self.open.append((tag, ["ignored"]))
            return
        if tag in {"ul", "ol"}:
            self.end_paragraph()
            self.lists.append(tag == "ol")
        elif tag in _BREAKS and not (tag in {"p", "div"} and self.is_in_fresh_item()):
            self.end_paragraph()
            self.begin(tag, given)
        if given.get("data-sign"):
            self.in_sign += 1
            self.open.append((tag, ["sign"]))
            return
        written = self.meant(tag, given, style)
        for one in written:
            self.now.parts.append(one)
        self.open.append((tag, [one[1:].split(" ")[0].rstrip(">") for one in written]))

    def is_in_fresh_item(self) -> bool:
        """Google Docs and others put a paragraph into each list item."""
        return bool(self.lists) and self.now.level > 0 and not self.now.html()

    def begin(self, tag: str, given: dict[str, str]) -> None:
        style = given.get("style", "")
        level = _LEVEL.search(style)
        heading = given.get("class", "")
        if tag == "li" or (self.lists and tag in {"p", "div"}):
            self.now = _Paragraph("li", max(len(self.lists), 1), numbered=bool(self.lists and self.lists[-1]))
        elif level:
            self.now = _Paragraph("li", min(int(level[1]), _MOST_DEEP))
        elif tag in _HEADINGS:
            self.now = _Paragraph(_HEADINGS[tag])
        elif heading.lower() in {"msotitle", "msosubtitle"}:
            self.now = _Paragraph("h3")
        else:
            self.now = _Paragraph("blockquote" if tag == "blockquote" else "p")

    def meant(self, tag: str, given: dict[str, str], style: str) -> list[str]:
        """The tags that say what this one means."""
        if tag == "a":
            href = _address(given.get("href", ""))
            return [f"<a{rich.written({'href': href})}>"] if href else []
        # Google Docs wraps a whole paste into <b style="font-weight:normal">.
        if tag in {"b", "strong"} and (";font-weight:normal" in style or ";font-weight:400" in style):
            return []
        if tag in _MEANT:
            return [f"<{_MEANT[tag]}>"]
        if tag not in {"span", "font"}:
            return []
        found = []
        if re.search(r";font-weight:(bold|[6-9]00)", style):
            found.append("<strong>")
        if ";font-style:italic" in style:
            found.append("<em>")
        if "vertical-align:super" in style:
            found.append("<sup>")
        elif "vertical-align:sub" in style:
            found.append("<sub>")
        if "line-through" in style:
            found.append("<s>")
        return found

    def handle_endtag(self, tag: str) -> None:
        if tag not in [one for one, _written in self.open]:
            return
        while self.open:
            name, written = self.open.pop()
            if written == ["ignored"]:
                self.ignored -= 1
            elif written == ["sign"]:
                self.in_sign -= 1
            else:
                self.now.parts += [f"</{one}>" for one in reversed(written)]
            if name == tag:
                break
        if tag in {"ul", "ol"}:
            self.end_paragraph()
            if self.lists:
                self.lists.pop()
        elif tag in _BREAKS and not (tag in {"p", "div"} and self.lists):
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        if self.ignored:
            return
        words = re.sub(r"[ \t\r\n\f]+", " ", data)
        if self.in_sign:
            self.now.sign += words
            return
        self.now.parts.append(words.replace("&", "&amp;").replace("<", "&lt;").replace("\u00ad", ""))

    def end_paragraph(self) -> None:
        """Put the paragraph away; what is still emphasised goes on in the next one."""
        carried = [
            one for _tag, written in self.open for one in written if one not in {"ignored", "sign", "a"}
        ]
        links = any("a" in written for _tag, written in self.open)
        self.now.parts += [f"</{one}>" for one in reversed(carried)] + (["</a>"] if links else [])
        if rich.words(rich.clean(self.now.html())):
            self.paragraphs.append(self.now)
        self.now = _Paragraph(level=self.now.level if self.lists else 0)
        if self.lists:
            self.now = _Paragraph("li", len(self.lists), numbered=self.lists[-1])
        self.now.parts += [f"<{one}>" for one in carried]


def _address(href: str) -> str:
    """Where a link leads; Google's redirects are taken out of the way, places in the document left out."""
    href = href.strip()
    try:
        parts = urlsplit(href)
    except ValueError:
        return ""
    if parts.hostname in {"www.google.com", "google.com"} and parts.path == "/url":
        asked = parse_qs(parts.query)
        href = (asked.get("q") or asked.get("url") or [href])[0]
    return href if href.partition(":")[0].lower() in rich.SCHEMES else ""


def _written(paragraphs: list[_Paragraph]) -> str:
    """The paragraphs as HTML, list items gathered into lists."""
    out: list[str] = []
    open_lists: list[str] = []
    for one in paragraphs:
        html = one.html()
        numbered = one.numbered
        if one.level and one.sign:
            numbered = bool(re.match(r"[\s\u00a0]*(\d|[a-z][.)]|[ivx]+[.)])", one.sign, re.IGNORECASE))
        elif one.level and not one.sign and (sign := _SIGN.match(html)):
            numbered = numbered or bool(sign["number"])
            html = html[sign.end() :]
        tag = "ol" if numbered else "ul"
        while len(open_lists) > one.level or (
            open_lists and len(open_lists) == one.level and open_lists[-1] != tag
        ):
            out.append(f"</li></{open_lists.pop()}>")
        if one.level and len(open_lists) == one.level:
            out.append("</li>")
        while len(open_lists) < one.level:
            if open_lists and not out[-1].startswith("<li>"):
                out.append("<li>")
            out.append(f"<{tag}>")
            open_lists.append(tag)
        out.append(f"<li>{html}" if one.level else f"<{one.tag}>{html}</{one.tag}>")
    out += [f"</li></{tag}>" for tag in reversed(open_lists)]
    return "".join(out)
