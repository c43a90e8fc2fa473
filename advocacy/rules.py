"""What a supporter may write: names, places, subjects, letters, postcodes. Pure functions, no database.

They stand in the service layer, so that no form can forget them (CVE-2026-53878). Each returns the cleaned text
or raises ValidationError with what is wrong and what would be right, in the reader's language. What is accepted
stays as it was typed after NFC and trimming: any script, any accent, any sign.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:  # the models use these rules, too
    from advocacy.models import LetterTemplate

MAX_NAME = 100
MAX_PLACE = 100
MAX_SUBJECT = 150
MIN_BODY, MAX_BODY = 20, 5_000
MAX_LINKS = 1

# Joiners are part of how Persian, Hindi or Sinhala is written; all other invisible characters are refused.
_JOINERS = "\u200c\u200d"
_MARKS = "\u200e\u200f\u061c"  # left-to-right, right-to-left, Arabic letter mark: harmless in running text
_OVERRIDES = "\u202d\u202e"  # show a text as another one
_EDGES = " \t\r\n\u00a0\u200b\u2060\ufeff" + _JOINERS + _MARKS

_DOTS = str.maketrans({"。": ".", "．": ".", "｡": ".", "․": ".", "／": "/", "：": ":"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}://|\b(?:mailto|javascript|data|tel):|\bwww\.", re.IGNORECASE)
_DOMAIN = re.compile(r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}([^\W\d_]{2,18})(?![\w-])(?!\.\w)")
# Endings that people type as addresses of sites. Two letters are a country, so "Dr.Al" must not be one:
# a name before them has to be longer than any title.
_ENDINGS = frozenset(
    re.split(
        r"\s+",
        "com net org info biz edu gov int mil xyz top site online shop store club live life world today news blog "
        "website space tech app dev page link click icu vip pro name mobi asia africa arab example test invalid рф "
        "укр бг срб қаз مصر السعودية امارات 中国 公司 网络",
    )
)
_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|\bwww\.)\S+",
    re.IGNORECASE,
)


def clean_name(text: str) -> str:
    """A person's name: one line, at least one letter, nothing that is or looks like an address or a link (A2)."""
    return _plain_words(text, limit=MAX_NAME, missing=_("Please enter your name."))


def clean_place(text: str) -> str:
    """The place a supporter writes from, as it will stand under the letter."""
    return _plain_words(text, limit=MAX_PLACE, missing=_("Please enter the place where you live."))


def check_sender_name(text: str) -> None:
    """A campaign's name as it stands behind “via” and in mails: what no supporter may put into a name, staff may not."""
    _plain_words(text, limit=MAX_NAME, missing=_("Please enter a name."))


def clean_subject(template: LetterTemplate, text: str) -> str:
    """The subject of a letter. Where the template locks it, only one of its own subjects is taken."""
    subject = clean_line(text, limit=MAX_SUBJECT, missing=_("Please enter a subject."))
    if not template.subject_editable and subject not in subjects_of(template):
        raise ValidationError(_("Please choose one of the subjects offered."), code="locked")
    if links_in(subject):
        raise ValidationError(_("Please leave links out of the subject."), code="link")
    return subject


def clean_body(template: LetterTemplate, text: str) -> str:
    """The supporter's part of a letter. Where the template locks it, the template's own words are returned.

    Line ends become LF. At most one link, no control characters, no direction overrides.
    """
    if not template.body_editable:
        return template.body
    body = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    body = "\n".join(line.rstrip(" \t") for line in body.split("\n")).strip(_EDGES)
    shortest, longest = max(template.min_length, MIN_BODY), min(template.max_length, MAX_BODY)
    if len(body) < shortest:
        raise ValidationError(
            _("This letter is too short: %(found)d characters, at least %(limit)d are needed."),
            code="too_short",
            params={"found": len(body), "limit": shortest},
        )
    if len(body) > longest:
        raise ValidationError(
            _("This letter is too long: %(found)d characters, at most %(limit)d are possible."),
            code="too_long",
            params={"found": len(body), "limit": longest},
        )
    for character in body:
        if character not in "\n\t" and (_is_control(character) or character in _OVERRIDES):
            raise ValidationError(_UNSEEN, code="control_character")
    if len(links_in(body)) > MAX_LINKS:
        raise ValidationError(
            ngettext_lazy(
                "A letter may hold %(limit)d link at most.",
                "A letter may hold %(limit)d links at most.",
                "limit",
            ),
            code="link",
            params={"limit": MAX_LINKS},
        )
    return body


def clean_postcode(text: str) -> str:
    """A postcode as it is looked up: upper case, without blanks and hyphens, leading zeros kept; "" for none."""
    trimmed = unicodedata.normalize("NFKC", text).strip(_EDGES)
    if len(trimmed) > 20:
        raise ValidationError(_POSTCODE, code="too_long")
    code = re.sub(r"[\s.-]", "", trimmed).upper()
    if code and not re.fullmatch(r"[A-Z0-9]{2,12}", code):
        raise ValidationError(_POSTCODE, code="invalid")
    return code


def clean_line(text: str, *, limit: int, missing: object) -> str:
    """One line of text, NFC and trimmed. Raises ValidationError for control and direction characters (A4)."""
    line = unicodedata.normalize("NFC", text[: limit * 8 + 100]).strip(_EDGES)
    if not line:
        raise ValidationError(str(missing), code="missing")
    if len(line) > limit:
        raise ValidationError(
            _("Please shorten this to at most %(limit)d characters."),
            code="too_long",
            params={"limit": limit},
        )
    for character in line:
        if _is_control(character) or (unicodedata.category(character) == "Cf" and character not in _JOINERS):
            raise ValidationError(_UNSEEN, code="control_character")
    return line


def subjects_of(template: LetterTemplate) -> list[str]:
    """The subjects a template offers, in its order."""
    return [line.strip() for line in template.subjects.splitlines() if line.strip()]


def links_in(text: str) -> list[str]:
    """What a mail program would turn into a link: addresses with a scheme, www., and bare names of sites."""
    plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
    found = [match[0] for match in _URL.finditer(plain)]
    return found + [match[0] for match in _DOMAIN.finditer(_URL.sub(" ", plain)) if _is_site(match)]


def _plain_words(text: str, *, limit: int, missing: object) -> str:
    words = clean_line(text, limit=limit, missing=missing)
    if not any(character.isalpha() for character in words):
        raise ValidationError(str(missing), code="missing")
    plain = unicodedata.normalize("NFKC", words.translate(_DOTS))
    if "@" in plain or _SCHEME.search(plain) or links_in(words):
        raise ValidationError(_("Please leave links and e-mail addresses out here."), code="link")
    return words


def _is_site(match: re.Match[str]) -> bool:
    ending = match[1].casefold()
    label = match[0].split(".")[-2]
    if ending in _ENDINGS or match.string[match.end() : match.end() + 1] == "/":
        return len(label) >= 2
    # "Dr.Al" and "St.Jo" are people, "bit.ly" is a site.
    return (
        len(ending) == 2 and ending.isascii() and (len(label) >= 5 or (len(label) >= 3 and label.islower()))
    )


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"}


_UNSEEN = _("There is an invisible control character or line break in here. Please type it again.")
_POSTCODE = _("This does not look like a postcode: letters, digits, blanks and hyphens are possible.")
