"""What an e-mail address is: the rules alone, without Django, for the site and for the reader of spreadsheets.

`contacts.addresses` is what the site uses; it puts these faults into people's words and knows our secret key.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

MAX_LENGTH = 254  # octets, RFC 5321 §4.5.3.1.3
MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
EDGES = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}


class NotAnAddress(ValueError):  # noqa: N818 — the answer to "is it one?"
    """The text is not one address. fault: missing, too_long, local_too_long, invisible, multiple or invalid."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Parts:
    """An address as given (NFC, lower-case Unicode domain), its key, and its domain as A-label."""

    given: str
    key: str
    domain: str


def read(text: str) -> Parts:
    """The address in `text`. Raises NotAnAddress for anything but one address.

    Length is judged first, since validators are slow on long input (CVE-2023-36053). A line break inside is
    refused and never repaired; blanks at the ends are trimmed. No DNS look-up.
    """
    # Here, since the import takes 0.1 s, which the reader's quick preview seldom needs.
    from email_validator import EmailNotValidError, validate_email

    trimmed = text.strip(EDGES)
    if not trimmed:
        raise NotAnAddress("missing")
    if len(trimmed.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
        raise NotAnAddress("too_long")
    if any(unicodedata.category(character) in _INVISIBLE for character in trimmed):
        raise NotAnAddress("invisible")
    if trimmed.count("@") > 1 and '"' not in trimmed:
        raise NotAnAddress("multiple")
    try:
        found = validate_email(trimmed, check_deliverability=False)
    except EmailNotValidError as error:
        raise NotAnAddress("invalid") from error
    if len(found.local_part.encode()) > MAX_LOCAL:
        raise NotAnAddress("local_too_long")
    domain = found.ascii_domain.lower()
    return Parts(given=found.normalized, key=f"{found.local_part.casefold()}@{domain}", domain=domain)


def keyed_hash(secret: str, key: str) -> bytes:
    """HMAC-SHA-256 of an address key, 32 bytes."""
    return hmac.digest(secret.encode(), b"address:" + key.encode(), hashlib.sha256)
