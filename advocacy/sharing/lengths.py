"""How long a message is as a network counts it, so that staff and supporters see what would not fit.

Bluesky takes 300 graphemes (lexicon app.bsky.feed.post); X 280, of which East Asian signs and emoji take two and a
link 23 (docs.x.com, "Counting characters", twitter-text configuration v3); Mastodon 500 graphemes by default, of which
a link takes 23 (docs.joinmastodon.org). The same is done while staff type, in static/js/share_desk.js.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

LIMITS = {"bluesky": 300, "x": 280, "mastodon": 500}
_LINK = 23
_LINKS = re.compile(r"https?://\S+", re.IGNORECASE)
_JOINER = "\u200d"
# What X counts once: Latin to Georgian, and punctuation; everything else counts twice.
_ONCE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def length(network: str, text: str) -> int:
    """How much of its limit `text` takes in a network; links are part of it."""
    text = unicodedata.normalize("NFC", text)
    if network == "bluesky":
        return len(graphemes(text))
    links = len(_LINKS.findall(text))
    rest = graphemes(_LINKS.sub("", text))
    return links * _LINK + (sum(map(_weight, rest)) if network == "x" else len(rest))


@dataclass(frozen=True, slots=True)
class Fit:
    """A message as it fits into a network: its text with the hashtags there is room for, and how long that is.

    `length` counts the link, too; it is over `limit` where even the bare message is too long.
    """

    network: str
    text: str
    tags: int
    length: int
    limit: int

    @property
    def too_long_by(self) -> int:
        return max(0, self.length - self.limit)


def fit(network: str, text: str, tags: Sequence[str], link: str) -> Fit:
    """A message with as many hashtags as the network has room for beside the link. Networks of LIMITS only.

    The tags are on a line of their own, where Latin ones do not get mixed up with Arabic words.
    """
    limit = LIMITS[network]
    for count in range(len(tags), -1, -1):
        whole = with_tags(text, tags[:count])
        found = length(network, f"{whole} {link}")
        if found <= limit:
            break
    return Fit(network, whole, count, found, limit)


def with_tags(text: str, tags: Sequence[str]) -> str:
    return f"{text}\n{' '.join(tags)}".strip()


def graphemes(text: str) -> list[str]:
    """What a reader sees as one sign each (UAX #29, as far as our four scripts and emoji need it)."""
    found: list[str] = []
    for sign in text:
        if found and _goes_on(found[-1], sign):
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _goes_on(before: str, sign: str) -> bool:
    if unicodedata.category(sign).startswith("M") or sign in {_JOINER, "\u200c"} or _is_modifier(sign):
        return True
    if before == "\r" and sign == "\n":
        return True
    if before.endswith(_JOINER):
        return _is_emoji(sign)
    return _is_flag(sign) and len(before) == 1 and _is_flag(before)


def _is_modifier(sign: str) -> bool:
    return "\U0001f3fb" <= sign <= "\U0001f3ff" or "\U000e0020" <= sign <= "\U000e007f"


def _is_flag(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"


def _is_emoji(sign: str) -> bool:
    return sign >= "\U0001f000" or unicodedata.category(sign) == "So"


def _weight(grapheme: str) -> int:
    if _is_emoji(grapheme[0]) and (len(grapheme) > 1 or grapheme >= "\U0001f000"):
        return 2
    return sum(1 if any(low <= ord(sign) <= high for low, high in _ONCE) else 2 for sign in grapheme)
