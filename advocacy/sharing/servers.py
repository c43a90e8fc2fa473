"""Which Mastodon server somebody means, from whatever they paste: a name, a handle, the address of their profile."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_MOST = 200
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+\Z)[a-z0-9-]{2,63}")


def read(typed: str) -> str:
    """The server's name in ASCII, as a browser would ask for it. Raises ValidationError for what names none.

    Taken are mastodon.social, @ann@mastodon.social and https://mastodon.social/@ann; never a user, a password, a
    port or a number, with which one host looks like another.
    """
    name = typed.strip()[:_MOST].lower()
    if "://" in name:
        name = _host_of(name)
    elif "@" in name:
        handle = re.fullmatch(r"@?[a-z0-9_.-]+@([^@/]+)", name)
        name = handle[1] if handle else ""
    name = name.rstrip("/")
    try:
        name = idna.encode(name, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        name = ""
    if not _HOST.fullmatch(name):
        raise ValidationError(
            _("Please enter your server as it stands in your handle, for example mastodon.social."),
            code="server",
        )
    return name


def share(server: str, text: str, link: str) -> str:
    """The page of a `server` that `read` gave, on which its people post `text` and `link`."""
    whole = f"{text}\n{link}".strip()
    return f"https://{server}/share?text={quote(whole, safe='')}"


def _host_of(address: str) -> str:
    try:
        parts = urlsplit(address)
        plain = parts.scheme == "https" and parts.port is None and "@" not in parts.netloc
    except ValueError:
        return ""
    return (parts.hostname or "") if plain else ""
