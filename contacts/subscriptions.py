"""What people want to get from us: their wish for a list, and the consent behind it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from contacts import suppressions
from contacts.addresses import Address
from contacts.models import Consent, Contact, ContactChange, MailingList, Subscription, Suppression
from contacts.suppressions import DESK

Status, Reason = Subscription.Status, Subscription.Reason


class NeedsThePersonError(Exception):
    """They are suppressed, or have left the list: only their own confirmed sign-up brings them back."""


@transaction.atomic
def subscribe_proven(
    address: Address,
    mailing_list: MailingList,
    *,
    text: str,
    page: str,
    source: str,
    proof: dict[str, Any],
    mailed_at: datetime | None = None,
    name: str = "",
    language: str = "",
    country: str = "",
) -> Subscription | None:
    """Subscribe somebody who ticked the box and has proven the mailbox.

    mailed_at: when the mail left whose button was pressed; None if there was none.

    An earlier "unsubscribed" is lifted: the fresh tick is the person's own word. So is "left everything", and any other
    suppression that the mail came after, but for a complaint (`suppressions.lift_by_consent`); where one stands still,
    the consent is kept as a fact, and None is returned. What we know of the contact is never overwritten, only gaps are
    filled, and those not on the page of another organisation, whose staff would read there what was signed up for. Whoever was erased while their press waited is made no contact again: None, and nothing is kept.

    Safe to repeat, also in parallel: the same proof is one consent and lifts nothing that came after it.
    """
    # First the address, then the rows, as everybody who holds both does.
    suppressions.hold(address.hash)
    if suppressions.is_erased(address.hash):
        return None
    details = {"name": name, "language": language, "country": country}
    contact = _known(address, mailing_list, source, details)
    if contact.organisation_id in {None, mailing_list.organisation_id}:
        _fill_gaps(contact, details, source)
    consent, is_new = Consent.objects.get_or_create(
        address_hash=address.hash,
        mailing_list=mailing_list,
        purpose=Consent.Purpose.NEWSLETTER,
        granted=True,
        proof=proof,
        defaults={"contact": contact, "text": text, "page": page[:300], "source": source[:100]},
    )
    if not is_new:
        return Subscription.objects.filter(contact=contact, mailing_list=mailing_list).first()
    suppressions.lift_by_consent(consent, mailed_at)
    if suppressions.blocks(address.hash, Suppression.Scope.MAILINGS):
        return None
    _touch(contact)
    subscription, created = Subscription.objects.get_or_create(
        contact=contact, mailing_list=mailing_list, defaults={"status": Status.CONFIRMED}
    )
    if not created and subscription.status != Status.CONFIRMED:
        Subscription.objects.filter(pk=subscription.pk).update(
            status=Status.CONFIRMED, reason="", changed_at=Now()
        )
        subscription.refresh_from_db()
    return subscription


@transaction.atomic
def subscribe_unproven(
    address: Address,
    mailing_list: MailingList,
    *,
    text: str,
    page: str,
    source: str,
    name: str = "",
    language: str = "",
    country: str = "",
) -> Subscription | None:
    """Subscribe whoever was typed into the form of a single opt-in list, which proves nothing.

    None, and nothing changed, where that needs the person's own word: they stood on the list before, in whatever
    way, or are suppressed. So nobody can be brought back, or tried out, by somebody else's typing. The consent has
    no proof, and lifts nothing.
    """
    suppressions.hold(address.hash)
    earlier = Subscription.objects.filter(contact__address_key=address.key, mailing_list=mailing_list)
    if earlier.exists() or suppressions.blocks(address.hash, Suppression.Scope.MAILINGS):
        return None
    details = {"name": name, "language": language, "country": country}
    contact = _known(address, mailing_list, source, details)
    subscription, created = Subscription.objects.get_or_create(
        contact=contact, mailing_list=mailing_list, defaults={"status": Status.CONFIRMED}
    )
    if not created:
        return None
    _record(contact, mailing_list, granted=True, text=text, page=page, source=source, proof={})
    return subscription


@transaction.atomic
def put_on(
    contact: Contact, mailing_list: MailingList, *, text: str, page: str, given_on: date, by: User
) -> bool:
    """Subscribe somebody by the hand of staff, who say which words were agreed to, where and when.

    False if they are on the list already: nothing is changed then, so a repeat is safe. Raises NeedsThePersonError for
    whom staff cannot bring back: the consent counts as staff's word, never as the person's own.
    """
    address_hash = bytes(contact.address_hash)
    suppressions.hold(address_hash)
    # Merged away, erased or moved to another address while we waited: nobody is here under this address any more.
    if not Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk, address_hash=address_hash):
        raise NeedsThePersonError
    if suppressions.blocks(address_hash, Suppression.Scope.MAILINGS):
        raise NeedsThePersonError
    subscription, created = Subscription.objects.get_or_create(
        contact=contact, mailing_list=mailing_list, defaults={"status": Status.CONFIRMED}
    )
    if subscription.status == Status.UNSUBSCRIBED:
        raise NeedsThePersonError
    if not created and subscription.status == Status.CONFIRMED:
        return False
    Subscription.objects.filter(pk=subscription.pk).update(
        status=Status.CONFIRMED, reason="", changed_at=Now()
    )
    consent = _record(
        contact, mailing_list, granted=True, text=text, page=page, source=DESK, proof={"staff": by.pk}
    )
    day = timezone.make_aware(datetime.combine(given_on, time.min))
    Consent.objects.filter(pk=consent.pk).update(given_at=min(day, timezone.now()))
    _touch(contact)
    return True


@transaction.atomic
def unsubscribe(
    contact: Contact,
    mailing_list: MailingList,
    *,
    source: str,
    proof: dict[str, Any] | None = None,
    page: str = "",
    text: str = "",
) -> bool:
    """Take somebody off one list, at their word. False if they were never on it or had left; a repeat changes nothing.

    Who is off it already for another reason, such as an import, has now said so: no undo brings them back.

    Waits for a claim of the same address that is under way, and every later one sees it (invariant I4).
    """
    suppressions.hold(bytes(contact.address_hash))
    standing = Subscription.objects.filter(contact=contact, mailing_list=mailing_list)
    left = standing.exclude(status=Status.UNSUBSCRIBED, reason=Reason.LEFT).update(
        status=Status.UNSUBSCRIBED, reason=Reason.LEFT, changed_at=Now()
    )
    if not left:
        return False
    _record(contact, mailing_list, granted=False, text=text, page=page, source=source, proof=proof or {})
    _touch(contact)
    return True


@transaction.atomic
def leave_all(
    contact: Contact, *, source: str, proof: dict[str, Any] | None = None, page: str = "", text: str = ""
) -> int:
    """No newsletter of any list any more, until they come back by their own confirmed opt-in.

    Returns how many lists they were on. Safe to repeat.
    """
    evidence = {"by": source, **(proof or {})}
    suppressions.suppress(
        bytes(contact.address_hash),
        Suppression.Reason.LEFT,
        scope=Suppression.Scope.MAILINGS,
        evidence=evidence,
    )
    standing = Subscription.objects.filter(contact=contact).exclude(status=Status.UNSUBSCRIBED)
    return sum(
        unsubscribe(contact, one.mailing_list, source=source, proof=proof, page=page, text=text)
        for one in standing.select_related("mailing_list").order_by("pk")
    )


# --- parts ----------------------------------------------------------------------------------------------------------


def _known(address: Address, mailing_list: MailingList, source: str, details: dict[str, str]) -> Contact:
    """The contact of an address, made with `details` if there is none, locked: a repeat in parallel waits here."""
    contact, _created = Contact.objects.get_or_create(
        address_key=address.key,
        defaults={
            "address": address.given,
            "address_hash": address.hash,
            "organisation": mailing_list.organisation,
            "source": source[:100],
            **details,
        },
    )
    return Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)


def _fill_gaps(contact: Contact, details: dict[str, str], source: str) -> None:
    """Take over what we did not know yet, and remember where it came from."""
    gaps = {field: value for field, value in details.items() if value and not getattr(contact, field)}
    if not gaps:
        return
    Contact.objects.filter(pk=contact.pk).update(**gaps, updated_at=Now())
    changes = {field: ["", value] for field, value in gaps.items()}
    ContactChange.objects.create(contact=contact, source=source[:100], changes=changes)


def _record(
    contact: Contact,
    mailing_list: MailingList,
    *,
    granted: bool,
    text: str,
    page: str,
    source: str,
    proof: dict[str, Any],
) -> Consent:
    return Consent.objects.create(
        address_hash=bytes(contact.address_hash),
        contact=contact,
        mailing_list=mailing_list,
        purpose=Consent.Purpose.NEWSLETTER,
        granted=granted,
        text=text,
        page=page[:300],
        source=source[:100],
        proof=proof,
    )


def _touch(contact: Contact) -> None:
    """Whoever acted for themselves is not removed with the import that brought them."""
    Contact.objects.filter(pk=contact.pk).update(updated_at=Now())
