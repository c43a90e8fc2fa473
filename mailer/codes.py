"""A bounce in words. Sources: RFC 3463 (enhanced status codes) and the IANA registry it founded."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailer.models import Delivery

# The subject and detail of a code ("1.1" of 5.1.1) where they say more than our class of bounce does.
_DETAILS = {
    "1.1": gettext_lazy("the mailbox does not exist"),
    "1.2": gettext_lazy("the receiving domain does not exist"),
    "1.3": gettext_lazy("the address is not written correctly"),
    "1.6": gettext_lazy("the mailbox has moved"),
    "1.10": gettext_lazy("the receiving domain takes no mail"),
    "2.1": gettext_lazy("the mailbox is switched off"),
    "2.2": gettext_lazy("the mailbox is full"),
    "2.3": gettext_lazy("the mail is longer than the mailbox allows"),
    "3.2": gettext_lazy("the receiving server takes no mail at the moment"),
    "3.4": gettext_lazy("the mail is too large for the receiving server"),
    "4.1": gettext_lazy("the receiving server does not answer"),
    "4.4": gettext_lazy("no way to the receiving server was found"),
    "4.7": gettext_lazy("the mail was under way for too long"),
    "7.1": gettext_lazy("the receiving server refuses our mail"),
    "7.23": gettext_lazy("our own set-up was refused (SPF)"),
    "7.26": gettext_lazy("our own set-up was refused (SPF, DKIM)"),
}


def in_words(bounce_class: str, code: str) -> str:
    """Why a mail bounced, for example "the mailbox is full (5.2.2)"; "" when there is nothing to say."""
    _digit, _dot, detail = code.partition(".")
    words = _DETAILS.get(detail)
    if words is None and bounce_class in Delivery.BounceClass.values:
        words = Delivery.BounceClass(bounce_class).label
    if words is None:
        return code
    return _("%(words)s (%(code)s)") % {"words": words, "code": code} if code else str(words)
