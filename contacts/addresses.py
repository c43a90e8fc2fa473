"""What an e-mail address is to us: cleaned once, compared by one key, remembered by one keyed hash."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from contacts import address_rules
from contacts.address_rules import MAX_LENGTH, MAX_LOCAL

__all__ = ["MAX_LENGTH", "MAX_LOCAL", "Address", "hash_key", "parse"]

# The fault's code and what the person is told.
_MESSAGES = {
    "missing": ("missing", _("Please enter an e-mail address.")),
    "too_long": ("too_long", _("This address is too long: at most 254 characters.")),
    "invisible": ("invalid", _("This address holds an invisible character. Please type it again.")),
    "multiple": ("multiple", _("Please enter one address only.")),
    "invalid": (
        "invalid",
        _("This does not look like an e-mail address. It should look like name@example.org."),
    ),
    "local_too_long": ("too_long", _("The part before the @ is too long: at most 64 characters.")),
}


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

    The rules are those of `contacts.address_rules.read`. No DNS look-up.
    """
    try:
        found = address_rules.read(text)
    except address_rules.NotAnAddress as error:
        code, message = _MESSAGES[error.fault]
        raise ValidationError(message, code=code) from error
    return Address(given=found.given, key=found.key, domain=found.domain)


def hash_key(key: str) -> bytes:
    """The keyed hash (HMAC-SHA-256, 32 bytes) by which an address is remembered after it was erased."""
    return address_rules.keyed_hash(settings.ADDRESS_HASH_KEY, key)
