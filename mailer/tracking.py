"""What the world reports of a delivery. A report is kept as it came, then brought home in batches.

The result depends on the set of reports only (invariant I5): each date is the earliest report of its kind, so
order, repeats and shuffling change nothing. A report for a delivery we do not know yet is parked, never dropped.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
from datetime import timedelta
from typing import Any

from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from contacts import doorbell, suppressions
from contacts.models import Suppression
from mailer import bounces, sending
from mailer.models import Delivery, DeliveryEvent

logger = logging.getLogger(__name__)

Fact = DeliveryEvent.Type
BATCH = 1_000
RAW_DAYS = 30

_FACTS = {
    "queued": Fact.ACCEPTED,
    "sent": Fact.ACCEPTED,
    "delivered": Fact.DELIVERED,
    "deferred": Fact.DEFERRED,
    "bounced": Fact.BOUNCED,
    "rejected": Fact.REJECTED,
    "failed": Fact.REJECTED,
    "complained": Fact.COMPLAINED,
    "opened": Fact.OPENED,
    "clicked": Fact.CLICKED,
    "unsubscribed": Fact.UNSUBSCRIBED,
    "autoresponded": Fact.AUTORESPONDED,
}

# --- keep ------------------------------------------------------------------------------------------------------


def keep(event: AnymailTrackingEvent, provider: str) -> None:
    """Store a provider's report and wake a worker. A repeat changes nothing.

    No look-up and no rule here: the provider waits for our answer.
    """
    fact = _FACTS.get(str(event.event_type), Fact.OTHER)
    code = bounces.code_in(event.mta_response or "", event.description or "")
    failed = fact in {Fact.BOUNCED, Fact.REJECTED}
    row = DeliveryEvent(
        event_key=_key(event, provider),
        type=fact,
        occurred_at=event.timestamp or timezone.now(),
        provider=provider[:30],
        provider_message_id=_storable(str(event.message_id or ""))[:300],
        delivery_ref=_reference(event.metadata),
        bounce_class=bounces.classify(code) if failed else "",
        bounce_code=code if failed or fact == Fact.DEFERRED else "",
        raw=_as_json(event.esp_event),
    )
    DeliveryEvent.objects.bulk_create([row], ignore_conflicts=True)
    from mailer import tasks

    doorbell.wake(tasks.apply_events)


def _key(event: AnymailTrackingEvent, provider: str) -> str:
    """One key for one fact: providers give a repeated post a new event id, so the fact itself is hashed."""
    when = event.timestamp.isoformat() if event.timestamp else f"id:{event.event_id}"
    parts = [provider, event.message_id, event.event_type, when, event.recipient, event.click_url]
    parts.append(json.dumps(event.metadata or {}, sort_keys=True, default=str))
    text = "\0".join(str(part or "") for part in parts)
    # With a key: without one, an address could be tried against the rest of the row after it was erased.
    key = settings.ADDRESS_HASH_KEY.encode()
    return hmac.new(key, b"event:" + text.encode(errors="backslashreplace"), hashlib.sha256).hexdigest()


def _reference(metadata: Any) -> int | None:
    """The delivery id that came back with the event, if it is one: events are data from outside."""
    value = str((metadata or {}).get("delivery_id", "")) if isinstance(metadata, dict) else ""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None


def _as_json(raw: Any) -> Any:
    """The raw event as PostgreSQL can keep it; None if it is nested beyond reason."""
    try:
        return _storable(raw)
    except RecursionError:
        return None


def _storable(value: Any) -> Any:
    """`value` without what PostgreSQL refuses: NUL, half a surrogate pair, a number that is none (NaN, infinity)."""
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode(errors="replace").decode()
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float():
            return value
        case dict():
            return {_storable(str(name)): _storable(part) for name, part in value.items()}
        case list() | tuple():
            return [_storable(part) for part in value]
        case _:
            return _storable(str(value))


# --- bring home ------------------------------------------------------------------------------------------------


def apply_all(*, parked: bool = False) -> int:
    """Bring every waiting report home, batch by batch; with `parked` also those that found no delivery before.

    Returns how many were looked at. Safe to repeat and to run twice at once.
    """
    total = 0
    for select in [_PARKED, _WAITING] if parked else [_WAITING]:
        while done := _apply_batch(select):
            total += done
    return total


@transaction.atomic
def _apply_batch(select: str) -> int:
    """One batch: match, write the dates, mark the reports. Returns how many were taken from the heap."""
    with connection.cursor() as cursor:
        cursor.execute(select, [BATCH])
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return 0
        cursor.execute(_MATCH, [ids])
        cursor.execute(_TOUCHED, [ids])
        touched = [row[0] for row in cursor.fetchall()]
        # One order for all workers, so that two batches with common rows wait and do not deadlock.
        locked = Delivery.objects.select_for_update().filter(pk__in=touched).order_by("pk")
        before = dict(locked.values_list("pk", "status"))
        cursor.execute(_APPLY, [DeliveryEvent.PROOF, touched])
        cursor.execute(_MARK, [ids])
        cursor.execute(_FORGET, [ids])
    deliveries = Delivery.objects.in_bulk(touched)
    for pk, delivery in deliveries.items():
        if before[pk] != delivery.status:
            sending.record(delivery, Fact.SETTLED, "a report of the provider proves that it was accepted")
            sending.tell(delivery, Delivery.Status.SENT)
    events = DeliveryEvent.objects.filter(pk__in=ids, delivery__isnull=False).order_by("occurred_at", "pk")
    _learn([(event, deliveries[event.delivery_id]) for event in events])
    return len(ids)


# A report names its delivery by the id we sent along, or by the provider's message id where that was lost. Neither is
# covered by a provider's signature, but the message id cannot be guessed: where both are known they must agree. A
# provider may give one message id to a whole batch; then it names nobody.
_DELIVERY_OF_E = """coalesce(
    (SELECT d.id FROM mailer_delivery d WHERE d.id = e.delivery_ref
        AND (d.provider_message_id IN ('', e.provider_message_id) OR e.provider_message_id = '')),
    (SELECT min(d.id) FROM mailer_delivery d
      WHERE d.provider_message_id = e.provider_message_id AND d.provider_message_id <> '' HAVING count(*) = 1))"""
_WAITING = """
SELECT id FROM mailer_deliveryevent WHERE applied_at IS NULL AND parked_at IS NULL
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
# Only those whose delivery has turned up: parked ones that never find theirs must not stand before the others.
_PARKED = f"""
SELECT e.id FROM mailer_deliveryevent e WHERE applied_at IS NULL AND parked_at IS NOT NULL
    AND {_DELIVERY_OF_E} IS NOT NULL
ORDER BY e.id LIMIT %s FOR UPDATE OF e SKIP LOCKED
"""  # noqa: S608
_MATCH = f"""
UPDATE mailer_deliveryevent e SET delivery_id = {_DELIVERY_OF_E}
WHERE e.id = ANY(%s) AND e.delivery_id IS NULL
"""  # noqa: S608
_TOUCHED = (
    "SELECT DISTINCT delivery_id FROM mailer_deliveryevent WHERE id = ANY(%s) AND delivery_id IS NOT NULL"
)
# Computed anew from all reports of the delivery: a function of the set, whatever came first. Proof settles what is
# unknown, and stops a second attempt where the first had been accepted against the provider's own word.
_APPLY = """
UPDATE mailer_delivery d SET
    delivered_at = f.delivered_at, deferred_at = f.deferred_at, bounced_at = f.bounced_at,
    bounce_class = coalesce(f.bounce[1], ''), bounce_code = coalesce(f.bounce[2], ''),
    complained_at = f.complained_at, opened_at = f.opened_at, clicked_at = f.clicked_at,
    status = CASE WHEN f.proof IS NOT NULL AND (d.status = 'unknown' OR d.status = 'queued' AND d.attempts > 0)
        THEN 'sent' ELSE d.status END,
    reason = CASE WHEN f.proof IS NOT NULL AND (d.status = 'unknown' OR d.status = 'queued' AND d.attempts > 0)
        THEN '' ELSE d.reason END,
    sent_at = CASE WHEN f.proof IS NOT NULL AND NOT f.answered
            AND (d.status IN ('unknown', 'sent') OR d.status = 'queued' AND d.attempts > 0)
        THEN f.proof ELSE d.sent_at END
FROM (
    SELECT delivery_id,
        min(occurred_at) FILTER (WHERE type = 'delivered') AS delivered_at,
        min(occurred_at) FILTER (WHERE type = 'deferred') AS deferred_at,
        min(occurred_at) FILTER (WHERE type IN ('bounced', 'rejected')) AS bounced_at,
        (SELECT ARRAY[b.bounce_class, b.bounce_code]::text[] FROM mailer_deliveryevent b
          WHERE b.delivery_id = e.delivery_id AND b.type IN ('bounced', 'rejected')
          ORDER BY b.occurred_at, b.bounce_code DESC LIMIT 1) AS bounce,
        min(occurred_at) FILTER (WHERE type = 'complained') AS complained_at,
        min(occurred_at) FILTER (WHERE type = 'opened') AS opened_at,
        min(occurred_at) FILTER (WHERE type = 'clicked') AS clicked_at,
        min(occurred_at) FILTER (WHERE type = ANY(%s) AND provider <> '') AS proof,
        bool_or(type = 'accepted' AND provider = '') AS answered
    FROM mailer_deliveryevent e WHERE delivery_id = ANY(%s) GROUP BY delivery_id
) f
WHERE d.id = f.delivery_id
"""
_MARK = """
UPDATE mailer_deliveryevent SET
    applied_at = CASE WHEN delivery_id IS NULL THEN NULL ELSE now() END,
    parked_at = CASE WHEN delivery_id IS NULL THEN coalesce(parked_at, now()) ELSE parked_at END
WHERE id = ANY(%s)
"""

# A report that comes after the person was forgotten must not bring their address back.
_FORGET = """
UPDATE mailer_deliveryevent e SET raw = NULL
FROM mailer_delivery d JOIN mailer_message m ON m.id = d.message_id
WHERE e.id = ANY(%s) AND e.raw IS NOT NULL AND d.id = e.delivery_id AND (d.address = '' OR m.erased_at IS NOT NULL)
"""


def _learn(home: list[tuple[DeliveryEvent, Delivery]]) -> None:
    """Tell contacts what reports mean for their addresses, and the apps above that something happened."""
    refused = [(event, delivery, reason) for event, delivery in home if (reason := _refusal(event, delivery))]
    # All at once and in one order: two batches that know the same addresses wait and do not deadlock.
    suppressions.hold(*(bytes(delivery.address_hash) for _event, delivery, _reason in refused))
    for event, delivery, reason in refused:
        evidence = {"delivery": delivery.pk, "event": event.pk}
        suppressions.suppress(bytes(delivery.address_hash), reason, evidence=evidence)
    for event, delivery in home:
        change = "bounced" if event.type == Fact.REJECTED else event.type
        if change in {"delivered", "bounced", "complained"}:
            sending.tell(delivery, change)


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


def empty_old_raw(limit: int = 5_000) -> int:
    """Empty raw events older than 30 days (they hold addresses); the facts stay. Returns how many."""
    old = DeliveryEvent.objects.filter(raw__isnull=False, received_at__lt=Now() - timedelta(days=RAW_DAYS))
    return DeliveryEvent.objects.filter(pk__in=old.values("pk")[:limit]).update(raw=None)
