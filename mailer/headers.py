"""Header values: checked by us, since Anymail's API backends pass line breaks on unchanged (RELIABILITY §0.2)."""

from __future__ import annotations

import hmac
import unicodedata
from email.headerregistry import Address as HeaderAddress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mailer import kinds
from mailer.models import Delivery

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
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"message-id:{delivery_id}".encode(), "sha256")
    return f"<{delivery_id}.{digest[:12].hex()}@{settings.MAIL_DOMAIN}>"


def headers_of(delivery: Delivery) -> dict[str, str]:
    """Every header we add to a single mail, ready to send.

    System mail says that a machine sent it (RFC 3834); a letter carries neither that nor a List header,
    since a person wrote it.
    """
    found = {"Message-ID": message_id(delivery)}
    if kinds.rule(delivery.kind).automatic:
        found["Auto-Submitted"] = "auto-generated"
    return found
