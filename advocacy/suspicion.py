"""What makes a letter wait until a person has looked at it (RELIABILITY A5). It is never dropped, and the writer is told.

The words of the template suspect nobody: they let tired and disabled people take part. Only a supporter's own
words, and how many of them come from one place under many names, are judged.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from advocacy.models import Campaign, ContactRoute, Letter, Supporter
from contacts.addresses import Address

_FOLDER = Path(__file__).parent / "lexicon"
_GAPS = re.compile(r"[^\w]+", re.UNICODE)

# From one network (a household, a school, a mobile provider's exit) within a day: that many people with letters
# mostly in their own words is lively, more of them is worth a look.
OWN_TEXTS_A_DAY = 8
OWN_WORDS = 40  # percent from which a letter counts as one's own
_DAY = timedelta(days=1)


def in_words(text: str, template_text: str = "") -> str:
    """Why these words should be looked at, or "". An expression that the template holds itself is no reason."""
    plain, known = _plain(text), _plain(template_text)
    for language, word, pattern in _lexicon():
        if pattern.search(plain) and not pattern.search(known):
            return f"holds “{word}” ({language} word list)"
    return ""


def in_sender(address: Address, route: ContactRoute | None) -> str:
    """Why the sender should be looked at, or "": nobody writes to themselves."""
    if route is not None and route.value_key == address.key:
        return "the supporter's address is the representative's own"
    return ""


def in_network(campaign: Campaign, supporter: Supporter, network: str, own_words: int) -> str:
    """Why the network should be looked at, or "": many different letters under different names from one place."""
    if not network or own_words < OWN_WORDS:
        return ""
    others = (
        Letter.objects.filter(
            submission__network=network,
            submission__created_at__gt=timezone.now() - _DAY,
            campaign=campaign,
            own_words__gte=OWN_WORDS,
        )
        .exclude(supporter=supporter)
        .order_by()
        .values("supporter_id")
        .distinct()[:OWN_TEXTS_A_DAY]
    )
    found = others.count()
    if found < OWN_TEXTS_A_DAY:
        return ""
    return f"{found} or more other people wrote their own letters from the same network within a day"


@functools.cache
def _lexicon() -> list[tuple[str, str, re.Pattern[str]]]:
    """Language, expression and pattern of every line of the word lists."""
    found = []
    for path in sorted(_FOLDER.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            expression = line.partition("#")[0].strip()
            if expression:
                found.append((path.stem, expression.rstrip("*"), _pattern(expression)))
    return found


def _pattern(expression: str) -> re.Pattern[str]:
    words = _plain(expression.rstrip("*")).strip()
    ending = r"\w*" if expression.endswith("*") else ""
    return re.compile(rf"(?<!\w){re.escape(words)}{ending}(?!\w)")


def _plain(text: str) -> str:
    """Folded so that spacing, case and signs between words do not hide a word."""
    return _GAPS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
