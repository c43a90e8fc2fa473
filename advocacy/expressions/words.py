"""What an expression of support may hold. Pure functions, no database; the rules of names are those of letters.

Each returns the cleaned text or raises ValidationError with what is wrong and what would be right. A statement is plain
text with line breaks: it is shown as it was typed, never read as HTML or Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from advocacy.models import Expression
from advocacy.models.pages import web_address
from contacts.words import EDGES, OVERRIDES, UNSEEN, clean_line, is_control, links_in, plain_words

MAX_NAME = 150
MAX_STATEMENT = 2_000
MAX_URL = 500
MAX_ALT = 300
MAX_REPORT = 500
MAX_LINKS = 1
_GAPS = re.compile(r"\n{3,}")

Category = Expression.Category
# Who speaks in the name of others is named by what they speak for; everybody else by their own name.
FOR_OTHERS = frozenset({Category.CIVIL_SOCIETY, Category.STATE, Category.BODY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that is published of an expression but its picture, cleaned."""

    category: str
    name: str = ""
    role: str = ""
    organisation_name: str = ""
    country: str = ""
    language: str
    statement: str = ""
    video_url: str = ""


def clean_name(text: str) -> str:
    """A name, an office or an organisation; "" for none."""
    if not text.strip(EDGES):
        return ""
    return plain_words(text, limit=MAX_NAME, missing=_("Please write it in letters."))


def clean_alt(text: str) -> str:
    """What a picture shows, for those who do not see it."""
    return clean_line(text, limit=MAX_ALT, missing=_("Please say what the picture shows."))


def clean_statement(text: str) -> str:
    """The statement, or "". Line ends become LF, more than one empty line becomes one."""
    said = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    said = "\n".join(line.rstrip(" \t") for line in said.split("\n")).strip(EDGES)
    said = _GAPS.sub("\n\n", said)
    if len(said) > MAX_STATEMENT:
        raise ValidationError(
            _("This is too long: %(found)d characters, at most %(limit)d are possible."),
            code="too_long",
            params={"found": len(said), "limit": MAX_STATEMENT},
        )
    _refuse_unseen(said)
    if len(links_in(said)) > MAX_LINKS:
        raise ValidationError(_("Please leave all links but one out."), code="link")
    return said


def clean_report(text: str) -> str:
    """What somebody tells us of an expression, or "". Only staff read it."""
    told = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip(EDGES)
    _refuse_unseen(told)
    return told[:MAX_REPORT]


def _refuse_unseen(text: str) -> None:
    for character in text:
        if character not in "\n\t" and (is_control(character) or character in OVERRIDES):
            raise ValidationError(UNSEEN, code="control_character")


def clean_video(text: str) -> str:
    """The address of a video's page, or "". A link only: nothing is loaded from there before somebody follows it."""
    url = text.strip(EDGES)
    if not url:
        return ""
    if len(url) > MAX_URL or any(is_control(sign) or sign.isspace() for sign in url):
        raise ValidationError(_NO_VIDEO, code="invalid")
    try:
        web_address(url)
        parts = urlsplit(url)
    except (ValidationError, ValueError) as error:
        raise ValidationError(_NO_VIDEO, code="invalid") from error
    if parts.username or parts.password or not parts.hostname or "." not in parts.hostname:
        raise ValidationError(_NO_VIDEO, code="invalid")
    return url


def check_whole(words: Words) -> dict[str, str]:
    """What is missing in words that are each right, by field; empty if nothing is.

    Where nobody has chosen yet who speaks (`category` is ""), one of the two names is asked for.
    """
    missing = {}
    if words.category in FOR_OTHERS:
        if not words.organisation_name:
            missing["organisation_name"] = _("Please name the organisation or state you speak for.")
    elif not words.name and (words.category or not words.organisation_name):
        missing["name"] = _("Please enter your name.")
    if not words.statement and not words.video_url:
        missing["statement"] = _("Please write what you want to say, or give the link of a video.")
    return {name: str(message) for name, message in missing.items()}


_NO_VIDEO = _("This is no address of a page, such as https://video.example/watch/42.")
