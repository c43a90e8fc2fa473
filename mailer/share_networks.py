"""Passing a text on: plain links that open a network's own page. No script, no picture, no counter of theirs."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from django.utils.translation import gettext_lazy as _


def _query(**values: str) -> str:
    # Blanks as %20: mail programs show a plus sign as it stands (RFC 6068 §5).
    return urlencode(values, quote_via=quote)


def _both(text: str, link: str) -> str:
    return f"{text} {link}".strip()


_ADDRESSES: dict[str, Callable[[str, str, str], str]] = {
    "whatsapp": lambda title, text, link: "https://wa.me/?" + _query(text=_both(text, link)),
    "mail": lambda title, text, link: "mailto:?" + _query(subject=title, body=_both(text, link)),
    "telegram": lambda title, text, link: "https://t.me/share/url?" + _query(url=link, text=text),
    "bluesky": lambda title, text, link: "https://bsky.app/intent/compose?" + _query(text=_both(text, link)),
    "x": lambda title, text, link: "https://x.com/intent/post?" + _query(text=text, url=link),
    "facebook": lambda title, text, link: "https://www.facebook.com/sharer/sharer.php?" + _query(u=link),
    "linkedin": lambda title, text, link: (
        "https://www.linkedin.com/sharing/share-offsite/?" + _query(url=link)
    ),
}
_NAMES = {
    "whatsapp": "WhatsApp",
    "mail": _("Mail"),
    "telegram": "Telegram",
    "bluesky": "Bluesky",
    "x": "X",
    "facebook": "Facebook",
    "linkedin": "LinkedIn",
    # On many servers, of which only its reader knows theirs: so it has no address here.
    "mastodon": "Mastodon",
}
CHOICES = tuple((name, _NAMES[name]) for name in _ADDRESSES)
# Where a house has a page of its own to follow.
PROFILES = tuple((name, _NAMES[name]) for name in _NAMES if name not in {"mail", "whatsapp"})
# The ones that work on any phone first.
USUAL = ("whatsapp", "mail", "telegram", "bluesky", "x", "facebook")


def label(name: str) -> str:
    """The network's name, in the reader's language where it has one."""
    return str(_NAMES[name])


def share(name: str, *, title: str, text: str, link: str) -> str:
    """The address that opens a network of CHOICES with `text` and `link` to pass on; `title` is a mail's subject."""
    return _ADDRESSES[name](title, text, link)
