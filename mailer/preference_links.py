"""The link to a person's preferences: from every mail to a contact, and never too old.

A token is `<contact>-<seal>`; the seal is an HMAC-SHA-256, 144 bits of it, under a key of its own, over the contact's
id and the keyed hash of the address. So it holds no address, needs no database to be made (13,000 a second for a
mailing), is the same in every mail, and dies when the contact gets another address: whoever reads the old mailbox has
no say over the new one. Where staff made one person of two, the lasting link of the one who is gone opens the
preferences of the one who stayed: both mailboxes are theirs, and the mails in them must be left by their links.

Newsletters are forwarded, and their link with them. It lets one leave, pause and choose the language, no more. What puts
somebody on a list, or shows or erases their data, takes a personal token, `<contact>-<minute>-<seal>`: mailed by itself
to the mailbox, good for a day.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from contacts import people
from contacts.models import Contact
from mailer.seals import Gone
from mailer.signup.wording import page_language

PERSONAL = timedelta(days=1)

_SEAL_BYTES = 18
_SHAPE = re.compile(r"([1-9][0-9]{0,17})-(?:([1-9][0-9]{0,9})-)?([A-Za-z0-9_-]{24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Access:
    """Whose preferences a link opens. is_personal: it was mailed to them alone, within the last day."""

    contact: Contact
    is_personal: bool


def token(contact_id: int, address_hash: bytes) -> str:
    """The lasting token of a contact. Pure: the same for ever, for the same address and key."""
    return f"{contact_id}-{_seal(b'lasting', contact_id, 0, address_hash)}"


def personal_token(contact_id: int, address_hash: bytes, now: datetime | None = None) -> str:
    """A token that opens everything, for a day from `now`."""
    until = int(((now or timezone.now()) + PERSONAL).timestamp()) // 60
    return f"{contact_id}-{until}-{_seal(b'personal', contact_id, until, address_hash)}"


def read(text: str, now: datetime | None = None) -> Access:
    """Whose preferences a token opens. Raises Gone, with the same work for a contact that is not there (A8)."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise Gone
    pk, until = int(shape[1]), int(shape[2] or 0)
    contact, address_hash = owner(pk, is_lasting=not until)
    expected = _seal(b"personal" if until else b"lasting", pk, until, address_hash)
    if not constant_time_compare(expected, shape[3]) or contact is None:
        raise Gone
    if until and (now or timezone.now()).timestamp() >= until * 60:
        raise Gone
    return Access(contact, is_personal=bool(until))


def owner(pk: int, *, is_lasting: bool = True) -> tuple[Contact | None, bytes]:
    """Whom the token of this contact opens, and the hash of the address that it was made for."""
    contact = Contact.objects.filter(pk=pk).first()
    if contact is not None:
        return contact, bytes(contact.address_hash)
    if is_lasting and (found := people.heir_of(pk)):
        heir, address = found
        return heir, address.hash
    return None, b""


def link(contact: Contact, language: str = "") -> str:
    """The lasting link of a contact, in their language: for every mail to them."""
    return page(token(contact.pk, bytes(contact.address_hash)), language or contact.language)


def personal(contact: Contact, language: str = "") -> str:
    """The personal link of a contact, good for a day from now."""
    return page(personal_token(contact.pk, bytes(contact.address_hash)), language or contact.language)


def page(text: str, language: str) -> str:
    """The whole address of the preferences behind a token."""
    return f"{before_token(language)}{text}/"


def lost(language: str) -> str:
    """The whole address of the page that mails somebody their link: for mails that are nobody's, such as a test."""
    with translation.override(page_language(language)):
        return settings.SITE_URL + reverse("mailer:forgotten")


@functools.cache
def _path(language: str) -> str:
    with translation.override(language):
        return reverse("mailer:preferences", args=["x"]).removesuffix("x/")


def _seal(purpose: bytes, contact_id: int, until: int, address_hash: bytes) -> str:
    message = b"%s:%d:%d:%s" % (purpose, contact_id, until, address_hash)
    digest = hmac.digest(settings.PREFERENCE_LINK_KEY.encode(), message, hashlib.sha256)
    return _as_text(digest)


def _as_text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode()


# --- for whoever makes a million: `links.slots` -----------------------------------------------------------------------


def seed(contact_id: int, address_hash: bytes) -> bytes:
    """What the key signs for a lasting token."""
    return b"lasting:%d:0:%s" % (contact_id, address_hash)


def written(contact_id: int, digest: bytes) -> str:
    return f"{contact_id}-{_as_text(digest)}"


def before_token(language: str) -> str:
    return settings.SITE_URL + _path(page_language(language))
