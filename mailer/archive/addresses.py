"""Where mailings are read in a browser: by a readable address in the archive, and by a link that only its readers hold.

The link in a mail, `view/<mailing>-<seal>`, works whether the mailing is in the archive or not, and for ever; where it
is, it leads on to the readable address. The seal is an HMAC-SHA-256, 96 bits of it, under a key of its purpose.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac

from contacts.models import MailingList
from mailer.models import Mailing
from mailer.seals import Gone
from mailer.signup.wording import page_language

_PURPOSE = "mailer.archive.addresses"
_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{24})", re.ASCII)


def token(mailing_id: int) -> str:
    """What opens a mailing for whoever got it. The same for ever, for the same key."""
    seal = salted_hmac(_PURPOSE, str(mailing_id), algorithm="sha256").hexdigest()[:24]
    return f"{mailing_id}-{seal}"


def read(text: str) -> int:
    """The mailing of a token. Raises Gone for one that we did not make; asks no database."""
    shape = _SHAPE.fullmatch(text[:50])
    if shape is None or not constant_time_compare(token(int(shape[1])), text):
        raise Gone
    return int(shape[1])


def web_link(mailing: Mailing, language: str) -> str:
    """ "View in browser" in a mail in this language."""
    return _whole("mailer:view", language, token(mailing.pk)) + _asking_for(language)


def page_of(mailing: Mailing, language: str) -> str:
    """The readable address of a mailing in the archive."""
    mailing_list = mailing.mailing_list
    slug = mailing_list.slug if mailing_list else ""
    return _whole("mailer:archived", language, slug, mailing.slug or "") + _asking_for(language)


def index_of(mailing_list: MailingList, language: str) -> str:
    return _whole("mailer:archive_list", language, mailing_list.slug)


def feed_of(mailing_list: MailingList, language: str) -> str:
    return _whole("mailer:archive_feed", language, mailing_list.slug)


def sign_up_of(mailing_list: MailingList, language: str) -> str:
    return _whole("mailer:sign_up", language, mailing_list.slug)


def _whole(name: str, language: str, *args: str) -> str:
    with translation.override(page_language(language)):
        return settings.SITE_URL + reverse(name, args=args)


def _asking_for(language: str) -> str:
    """What tells a page that the mail is in a language which our pages do not have."""
    return "" if page_language(language) == language else f"?in={language}"
