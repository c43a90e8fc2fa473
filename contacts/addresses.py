"""What an e-mail address is to us: cleaned once, compared by one key, remembered by one keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254  # octets, RFC 5321 §4.5.3.1.3
MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
_EDGES = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Address:
    """One address in the three forms we need.

    given: as typed, in NFC and with a lower-case Unicode domain; what people are shown.
    key: case-folded, with the domain as A-label; two addresses with one key are one person.
    domain: the receiving domain as A-label; pace and limits count by it.
    """

    given: str
    key: str
    domain: str

    @property
    def mailable(self) -> str:
        """The form a provider is given: the domain as A-label (RFC 5891)."""
        return f"{self.given.rpartition('@')[0]}@{self.domain}"

    @property
    def hash(self) -> bytes:
        return hash_key(self.key)


def parse(text: str) -> Address:
    """The address in `text`. Raises ValidationError, in the reader's language, for anything but one address.

    Length is judged first, since validators are slow on long input (CVE-2023-36053). A line break inside is
    refused and never repaired; blanks at the ends are trimmed. No DNS look-up.
    """
    trimmed = text.strip(_EDGES)
    if not trimmed:
        raise ValidationError(_("Please enter an e-mail address."), code="missing")
    if len(trimmed.encode()) > MAX_LENGTH:
        raise ValidationError(_("This address is too long: at most 254 characters."), code="too_long")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in trimmed):
        raise ValidationError(
            _("This address holds an invisible character. Please type it again."), code="invalid"
        )
    if trimmed.count("@") > 1 and '"' not in trimmed:
        raise ValidationError(_("Please enter one address only."), code="multiple")
    try:
        found = validate_email(trimmed, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValidationError(
            _("This does not look like an e-mail address. It should look like name@example.org."),
            code="invalid",
        ) from error
    if len(found.local_part.encode()) > MAX_LOCAL:
        raise ValidationError(_("The part before the @ is too long: at most 64 characters."), code="too_long")
    domain = found.ascii_domain.lower()
    return Address(given=found.normalized, key=f"{found.local_part.casefold()}@{domain}", domain=domain)


def hash_key(key: str) -> bytes:
    """The keyed hash (HMAC-SHA-256, 32 bytes) by which an address is remembered after it was erased."""
    return hmac.digest(settings.ADDRESS_HASH_KEY.encode(), b"address:" + key.encode(), hashlib.sha256)
