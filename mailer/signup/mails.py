"""The mails of a sign-up. They hold nothing that was typed (A2): a fixed greeting, the list's name, and links.

Links are secrets: the door fills them in from ids, and they are stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from contacts.addresses import parse
from mailer import house_mails, preference_links, sending
from mailer.models import Delivery, SignUp
from mailer.signup import links

Kind = Delivery.Kind


def confirmation(row: SignUp, at: datetime | None = None) -> Delivery:
    """Queue the mail that asks the owner of the mailbox to confirm."""
    return _queue("sign_up", row, Kind.OPT_IN, at)


def welcome(row: SignUp, at: datetime | None = None) -> Delivery:
    """Queue the mail that tells somebody that they were put on a single opt-in list, and the way off it."""
    return _queue("signed_up", row, Kind.NOTICE, at)


def already(row: SignUp, at: datetime | None = None) -> Delivery:
    """Queue the mail to somebody who gets the list already: the way to their preferences."""
    return _queue("already_signed_up", row, Kind.NOTICE, at)


def _queue(mail: str, row: SignUp, kind: Kind, at: datetime | None) -> Delivery:
    name = row.mailing_list.public_name(row.language)
    text = house_mails.message(
        mail, row.language, from_name=house_mails.house_name(row.mailing_list), list_name=name
    )
    return sending.queue(text, to=parse(row.address), kind=kind, due_at=at, context={"sign_up": row.pk})


# --- what mailer asks us at its door ------------------------------------------------------------------------------


def check(delivery: Delivery) -> str:
    """Why a mail of a sign-up may no longer go: it was confirmed, denied, or its time is over."""
    row = _sign_up_of(delivery)
    if row is None or not row.address:
        return "the sign-up is gone"
    if row.denied_at is not None:
        return "its owner said it was not them"
    if delivery.kind == Kind.OPT_IN and row.confirmed_at is not None:
        return "it was confirmed already"
    if delivery.kind == Kind.OPT_IN and row.expires_at <= timezone.now():
        return "its time to be confirmed is over"
    return ""


def fields(delivery: Delivery) -> Mapping[str, str]:
    row = _sign_up_of(delivery)
    if row is None:
        return {}
    found = {"not_me_link": links.not_me(row)}
    if delivery.kind == Kind.OPT_IN:
        return found | {"link": links.confirm(row)}
    contact = links.contact_of(row)
    return found | ({"link": preference_links.personal(contact, row.language)} if contact else {})


def _sign_up_of(delivery: Delivery) -> SignUp | None:
    pk = delivery.context.get("sign_up")
    return SignUp.objects.select_related("mailing_list").filter(pk=pk).first() if pk else None
