"""What the world reports of a delivery. A report is kept as it came, then brought home in batches.

The result depends on the set of reports only (invariant I5): each date is the earliest report of its kind, so
order, repeats and shuffling change nothing. A report for a delivery we do not know yet is parked, never dropped.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any

from anymail.signals import AnymailTrackingEvent
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from contacts import suppressions
from contacts.models import Suppression
from mailer import bounces
from mailer.models import Delivery, DeliveryEvent
from mailer.signals import delivery_settled

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
# Reports that can only follow an acceptance by the provider.
EVIDENCE = [
    Fact.ACCEPTED,
    Fact.DELIVERED,
    Fact.DEFERRED,
    Fact.BOUNCED,
    Fact.REJECTED,
    Fact.COMPLAINED,
    Fact.OPENED,
    Fact.CLICKED,
]


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
        provider_message_id=(event.message_id or "")[:300],
        delivery_ref=_reference(event.metadata),
        bounce_class=bounces.classify(code) if failed else "",
        bounce_code=code if failed or fact == Fact.DEFERRED else "",
        raw=_as_json(event.esp_event),
    )
    DeliveryEvent.objects.bulk_create([row], ignore_conflicts=True)
    from mailer import tasks

    tasks.wake(tasks.apply_events)


def _key(event: AnymailTrackingEvent, provider: str) -> str:
    """One key for one fact: providers give a repeated post a new event id, so the fact itself is hashed."""
    when = event.timestamp.isoformat() if event.timestamp else f"id:{event.event_id}"
    parts = [provider, event.message_id, event.event_type, when, event.recipient, event.click_url]
    parts.append(json.dumps(event.metadata or {}, sort_keys=True, default=str))
    return hashlib.sha256("\0".join(str(part or "") for part in parts).encode()).hexdigest()


def _reference(metadata: Any) -> int | None:
    """The delivery id that came back with the event, if it is one: events are data from outside."""
    value = str((metadata or {}).get("delivery_id", "")) if isinstance(metadata, dict) else ""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None


def _as_json(raw: Any) -> Any:
    """The raw event, if PostgreSQL can keep it: JSON without NUL (jsonb refuses U+0000)."""
    try:
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError):
        return None
    return json.loads(text.replace("\\u0000", "\\ufffd"))


# --- bring home ------------------------------------------------------------------------------------------------


def apply_all(*, parked: bool = False) -> int:
    """Bring every waiting report home, batch by batch; with `parked` also those that found no delivery before.

    Returns how many were applied. Safe to repeat and to run twice at once.
    """
    total = 0
    if parked:
        total += _apply_batch(parked=True)
    while done := _apply_batch(parked=False):
        total += done
    return total


@transaction.atomic
def _apply_batch(*, parked: bool) -> int:
    """One batch: match, write the dates, mark the reports. Returns how many were taken from the heap."""
    waiting = DeliveryEvent.objects.filter(applied_at=None, parked_at__isnull=not parked)
    ids = list(
        waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:BATCH]
    )
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_MATCH, [ids])
        cursor.execute(_TOUCHED, [ids])
        touched = [row[0] for row in cursor.fetchall()]
        # One order for all workers, so that two batches with common rows wait and do not deadlock.
        list(Delivery.objects.select_for_update().filter(pk__in=touched).order_by("pk").values_list("pk"))
        cursor.execute(_APPLY, [EVIDENCE, touched])
        cursor.execute(_MARK, [ids])
    home = DeliveryEvent.objects.filter(pk__in=ids, delivery__isnull=False).select_related("delivery")
    for event in home:
        _learn(event)
    return len(ids) if not parked else len(home)


# A report names its delivery by the id we sent along; by the provider's message id where that was lost.
_MATCH = """
UPDATE mailer_deliveryevent e SET delivery_id = coalesce(
    (SELECT d.id FROM mailer_delivery d WHERE d.id = e.delivery_ref),
    (SELECT d.id FROM mailer_delivery d
      WHERE d.provider_message_id = e.provider_message_id AND e.provider_message_id <> '' LIMIT 1))
WHERE e.id = ANY(%s) AND e.delivery_id IS NULL
"""
_TOUCHED = (
    "SELECT DISTINCT delivery_id FROM mailer_deliveryevent WHERE id = ANY(%s) AND delivery_id IS NOT NULL"
)
# Computed anew from all reports of the delivery: a function of the set, whatever came first.
_APPLY = """
UPDATE mailer_delivery d SET
    delivered_at = f.delivered_at, deferred_at = f.deferred_at, bounced_at = f.bounced_at,
    bounce_class = coalesce(f.bounce[1], ''), bounce_code = coalesce(f.bounce[2], ''),
    complained_at = f.complained_at, opened_at = f.opened_at, clicked_at = f.clicked_at,
    status = CASE WHEN d.status = 'unknown' AND f.proof IS NOT NULL THEN 'sent' ELSE d.status END,
    sent_at = CASE WHEN d.status = 'unknown' AND f.proof IS NOT NULL THEN f.proof ELSE d.sent_at END,
    reason = CASE WHEN d.status = 'unknown' AND f.proof IS NOT NULL THEN '' ELSE d.reason END
FROM (
    SELECT delivery_id,
        min(occurred_at) FILTER (WHERE type = 'delivered') AS delivered_at,
        min(occurred_at) FILTER (WHERE type = 'deferred') AS deferred_at,
        min(occurred_at) FILTER (WHERE type IN ('bounced', 'rejected')) AS bounced_at,
        (SELECT ARRAY[b.bounce_class, b.bounce_code]::text[] FROM mailer_deliveryevent b
          WHERE b.delivery_id = e.delivery_id AND b.type IN ('bounced', 'rejected')
          ORDER BY b.occurred_at, b.event_key LIMIT 1) AS bounce,
        min(occurred_at) FILTER (WHERE type = 'complained') AS complained_at,
        min(occurred_at) FILTER (WHERE type = 'opened') AS opened_at,
        min(occurred_at) FILTER (WHERE type = 'clicked') AS clicked_at,
        min(occurred_at) FILTER (WHERE type = ANY(%s) AND provider <> '') AS proof
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


def _learn(event: DeliveryEvent) -> None:
    """Tell contacts what a report means for the address, and the apps above that something happened."""
    delivery = event.delivery
    assert delivery is not None  # noqa: S101
    # A representative's mailbox is not ours to suppress: advocacy marks the route instead.
    if delivery.kind != Delivery.Kind.LETTER:
        evidence = {"delivery": delivery.pk, "event": event.pk}
        if event.type == Fact.COMPLAINED:
            suppressions.suppress(
                bytes(delivery.address_hash), Suppression.Reason.COMPLAINT, evidence=evidence
            )
        elif event.type == Fact.BOUNCED and event.bounce_class == Delivery.BounceClass.HARD:
            suppressions.suppress(bytes(delivery.address_hash), Suppression.Reason.BOUNCE, evidence=evidence)
    change = "bounced" if event.type == Fact.REJECTED else event.type
    if change in {"delivered", "bounced", "complained"}:
        transaction.on_commit(
            lambda: delivery_settled.send_robust(sender=Delivery, delivery=delivery, change=change),
            robust=True,
        )


def empty_old_raw(limit: int = 5_000) -> int:
    """Empty raw events older than 30 days (they hold addresses); the facts stay. Returns how many."""
    old = DeliveryEvent.objects.filter(raw__isnull=False, received_at__lt=Now() - timedelta(days=RAW_DAYS))
    return DeliveryEvent.objects.filter(pk__in=old.values("pk")[:limit]).update(raw=None)
