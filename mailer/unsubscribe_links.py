"""The link in every newsletter by which its reader leaves: one press, no login, and never too old (RFC 8058).

A token is `<contact>-<mailing>-<seal>`: who leaves, and which mailing's lists. The seal is an HMAC-SHA-256, 128 bits of
it, under the key of the preference links, over both numbers and the keyed hash of the address that the mail went to. It
is written in lower case, since it stands in an address too (`unsubscribe+<token>@…`), whose letters a mail server may
change. It needs no database to be made and holds no address. Like the link to the preferences it has no say over an
address that its mail did not go to; but it never stops being answered: whoever gets no mail any more has left.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare

from contacts.models import Contact
from mailer import preference_links
from mailer.models import Delivery, Mailing
from mailer.seals import Gone
from mailer.signup.wording import page_language

TEST = "test"  # what stands for a token in a test mail: there is nobody to take off a list
LOCAL_PART = "unsubscribe"

_SEAL_BYTES = 16
_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,17})-([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Leaver:
    """Whom a link takes off which lists.

    contact: None where nothing of ours goes to the address of the mail any more, as after an erasure or a move.
    mailing: None where a restored backup does not know it any more. delivery: the mail that the link came in.
    """

    contact: Contact | None
    mailing: Mailing | None
    delivery: Delivery | None


def token(contact_id: int, mailing_id: int, address_hash: bytes) -> str:
    """The token of one person for one mailing. Pure: the same for ever, for the same address and key."""
    digest = hmac.digest(key(), seed(contact_id, mailing_id, address_hash), hashlib.sha256)
    return written(contact_id, mailing_id, digest)


def read(text: str) -> Leaver:
    """Who may leave by a token. Raises Gone for one that we did not make; the same work for any number in it (A8)."""
    shape = _SHAPE.fullmatch(text[:100].lower())
    if shape is None:
        raise Gone
    contact_id, mailing_id = int(shape[1]), int(shape[2])
    delivery = Delivery.objects.filter(mailing=mailing_id, contact=contact_id).first()
    contact, present = preference_links.owner(contact_id)
    written_to = bytes(delivery.address_hash) if delivery else present
    digest = hmac.digest(key(), seed(contact_id, mailing_id, written_to), hashlib.sha256)
    if not constant_time_compare(digest[:_SEAL_BYTES].hex(), shape[3]):
        raise Gone
    mailing = Mailing.objects.select_related("mailing_list").filter(pk=mailing_id).first()
    return Leaver(contact if present == written_to else None, mailing, delivery)


def page(text: str, language: str) -> str:
    """The whole address of the page behind a token, which is also where a mail program posts."""
    return f"{before_token(language)}{text}"


@functools.cache
def _path(language: str) -> str:
    with translation.override(language):
        return reverse("mailer:unsubscribe", args=["x"]).removesuffix("x")


# --- for whoever makes a million: `links.slots` -----------------------------------------------------------------------


def key() -> bytes:
    return settings.PREFERENCE_LINK_KEY.encode()


def seed(contact_id: int, mailing_id: int, address_hash: bytes) -> bytes:
    """What the key signs."""
    return b"unsubscribe:%d:%d:%s" % (contact_id, mailing_id, address_hash)


def written(contact_id: int, mailing_id: int, digest: bytes) -> str:
    return f"{contact_id}-{mailing_id}-{digest[:_SEAL_BYTES].hex()}"


def before_token(language: str) -> str:
    return settings.SITE_URL + _path(page_language(language))


def mailto(text: str) -> str:
    """For programs that leave by writing (RFC 2369); read by `inbound`. Its local part is at most 64 octets."""
    return f"mailto:{LOCAL_PART}+{text}@{settings.MAIL_DOMAIN}"
