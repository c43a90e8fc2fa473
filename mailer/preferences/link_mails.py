"""The mail with the personal link: to whoever asks for it, if we know the address. The door decides that.

So a page that queues it does the same work for every address, and cannot tell who is known (A8).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from contacts import suppressions
from contacts.addresses import Address, parse
from contacts.clock import database_now
from contacts.models import Contact
from mailer import allowance, house_mails, preference_links, sending
from mailer.models import Delivery
from mailer.signup import mails as sign_up_mails
from mailer.signup.wording import page_language

_CONTEXT = "preferences_in"


@transaction.atomic
def send(address: Address, language: str, delay: timedelta = timedelta(0)) -> datetime | None:
    """Queue the link for an address once its allowance has room (A3). None; else when it will have room again."""
    suppressions.hold(address.hash)
    now = database_now()
    at = allowance.next_mail(address.hash, now)
    if at > now + allowance.LONGEST_WAIT:
        return at
    sending.queue(
        house_mails.message("preferences_link", language, from_name=house_mails.house_name()),
        to=address,
        kind=Delivery.Kind.NOTICE,
        due_at=max(at, now + delay) if at > now or delay else None,
        context={_CONTEXT: page_language(language)},
    )
    return None


# --- what mailer asks us at its door --------------------------------------------------------------------------------


def check(delivery: Delivery) -> str:
    """Why a notice may not go: nobody of this address is known, or its sign-up is over."""
    if "sign_up" in delivery.context:
        return sign_up_mails.check(delivery)
    return "" if _contact_of(delivery) is not None else "nobody with this address is known"


def fields(delivery: Delivery) -> Mapping[str, str]:
    if "sign_up" in delivery.context:
        return sign_up_mails.fields(delivery)
    contact = _contact_of(delivery)
    return {"link": preference_links.personal(contact, delivery.context[_CONTEXT])} if contact else {}


def _contact_of(delivery: Delivery) -> Contact | None:
    try:
        return Contact.objects.filter(address_key=parse(delivery.address).key).first()
    except ValidationError:
        return None
