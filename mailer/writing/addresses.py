"""Where the links of a mailing may lead: a closed list of schemes, and a host that nobody's data can change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.utils.translation import gettext

from mailer.writing import fields

MOST_CHARACTERS = 2_000

_FORBIDDEN = re.compile(r"[\s\\<>\"\x00-\x20\x7f]")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?\.?")


def is_slot(url: str) -> bool:
    """Whether a link leads to what the door fills in, for example `{{ web_link }}`."""
    return bool(fields.SLOT.fullmatch(url.strip()))


def is_safe(url: str) -> bool:
    """Whether a mail may link to it."""
    return not any(problems(url))


def problems(url: str, *, picture: bool = False) -> Iterator[str]:
    """What is wrong with the address of a link, or of a picture, in the reader's words."""
    if is_slot(url) and not picture:
        return
    if len(url) > MOST_CHARACTERS:
        yield gettext("This address is longer than %(limit)d characters.") % {"limit": MOST_CHARACTERS}
        return
    bare = fields.FIELD.sub("0", url)
    scheme = bare.partition(":")[0].lower()
    if picture and scheme != "https":
        yield gettext("A picture's address begins with https://.")
    elif scheme not in {"http", "https", "mailto", "tel"} or url.lstrip()[: len(scheme)].lower() != scheme:
        yield gettext("A link begins with https://, http://, mailto: or tel:.")
    elif _FORBIDDEN.search(bare):
        yield gettext("There are blanks or other signs in this address that no address has.")
    elif scheme in {"http", "https"} and not _has_fixed_host(url, bare):
        yield gettext("This is not the full address of a page, such as https://example.org/act.")
    elif scheme == "mailto" and "@" not in bare and not bare.startswith("mailto:?"):
        yield gettext("After mailto: stands the address of a mailbox.")


def _has_fixed_host(url: str, bare: str) -> bool:
    """The host is written out, and before it stands no name and password that could pass for one."""
    try:
        parts = urlsplit(bare)
        _port = parts.port
    except ValueError:
        return False
    written = url.partition("://")[2].split("/")[0].split("?")[0].split("#")[0]
    return bool(
        parts.hostname
        and "@" not in parts.netloc
        and "{" not in written
        and len(parts.hostname) <= 253
        and (_HOST.fullmatch(parts.hostname) or parts.netloc.startswith("["))
    )
