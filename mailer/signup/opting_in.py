"""Sign up, confirm, deny: how an address typed by anybody becomes the subscription of its owner.

Double opt-in: nothing happens before the owner presses the button in our mail. Single opt-in: the address is put on
the list at once and told so, by a mail with a "that was not me" link; but who ever stood on the list, or left
everything, is asked first all the same, since only their own word brings them back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from contacts import subscriptions, suppressions
from contacts.addresses import Address, parse
from contacts.clock import database_now
from contacts.models import MailingList, Subscription, Suppression
from mailer import allowance, sending
from mailer.models import Delivery, SignUp, new_nonce
from mailer.signup import mails
from mailer.signup.links import contact_of

CONFIRM_DAYS = timedelta(days=7)
NOT_ME = timedelta(days=365)
DOUBLE_CLICK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Request:
    """A filled form. `text` are the words shown beside the tick, `page` where they stood."""

    mailing_list: MailingList
    address: Address
    language: str
    text: str
    page: str
    source: str = SignUp.Source.HOSTED
    name: str = ""
    country: str = ""
    delay: timedelta = timedelta(0)


@transaction.atomic
def sign_up(request: Request) -> SignUp:
    """Keep what was typed and mail its address, once the allowance has room for it (A3).

    The same work whoever it is (A8): which of the three mails goes is all that differs. Where the allowance of the
    day is spent, none goes and nobody is put on a list unseen. Typed again, the open row is renewed.
    """
    address = request.address
    suppressions.hold(address.hash)
    now = database_now()
    row = _row(request, now + CONFIRM_DAYS)
    if _was_mailed_just_now(row, now):
        return row  # a double click, whose first post is answered already
    at = allowance.next_mail(address.hash, now)
    if at > now + allowance.LONGEST_WAIT:
        return row
    due_at = max(at, now + request.delay) if at > now or request.delay else None
    if is_on(address, request.mailing_list):
        mails.already(row, due_at)
    elif _subscribed_at_once(request, row):
        mails.welcome(row, due_at)
    else:
        mails.confirmation(row, due_at)
    return row


def _row(request: Request, expires_at: Any) -> SignUp:
    """The open row of this address and list, as it was typed last. Its links stay the same while it is alive."""
    typed = {
        "address": request.address.given,
        "name": request.name,
        "country": request.country,
        "language": request.language,
        "text": request.text,
        "page": request.page[:300],
        "source": request.source,
        "expires_at": expires_at,
    }
    row, created = SignUp.objects.get_or_create(
        address_hash=request.address.hash,
        mailing_list=request.mailing_list,
        confirmed_at=None,
        denied_at=None,
        defaults=typed,
    )
    if not created:
        if row.expires_at <= expires_at - CONFIRM_DAYS:
            typed["nonce"] = new_nonce()
        SignUp.objects.filter(pk=row.pk).update(**typed)
        row.refresh_from_db()
    return row


def _was_mailed_just_now(row: SignUp, now: datetime) -> bool:
    queued = Delivery.objects.filter(
        address_hash=bytes(row.address_hash), context__sign_up=row.pk, created_at__gt=now - DOUBLE_CLICK
    )
    return queued.exists()


def is_on(address: Address, mailing_list: MailingList) -> bool:
    """Whether the address gets this list already."""
    standing = Subscription.objects.filter(
        contact__address_key=address.key, mailing_list=mailing_list, status=Subscription.Status.CONFIRMED
    )
    blocked = suppressions.blocks(address.hash, Suppression.Scope.MAILINGS)
    return standing.exists() and blocked is None


def _subscribed_at_once(request: Request, row: SignUp) -> bool:
    if request.mailing_list.opt_in != MailingList.OptIn.SINGLE:
        return False
    subscribed = subscriptions.subscribe_unproven(
        request.address,
        request.mailing_list,
        text=request.text,
        page=request.page,
        source=_source(row),
        name=request.name,
        language=request.language,
        country=request.country,
    )
    if subscribed is not None:
        row.subscribed_at = database_now()
        row.save(update_fields=["subscribed_at"])
    return subscribed is not None


@transaction.atomic
def confirm(sign_up: SignUp) -> bool:
    """Take the word of whoever holds the mailbox that they want the list.

    False for a repeat, and for one that was denied, renewed, erased or ran out meanwhile, which change nothing. It ends
    "left everything", but no bounce, no complaint and no "never write to me" that came after our mail: then the consent
    stands as a fact, and the preferences say why no newsletter comes.
    """
    now = database_now()
    # First the address, then the row, as everybody who holds both does: an erasure may be under way.
    suppressions.hold(bytes(sign_up.address_hash))
    found = SignUp.objects.select_for_update(of=("self",)).select_related("mailing_list")
    row = found.filter(pk=sign_up.pk).first()
    if (
        row is None
        or row.nonce != sign_up.nonce
        or row.confirmed_at
        or row.denied_at
        or row.expires_at <= now
    ):
        return False
    address_hash = bytes(row.address_hash)
    asked = Delivery.objects.filter(
        address_hash=address_hash, kind=Delivery.Kind.OPT_IN, context__sign_up=row.pk
    )
    subscriptions.subscribe_proven(
        parse(row.address),
        row.mailing_list,
        text=row.text,
        page=row.page,
        source=_source(row),
        proof={
            "sign_up": row.pk,
            "delivery": asked.order_by("-pk").values_list("pk", flat=True).first(),
            "confirmed_at": now.isoformat(),
            "by": "link in the confirmation mail",
        },
        mailed_at=allowance.mailed_at(address_hash, Delivery.Kind.OPT_IN, sign_up=row.pk),
        name=row.name,
        language=row.language,
        country=row.country,
    )
    row.confirmed_at = now
    row.save(update_fields=["confirmed_at"])
    allowance.answered(address_hash, Delivery.Kind.OPT_IN, sign_up=row.pk)
    return True


@transaction.atomic
def deny(sign_up: SignUp) -> None:
    """ "It wasn't me": stop such mails to this address for a year, end what waits, and undo what was done unproven.

    Safe to repeat. What its owner confirmed before, here or elsewhere, stays.
    """
    address_hash = bytes(sign_up.address_hash)
    now = database_now()
    suppressions.suppress(
        address_hash,
        Suppression.Reason.NOT_ME,
        scope=Suppression.Scope.CONFIRMATIONS,
        evidence={"sign_up": sign_up.pk},
        ends_at=now + NOT_ME,
    )
    open_rows = SignUp.objects.select_for_update(of=("self",)).filter(
        address_hash=address_hash, confirmed_at=None, denied_at=None
    )
    for row in open_rows.select_related("mailing_list").order_by("pk"):
        _call_off(row)
        if row.subscribed_at is not None:
            _take_off(row)
        row.denied_at = now
        row.save(update_fields=["denied_at"])


def _take_off(row: SignUp) -> None:
    contact = contact_of(row)
    if contact is not None:
        proof = {"sign_up": row.pk, "by": "link “that was not me”"}
        subscriptions.unsubscribe(contact, row.mailing_list, source=_source(row), proof=proof)


def _call_off(row: SignUp) -> None:
    waiting = Delivery.objects.filter(
        address_hash=row.address_hash, status=Delivery.Status.QUEUED, context__sign_up=row.pk
    )
    for delivery in waiting:
        sending.cancel(delivery, "the owner of the mailbox said it was not them")


def _source(row: SignUp) -> str:
    """Where the consent came from, as it stands in the log of consents."""
    return f"sign-up {row.mailing_list.slug}"[:100]
