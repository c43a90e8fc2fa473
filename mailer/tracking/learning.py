"""What rare reports mean beyond their dates: whom we may not write to again, and what the apps above are told.

Python looks at bounces, complaints and unsubscribes only; of the million that arrived, nobody is asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contacts import suppressions
from contacts.models import Contact, Suppression
from mailer import sending, unsubscribing
from mailer.models import Delivery, DeliveryEvent, Mailing
from mailer.unsubscribe_links import Leaver

Fact = DeliveryEvent.Type
RARE: list[str] = [Fact.BOUNCED, Fact.REJECTED, Fact.COMPLAINED, Fact.UNSUBSCRIBED]


def learn(event_ids: Sequence[int]) -> None:
    """Suppress, unsubscribe and tell as these reports ask. Safe to repeat."""
    events = DeliveryEvent.objects.filter(pk__in=event_ids).select_related("delivery").defer("raw")
    home = [
        (event, event.delivery)
        for event in events.order_by("occurred_at", "pk")
        if event.delivery is not None
    ]
    _suppress(home)
    _unsubscribe(delivery for event, delivery in home if event.type == Fact.UNSUBSCRIBED)
    for event, delivery in home:
        change = "bounced" if event.type == Fact.REJECTED else event.type
        if change != Fact.UNSUBSCRIBED and delivery.kind != Delivery.Kind.MAILING:
            sending.tell(delivery, change)


def _suppress(home: Iterable[tuple[DeliveryEvent, Delivery]]) -> None:
    suppressions.suppress_many(
        [
            (bytes(delivery.address_hash), reason, {"delivery": delivery.pk, "event": event.pk})
            for event, delivery in home
            if (reason := _refusal(event, delivery))
        ]
    )


def _refusal(event: DeliveryEvent, delivery: Delivery) -> Suppression.Reason | None:
    """Why the report forbids us to write to the address again, if it does.

    A representative's mailbox is not ours to suppress: advocacy marks the route instead.
    """
    if delivery.kind == Delivery.Kind.LETTER:
        return None
    if event.type == Fact.COMPLAINED:
        return Suppression.Reason.COMPLAINT
    if event.type == Fact.BOUNCED and event.bounce_class == Delivery.BounceClass.HARD:
        return Suppression.Reason.BOUNCE
    return None


def _unsubscribe(deliveries: Iterable[Delivery]) -> None:
    """Take who left by the provider's own link or button off the lists of the mailing that it stood in."""
    left = {delivery.pk: delivery for delivery in deliveries if delivery.mailing_id}
    if not left:
        return
    suppressions.hold(*(bytes(delivery.address_hash) for delivery in left.values()))
    contacts = Contact.objects.in_bulk([one.contact_id for one in left.values() if one.contact_id])
    mailings = Mailing.objects.select_related("mailing_list").in_bulk(
        [one.mailing_id for one in left.values() if one.mailing_id]
    )
    for delivery in left.values():
        contact = contacts.get(delivery.contact_id or 0)
        # Whose address is another one by now said nothing about the mail that goes there.
        if contact is not None and bytes(contact.address_hash) != bytes(delivery.address_hash):
            contact = None
        leaver = Leaver(contact, mailings.get(delivery.mailing_id or 0), delivery)
        unsubscribing.leave_lists(leaver, unsubscribing.Door.PROVIDER)
