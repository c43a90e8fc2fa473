"""Header values: checked by us, since Anymail's API backends pass line breaks on unchanged (RELIABILITY §0.2)."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable
from email.header import Header
from email.headerregistry import Address as HeaderAddress
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from contacts.models import MailingList
from mailer import kinds
from mailer.models import Delivery, Mailing, Message
from mailer.signup.wording import page_language

MAX_SUBJECT = 500
MAX_NAME = 200
MAX_HEADER = 900  # a line may hold 998 octets (RFC 5322)
_BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def check_line(value: str, *, limit: int) -> str:
    """`value`, if it may stand in one header line; any script is welcome.

    Raises ValidationError for line and paragraph separators, control characters, unpaired surrogates,
    direction overrides (they can show a name as another one) and for more than `limit` characters.
    """
    if len(value) > limit:
        raise ValidationError(_("At most %(limit)d characters."), code="too_long", params={"limit": limit})
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _BIDI_CONTROLS:
            raise ValidationError(
                _("Line breaks and invisible control characters are not allowed here."),
                code="control_character",
            )
    return value


def mailbox(name: str, address: str) -> str:
    """`name <address>` for a header. Raises ValidationError if either part could become something else."""
    check_line(name, limit=MAX_NAME)
    check_line(address, limit=254)
    if address.count("@") != 1 or any(sign in address for sign in ' ,;<>()[]\\"'):
        raise ValidationError(_("This is not one plain address."), code="invalid")
    local, _at, domain = address.rpartition("@")
    return str(HeaderAddress(display_name=name, username=local, domain=domain)) if name else address


def message_id(delivery: Delivery) -> str:
    """The Message-ID of a delivery (RFC 5322 §3.6.4): ours, stable over retries, not to be guessed."""
    return message_id_for(delivery.pk)


def message_id_for(delivery_id: int) -> str:
    """The Message-ID of the delivery with this number."""
    return message_ids()(delivery_id)


def message_ids() -> Callable[[int], str]:
    """`message_id_for` for many deliveries: what does not change is made once."""
    key, domain = settings.SECRET_KEY.encode(), settings.MAIL_DOMAIN

    def make(delivery_id: int) -> str:
        digest = hmac.digest(key, b"message-id:%d" % delivery_id, "sha256")
        return f"<{delivery_id}.{digest[:12].hex()}@{domain}>"

    return make


_MESSAGE_ID = re.compile(r"<([1-9][0-9]{0,17})\.[0-9a-f]{24}@[^<>@\s]{1,254}>", re.ASCII)


def delivery_of(message_id: str) -> int | None:
    """The delivery whose Message-ID this is, in brackets or without; None for one that we did not make."""
    shape = _MESSAGE_ID.fullmatch(f"<{message_id.strip('<>')}>")
    if shape is None or not constant_time_compare(message_id_for(int(shape[1])), shape[0]):
        return None
    return int(shape[1])


def headers_of(delivery: Delivery) -> dict[str, str]:
    """Every header we add to a single mail, ready to send.

    System mail says that a machine sent it (RFC 3834); a letter carries neither that nor a List header,
    since a person wrote it.
    """
    found = {"Message-ID": message_id(delivery)}
    rule = kinds.rule(delivery.kind)
    if rule.automatic:
        found["Auto-Submitted"] = "auto-generated"
    for name, value in rule.headers(delivery).items():
        found[name] = check_line(value, limit=MAX_HEADER)
    return found


# --- mailings -------------------------------------------------------------------------------------------------------

# What stands in a header of every mailing and differs from person to person: `links.slots` has the values.
PERSONAL_SLOTS = ("unsubscribe_link", "unsubscribe_mailto")
MAX_LIST_ID = 254  # octets, RFC 2919 §3
_MAX_LIST_NAME = 60
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", re.ASCII)


def mailing_headers(mailing: Mailing, message: Message) -> dict[str, str]:
    """Every header that makes a mail of a mailing a list's mail, the same for everybody who gets this message.

    List-Unsubscribe holds slots that the road fills for each person, `PERSONAL_SLOTS`: RFC 8058 wants one https address
    first in it, and the token there says who leaves what. From, To, Reply-To, Subject, Date, Message-ID and the MIME
    headers are the road's; Auto-Submitted is not for newsletters (RFC 3834 means answers and notices of machines).
    Nothing in Feedback-ID names a person, so that a provider's statistics by it cannot either.

    Raises ValidationError for a value that could become another header.
    """
    mailing_list, sender = mailing.mailing_list, mailing.sender
    if mailing_list is None or sender is None:
        raise ValidationError(_("A mailing needs its list and its sender."), code="incomplete")
    language = page_language(message.language or mailing.language)
    found = {
        "List-Unsubscribe": "<{{ unsubscribe_link }}>, <{{ unsubscribe_mailto }}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": list_id(mailing_list, language),
        "List-Help": f"<{_page('mailer:forgotten', language)}>",
        "List-Owner": f"<mailto:{quote(mailbox('', sender.reply_to or sender.address), safe='@+')}>",
        "List-Post": "NO",
        "Precedence": "bulk",
        "Feedback-ID": feedback_id(mailing),
    }
    if mailing_list.is_public:
        found["List-Subscribe"] = f"<{_page('mailer:sign_up', language, mailing_list.slug)}>"
        if mailing.in_archive:
            found["List-Archive"] = f"<{_page('mailer:archive_list', language, mailing_list.slug)}>"
    for name, value in found.items():
        if not value.isascii():
            raise ValidationError(_("A header must be written in ASCII."), code="not_ascii")
        check_line(f"{name}: {value}", limit=MAX_HEADER)
    return found


def list_id(mailing_list: MailingList, language: str = "") -> str:
    """`Name <list-7.mail.example.org>` (RFC 2919). The part in brackets stays for ever, whatever staff rename."""
    identity = f"<list-{mailing_list.pk}.{settings.MAIL_DOMAIN}>"
    whole = f"{_phrase(mailing_list.public_name(language)[:_MAX_LIST_NAME].strip())} {identity}".strip()
    return whole if len(whole) <= MAX_LIST_ID else identity


def feedback_id(mailing: Mailing) -> str:
    """`campaign:customer:type:sender`, by which mailbox providers group complaints; the fourth part never changes."""
    domain = re.sub(r"[^a-z0-9]", "", settings.MAIL_DOMAIN.lower())
    customer = f"o{mailing.organisation_id}" if mailing.organisation_id else "house"
    return f"m{mailing.pk}:{customer}:newsletter:{domain.ljust(5, '0')[:15]}"


def _phrase(name: str) -> str:
    """A name for a structured header: as it is, quoted, or as encoded words (RFC 2047 §5)."""
    check_line(name, limit=MAX_NAME)
    if _PLAIN_PHRASE.fullmatch(name):
        return name
    if name.isascii():
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return Header(name, "utf-8").encode(linesep="")


def _page(name: str, language: str, *args: str) -> str:
    with translation.override(language):
        return settings.SITE_URL + reverse(name, args=args)
