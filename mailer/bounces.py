"""What a refusal means for the address, by its enhanced status code (RFC 3463) or, without one, by its SMTP code."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from mailer.models import Delivery

_Class = Delivery.BounceClass
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
HARD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_BARE_REFUSALS = {"550", "551", "553"}
_MAILBOX = re.compile(
    r"(user|recipient|mailbox|account|address)\b.{0,40}\b(unknown|not found|not exist|disabled|invalid|inactive)"
    r"|(no such|unknown|invalid|nonexistent) (user|recipient|mailbox|account|address)",
    re.I,
)
_POLICY = re.compile(
    r"spam|block|black|polic|reputation|denied|rejected|listed|abuse|content|virus|dmarc|dkim|\bspf\b|relay",
    re.I,
)
_OUR_AUTHENTICATION = {"5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.27", "5.7.515"}

WORDS = {
    "5.1.1": _("the mailbox does not exist"),
    "5.1.2": _("the domain does not exist"),
    "5.1.3": _("the address is not valid"),
    "5.1.6": _("the mailbox has moved"),
    "5.1.10": _("the domain takes no mail"),
    "5.2.1": _("the mailbox is switched off"),
    "5.2.2": _("the mailbox is full"),
    "5.3.4": _("the message is too large"),
}


def code_in(*texts: str) -> str:
    """The first enhanced status code in what a server said, for example `5.1.1`; else its SMTP code; else ""."""
    for pattern in (_ENHANCED, _BASIC):
        for text in texts:
            if found := pattern.search(text or ""):
                return found[0]
    return ""


def classify(code: str, said: str = "") -> str:
    """The bounce class of a code (RELIABILITY §3, "Bounces and suppression"), and of the words it came with.

    Only what proves that the mailbox is not there is hard; what we cannot read blocks nobody for ever. A code of three
    digits says "refused" and no more: then the words decide between a mailbox and a policy.
    """
    if code in HARD:
        return _Class.HARD
    if code in _BARE_REFUSALS:
        return _Class.BLOCK if _POLICY.search(said) and not _MAILBOX.search(said) else _Class.HARD
    if code in _OUR_AUTHENTICATION:
        return _Class.AUTHENTICATION
    if code.startswith(("4.4.", "5.4.")):
        return _Class.HOST
    if code.startswith("4") or code == "5.2.2" or code == "552":
        return _Class.SOFT
    if code == "5.3.4" or code.startswith("5.6."):
        return _Class.MESSAGE
    if code.startswith("5.7."):
        return _Class.BLOCK
    return _Class.BLOCK if code else _Class.SOFT


def names_no_mailbox(said: str) -> bool:
    """Whether the words themselves say that there is no such mailbox."""
    return bool(_MAILBOX.search(said)) and not _POLICY.search(said)


def in_words(bounce_class: str, code: str) -> str:
    """A sentence's part for people, with the code behind it: `the mailbox does not exist (5.1.1)`."""
    words = str(WORDS.get(code, "")) or (str(_Class(bounce_class).label) if bounce_class else "")
    return f"{words} ({code})" if words and code else words or code
