"""Why a row stands where it stands: kept once, in English, and shown in the language of whoever reads it.

Machines write these reasons, so they are a closed list; what a person typed is on no list and is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import gettext, gettext_noop

_SLOT = re.compile(r"%\((\w+)\)s")
_WITH_CODE = re.compile(r"(?P<words>.+) \((?P<code>[245]\.\d{1,3}\.\d{1,3}|[45]\d\d)\)", re.DOTALL)
_known: dict[str, re.Pattern[str]] = {}


def know(*templates: str) -> None:
    """Add reasons that may stand in a row; `%(slot)s` stands for what differs. Safe to repeat."""
    for template in templates:
        parts = _SLOT.split(template)
        pattern = "".join(
            f"(?P<{part}>.+)" if place % 2 else re.escape(part.replace("%%", "%"))
            for place, part in enumerate(parts)
        )
        _known[template] = re.compile(pattern, re.DOTALL)


def in_words(reason: str) -> str:
    """A reason in the reader's language; one that no machine wrote as it stands."""
    for template, pattern in _known.items():
        if match := pattern.fullmatch(reason):
            # What fills a slot may be a reason itself: "the address is marked: the office reported …".
            return gettext(template) % {slot: in_words(text) for slot, text in match.groupdict().items()}
    if match := _WITH_CODE.fullmatch(reason):  # as `bounces.in_words` writes them
        return f"{in_words(match['words'])} ({match['code']})"
    return reason


def known() -> Iterable[str]:
    """All templates, for tests."""
    return _known.keys()


know(
    gettext_noop("the sign-up is gone"),
    gettext_noop("its owner said it was not them"),
    gettext_noop("it was confirmed already"),
    gettext_noop("its time to be confirmed is over"),
    gettext_noop("the owner of the mailbox said it was not them"),
    gettext_noop("nobody with this address is known"),
    gettext_noop("the address was erased"),
    gettext_noop("its receiver was erased"),
    gettext_noop("the mail could not be written: %(error)s"),
    gettext_noop("the mail could not be built: %(error)s"),
    gettext_noop("its worker stopped before the provider's answer was stored"),
    gettext_noop("its worker stopped before the provider was asked"),
    gettext_noop("poison: its worker died each time it was tried"),
    gettext_noop("the settings of the provider are not complete"),
    gettext_noop("the provider refused the address"),
    gettext_noop("asking the provider broke off: %(error)s"),
    gettext_noop("the provider's answer names no message"),
    gettext_noop("the provider could not be reached"),
    gettext_noop("the connection to the provider broke before its answer"),
    gettext_noop("the provider answered %(status)s: check its address, the key and the sending domain"),
    gettext_noop("the provider answered %(status)s"),
    # bounces.py: what marks an address for good
    gettext_noop("the mailbox does not exist"),
    gettext_noop("the domain does not exist"),
    gettext_noop("the address is not valid"),
    gettext_noop("the mailbox has moved"),
    gettext_noop("the domain takes no mail"),
    gettext_noop("the mailbox is switched off"),
)
