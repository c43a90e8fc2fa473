"""A report that can only follow an acceptance settles what is unknown, and stops a second attempt at what was accepted
against the provider's own word."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from mailer import sending
from mailer.models import Delivery, DeliveryEvent

Status = Delivery.Status
WORDS = "a report of the provider proves that it was accepted"


@transaction.atomic
def settle_proven(delivery_ids: Sequence[int]) -> int:
    """Settle as sent those of the deliveries that a report proves; the counts of their chunks move with them.

    Returns how many. Safe to repeat. Locks chunks before deliveries, each in order: so does whoever sends them.
    """
    if not delivery_ids:
        return 0
    ids = list(delivery_ids)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(_HOLD_CHUNKS, [ids])
        cursor.execute(_SETTLE, [ids, ids, DeliveryEvent.PROOF])
        settled = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = on")
    _record(settled)
    return len(settled)


def settle_all_proven(limit: int = 1_000) -> int:
    """Settle what became unknown only after the report that proves it was brought home. Returns how many.

    Safe to repeat.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN_BUT_PROVEN, [DeliveryEvent.PROOF, limit])
        ids = [row[0] for row in cursor.fetchall()]
    return settle_proven(ids)


def _record(settled: Sequence[int]) -> None:
    now = timezone.now()
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(
            delivery_id=pk,
            event_key=uuid.uuid4().hex,
            type=DeliveryEvent.Type.SETTLED,
            occurred_at=now,
            applied_at=now,
            detail=WORDS,
        )
        for pk in settled
    )
    for delivery in Delivery.objects.filter(pk__in=settled).exclude(kind=Delivery.Kind.MAILING):
        sending.tell(delivery, Status.SENT)


_CHUNK_OF_D = """(SELECT k.id FROM mailer_mailingchunk k
    WHERE k.mailing_id = d.mailing_id AND k.first_id <= d.id ORDER BY k.first_id DESC LIMIT 1)"""
_HOLD_CHUNKS = f"""
SELECT c.id FROM mailer_mailingchunk c WHERE c.id = ANY(ARRAY(
    SELECT DISTINCT {_CHUNK_OF_D} FROM mailer_delivery d WHERE d.id = ANY(%s) AND d.mailing_id IS NOT NULL))
ORDER BY c.id FOR UPDATE
"""  # noqa: S608
_SETTLE = f"""
WITH held AS MATERIALIZED (
    SELECT d.id, d.status FROM mailer_delivery d
    WHERE d.id = ANY(%s) AND (d.status = 'unknown' OR d.status = 'queued' AND d.attempts > 0)
    ORDER BY d.id FOR UPDATE
), proofs AS MATERIALIZED (
    SELECT e.delivery_id, min(e.occurred_at) AS at FROM mailer_deliveryevent e
    WHERE e.delivery_id = ANY(%s) AND e.type = ANY(%s) AND e.provider <> '' AND e.applied_at IS NOT NULL
    GROUP BY e.delivery_id
), settled AS (
    UPDATE mailer_delivery d SET status = 'sent', reason = '', sent_at = p.at
    FROM held h JOIN proofs p ON p.delivery_id = h.id WHERE d.id = h.id
    RETURNING d.id, h.status = 'unknown' AS was_unknown, {_CHUNK_OF_D} AS chunk_id
), counted AS (
    UPDATE mailer_mailingchunk c SET sent = c.sent + s.sent, unknown = c.unknown - s.unknown
    FROM (SELECT chunk_id, count(*) AS sent, count(*) FILTER (WHERE was_unknown) AS unknown
          FROM settled WHERE chunk_id IS NOT NULL GROUP BY chunk_id) s WHERE c.id = s.chunk_id
)
SELECT id FROM settled ORDER BY id
"""  # noqa: S608
_UNKNOWN_BUT_PROVEN = """
SELECT d.id FROM mailer_delivery d WHERE d.trouble = 'unknown' AND EXISTS (
    SELECT FROM mailer_deliveryevent e WHERE e.delivery_id = d.id AND e.type = ANY(%s) AND e.provider <> ''
        AND e.applied_at IS NOT NULL)
ORDER BY d.id LIMIT %s
"""
