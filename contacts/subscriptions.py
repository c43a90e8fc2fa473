"""What people want to get from us: their wish for a list, and the consent behind it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from contacts import suppressions
from contacts.addresses import Address
from contacts.models import Consent, Contact, MailingList, Subscription, Suppression


@transaction.atomic
def subscribe_proven(
    address: Address,
    mailing_list: MailingList,
    *,
    text: str,
    page: str,
    source: str,
    proof: dict[str, Any],
    name: str = "",
    language: str = "",
    country: str = "",
) -> Subscription | None:
    """Subscribe somebody who ticked the box and has proven the mailbox.

    An earlier "unsubscribed" is lifted: the fresh tick is the person's own word. So is a suppression, but for a
    complaint (`suppressions.lift_by_consent`); then the consent is kept as a fact, and None is returned. What we know of the contact is never overwritten.

    Safe to repeat, also in parallel: the same proof is one consent and lifts nothing that came after it.
    """
    contact, _created = Contact.objects.get_or_create(
        address_key=address.key,
        defaults={
            "address": address.given,
            "address_hash": address.hash,
            "name": name,
            "language": language,
            "country": country,
            "organisation": mailing_list.organisation,
            "source": source[:100],
        },
    )
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)  # a repeat in parallel waits here
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
    suppressions.lift_by_consent(consent)
    if suppressions.blocks(address.hash, Suppression.Scope.MAILINGS):
        return None
    subscription, created = Subscription.objects.get_or_create(
        contact=contact,
        mailing_list=mailing_list,
        defaults={"status": Subscription.Status.CONFIRMED},
    )
    if not created and subscription.status != Subscription.Status.CONFIRMED:
        Subscription.objects.filter(pk=subscription.pk).update(
            status=Subscription.Status.CONFIRMED, changed_at=Now()
        )
        subscription.refresh_from_db()
    return subscription
