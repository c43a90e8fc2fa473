"""MJML that an expert wrote: checked, and written anew so that mjml-python finds nothing to stumble over.

What stands in a double-quoted attribute cannot break out of it, and what is closed in order cannot hide the footer.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from mailer.writing import addresses, checking, fields, rich

MOST_DEPTH = 100
MOST_PROBLEMS = 20
SECTIONS = frozenset({"mj-section", "mj-wrapper", "mj-hero"})
CONTENT = frozenset({"mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-raw"})
_TAGS = SECTIONS | CONTENT | {"mj-column", "mj-group", "mjml", "mj-body"}
_ENDING = frozenset({"mj-text", "mj-button", "mj-table", "mj-raw"})  # HTML may stand in these
_VOID = frozenset({"br", "img", "hr", "col", "wbr"})
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_LINKS = {"href"}
_PICTURES = {"src", "background-url", "background"}


@dataclass(frozen=True, slots=True)
class Fragment:
    """Checked MJML. is_sections: it stands on the body; otherwise in a column."""

    source: str
    is_sections: bool


def problems(source: str) -> list[str]:
    """What is wrong with an expert's MJML, in the reader's words, each once."""
    return list(dict.fromkeys(_read(source).found))


def fragment(source: str) -> Fragment:
    """The MJML of a block as it is compiled. Raises ValidationError with what `problems` finds."""
    reader = _read(source)
    if reader.found:
        raise ValidationError(
            [ValidationError(one, code="invalid_mjml") for one in dict.fromkeys(reader.found)]
        )
    return Fragment("".join(reader.out), reader.level == "sections")


def _coloured(tag: str, attrs: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """What has no colours of its own takes those of the theme, on dark paper too."""
    given = {name for name, _value in attrs}
    if "css-class" in given:
        return attrs
    if tag in {"mj-text", "mj-table"} and "color" not in given:
        return [*attrs, ("css-class", "ink")]
    if tag == "mj-button" and not given & {"color", "background-color"}:
        return [*attrs, ("css-class", "button")]
    return attrs


def _filled(name: str, value: str) -> str:
    return fields.in_address(value) if name in _LINKS | _PICTURES else value


def _read(source: str) -> _Reader:
    reader = _Reader()
    if (
        "<!" in source or "<?" in source
    ):  # not left to html.parser, which looks for the end of each comment anew
        reader.wrong(gettext("A comment or declaration may not stand in a mail."))
        return reader
    with contextlib.suppress(_EnoughError):
        reader.feed(source.strip())
        reader.close()
        reader.end()
    return reader


class _EnoughError(Exception):
    """So much is wrong that the rest need not be read."""


class _Reader(HTMLParser):
    """Reads strictly: known tags, closed in the order in which they were opened, in the places where they belong."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.out: list[str] = []
        self.open: list[str] = []
        self.level = ""

    def wrong(self, message: str) -> None:
        line, _column = self.getpos()
        self.found.append(gettext("Line %(line)d: %(message)s") % {"line": line, "message": message})
        if len(self.found) >= MOST_PROBLEMS:
            raise _EnoughError

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]], *, closed: bool = False) -> None:
        for message in self.misplaced(tag):
            self.wrong(message)
        for name, value in attrs:
            self.attribute(tag, name, value or "")
        if tag in {"mjml", "mj-body"}:
            if not closed:
                self.open.append(tag)
            return
        kept = rich.written({name: _filled(name, value or "") for name, value in _coloured(tag, attrs)})
        self.out.append(f"<{tag}{kept}{' /' if closed or tag in _VOID else ''}>")
        if not closed and tag not in _VOID:
            self.open.append(tag)
            if len(self.open) > MOST_DEPTH:
                self.wrong(gettext("Tags may stand in each other %(most)d deep.") % {"most": MOST_DEPTH})
                raise _EnoughError

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs, closed=True)

    def misplaced(self, tag: str) -> Iterator[str]:
        above = self.open[-1] if self.open else ""
        if any(one in _ENDING for one in self.open):
            yield from (
                checking.of_tag(tag)
                if tag not in {"html", "head", "body", "style", "meta", "title"}
                else [gettext("<%(tag)s> may not stand in a mail.") % {"tag": tag}]
            )
            return
        if tag not in _TAGS:
            yield gettext("<%(tag)s> may not stand here.") % {"tag": tag[:40]}
            return
        places = {
            "mjml": {""},
            "mj-body": {"", "mjml"},
            "mj-section": {"", "mj-body", "mj-wrapper"},
            "mj-wrapper": {"", "mj-body"},
            "mj-hero": {"", "mj-body", "mj-wrapper"},
            "mj-group": {"mj-section"},
            "mj-column": {"mj-section", "mj-group"},
        }.get(tag, {"", "mj-column", "mj-hero"})
        if above not in places:
            yield gettext("<%(tag)s> may not stand here.") % {"tag": tag}
        if above in {"", "mj-body"} and tag not in {"mjml", "mj-body"}:
            level = "sections" if tag in SECTIONS else "content"
            if self.level not in {"", level} or (above and level == "content"):
                yield gettext("<%(tag)s> stands in a section's column, or alone.") % {"tag": tag}
            self.level = level

    def attribute(self, tag: str, name: str, value: str) -> None:
        if not _NAME.fullmatch(name):
            self.wrong(gettext("%(name)s is no attribute.") % {"name": name[:40]})
        elif name in _LINKS or name in _PICTURES:
            for message in addresses.problems(value, picture=name in _PICTURES):
                self.wrong(message)
        else:
            for message in checking.of_attribute(tag, name, value):
                self.wrong(message)
        if name not in _LINKS and name not in _PICTURES:
            for message in checking.of_style(value):
                self.wrong(message)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.wrong(gettext("</%(tag)s> closes nothing that is open here.") % {"tag": tag[:40]})
            return
        self.open.pop()
        if tag not in {"mjml", "mj-body"}:
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(one in _ENDING for one in self.open):
            self.wrong(gettext("Text stands in <mj-text>."))
        self.out.append(escape(data, quote=False))

    def handle_comment(self, data: str) -> None:  # what html.parser takes for one, such as "</ x>"
        self.wrong(gettext("A comment or declaration may not stand in a mail."))

    def end(self) -> None:
        for tag in self.open:
            self.wrong(gettext("<%(tag)s> is not closed.") % {"tag": tag[:40]})
        if not self.level:
            self.wrong(gettext("There is nothing in it."))
