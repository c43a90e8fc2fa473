"""Short texts that strangers type: one line, any script, and nothing that hides or leads elsewhere. Pure functions.

They stand in the service layer, so that no form can forget them (CVE-2026-53878). Each returns the cleaned text
or raises ValidationError with what is wrong and what would be right, in the reader's language.
"""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Joiners are part of how Persian, Hindi or Sinhala is written; all other invisible characters are refused.
_JOINERS = "\u200c\u200d"
_MARKS = "\u200e\u200f\u061c"  # left-to-right, right-to-left, Arabic letter mark: harmless in running text
OVERRIDES = "\u202d\u202e"  # show a text as another one
EDGES = " \t\r\n\u00a0\u200b\u2060\ufeff" + _JOINERS + _MARKS

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


def clean_line(text: str, *, limit: int, missing: object) -> str:
    """One line of text, NFC and trimmed. Raises ValidationError for control and direction characters (A4)."""
    line = unicodedata.normalize("NFC", text[: limit * 8 + 100]).strip(EDGES)
    if not line:
        raise ValidationError(str(missing), code="missing")
    if len(line) > limit:
        raise ValidationError(
            _("Please shorten this to at most %(limit)d characters."),
            code="too_long",
            params={"limit": limit},
        )
    for character in line:
        if is_control(character) or (unicodedata.category(character) == "Cf" and character not in _JOINERS):
            raise ValidationError(UNSEEN, code="control_character")
    return line


def links_in(text: str) -> list[str]:
    """What a mail program would turn into a link: addresses with a scheme, www., and bare names of sites."""
    plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
    found = [match[0] for match in _URL.finditer(plain)]
    return found + [match[0] for match in _DOMAIN.finditer(_URL.sub(" ", plain)) if _is_site(match)]


def plain_words(text: str, *, limit: int, missing: object) -> str:
    """A name: one line with a letter in it, and nothing that is or looks like an address or a link (A2).

    Raises ValidationError, with `missing` where there is no letter.
    """
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


def is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"}


UNSEEN = _("There is an invisible control character or line break in here. Please type it again.")
