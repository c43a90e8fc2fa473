"""What a supporter passes on: plain links that open a network's own page. No script, no picture, no counter of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Share:
    """One way to pass a text on."""

    name: str
    href: str


def ways(title: str, text: str, link: str) -> list[Share]:
    """The links for `text` and `link`, the ones that work on any phone first."""
    both = f"{text} {link}".strip()
    return [
        Share("WhatsApp", "https://wa.me/?" + _query(text=both)),
        Share(_("Mail"), "mailto:?" + _query(subject=title, body=both)),
        Share("Telegram", "https://t.me/share/url?" + _query(url=link, text=text)),
        Share("Bluesky", "https://bsky.app/intent/compose?" + _query(text=both)),
        Share("X", "https://x.com/intent/post?" + _query(text=text, url=link)),
        Share("Facebook", "https://www.facebook.com/sharer/sharer.php?" + _query(u=link)),
    ]


def _query(**values: str) -> str:
    # Blanks as %20: mail programs show a plus sign as it stands (RFC 6068 §5).
    return urlencode(values, quote_via=quote)
