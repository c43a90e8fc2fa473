"""What editors write, made fit for a page: Markdown as safe HTML, lists written one a line."""

from __future__ import annotations

import html
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

_TAGS = {"p", "br", "h2", "h3", "h4", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "code"}


def lines(text: str) -> list[str]:
    """The lines that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def markdown(text: str) -> SafeString:
    """Markdown as HTML that holds no script, picture or style; its first heading is an h2.

    Cleaned twice: markdown-it takes no HTML, nh3 keeps a short list of tags and link schemes.
    """
    return mark_safe(_markdown(text))  # noqa: S308 (cleaned by nh3)


def excerpt(text: str, length: int) -> str:
    """The beginning of a Markdown text as plain words, at most `length` signs, cut between words."""
    words = html.unescape(nh3.clean(_parser.render(text[: 4 * length]), tags=set())).split()
    return Truncator(" ".join(words)).chars(length)


@lru_cache(maxsize=256)
def _markdown(text: str) -> str:
    return nh3.clean(
        _parser.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _lower_headings(state: StateCore) -> None:
    """The page has its h1: an editor's # becomes h2, and nothing goes below h4."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 4)}"


_parser = MarkdownIt("commonmark", {"html": False})
_parser.core.ruler.push("lower_headings", _lower_headings)
