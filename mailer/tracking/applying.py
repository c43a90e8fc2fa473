"""Stored reports are brought home: each to its delivery, by the thousand, in one statement a batch.

A date of a delivery is the earliest that any report gives for it, and the earliest of two is the same in any order.
"""

from __future__ import annotations

import logging
import time

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from mailer.models import DeliveryEvent
from mailer.tracking import counting, learning, proving, ringing

logger = logging.getLogger(__name__)

BATCH = 5_000
# Two batches and a worker that settles a window may hold each other up; PostgreSQL ends one, and it begins anew.
TRIES = 5


def attend() -> int:
    """Answer a ring: bring home what waits, and what came in the short while for which nobody rings again."""
    done = apply_all()
    time.sleep(2 * ringing.QUIET)
    return done + apply_all()


def apply_all(*, parked: bool = False) -> int:
    """Bring every waiting report home, batch by batch; with `parked` also those that found no delivery before.

    Returns how many were looked at. Safe to repeat and to run twice at once.
    """
    ringing.heard()
    total = 0
    for select in [_PARKED, _WAITING] if parked else [_WAITING]:
        after = 0
        while True:
            done, after = _apply_patiently(select, after)
            if not done:
                break
            total += done
    return total


def _apply_patiently(select: str, after: int) -> tuple[int, int]:
    for _try in range(TRIES - 1):
        try:
            return _apply_batch(select, after)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected | LockNotAvailable):
                raise
            logger.info("a batch of reports begins anew: another one held its rows")
    return _apply_batch(select, after)


def _apply_batch(select: str, after: int) -> tuple[int, int]:
    """One batch of reports after the number `after`: how many were taken, and the last of their numbers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BY_KEY)
        cursor.execute(select, [after, BATCH, DeliveryEvent.PROOF, learning.RARE])
        taken, last, proven, rare = cursor.fetchone()
        cursor.execute("SET LOCAL enable_seqscan = on")
        learning.learn(rare)
    proving.settle_proven(proven)
    return taken, last or after


# Each row is found by its key: a plan that reads a table of millions through is never the better one here.
_BY_KEY = "SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off"

# A report names its delivery by the id we sent along, or by the provider's message id where that was lost. Neither is
# covered by a provider's signature, but the message id cannot be guessed: where both are known they must agree. A
# provider may give one message id to a whole batch; then it names nobody.
_DELIVERY_OF_E = """coalesce(e.delivery_id,
    (SELECT d.id FROM mailer_delivery d WHERE d.id = e.delivery_ref
        AND (d.provider_message_id IN ('', e.provider_message_id) OR e.provider_message_id = '')),
    (SELECT min(d.id) FROM mailer_delivery d WHERE e.provider_message_id <> ''
        AND d.provider_message_id = e.provider_message_id AND d.provider_message_id <> '' HAVING count(*) = 1))"""

# Of what waits, and of what was parked and whose delivery has turned up since: parked ones that never find theirs
# must not stand before the others.
_IS_WAITING = "e.applied_at IS NULL AND e.parked_at IS NULL"
_IS_FOUND = f"e.applied_at IS NULL AND e.parked_at IS NOT NULL AND {_DELIVERY_OF_E} IS NOT NULL"

# The earliest bounce says why; of two at one moment the one whose code says more.
_IS_EARLIER = """b.delivery_id IS NOT NULL AND (h.bounced_at IS NULL OR f.bounced_at < h.bounced_at
            OR f.bounced_at = h.bounced_at AND (b.bounce_code > h.bounce_code
                OR b.bounce_code = h.bounce_code AND b.bounce_class < h.bounce_class))"""
# When the provider took a mail is what it answered. Only where its answer was lost, the earliest proof says it.
_WAS_SETTLED = """(SELECT count(*) FROM mailer_deliveryevent s
            WHERE s.delivery_id = h.id AND s.type = 'settled' AND s.provider = '') > 0"""


def _apply(which: str) -> str:
    """The statement that brings a batch of such reports home. Its parameters: the number to go on after, the size of
    the batch, the types that prove an acceptance, and those that `learning` wants to see.

    Opens and clicks of a mailing count only where it said that it watches them.
    """
    return f"""
WITH taken AS MATERIALIZED (
    SELECT e.id, e.delivery_id, e.delivery_ref, e.provider_message_id, e.type, e.occurred_at, e.provider,
        e.bounce_class, e.bounce_code
    FROM mailer_deliveryevent e WHERE {which} AND e.id > %s ORDER BY e.id LIMIT %s FOR UPDATE OF e SKIP LOCKED
), matched AS MATERIALIZED (
    SELECT e.id, e.type, e.occurred_at, e.provider, e.bounce_class, e.bounce_code, {_DELIVERY_OF_E} AS delivery_id
    FROM taken e
), held AS MATERIALIZED (
    SELECT d.id, d.mailing_id, d.kind, d.status, d.attempts, d.sent_at, d.delivered_at, d.deferred_at, d.bounced_at,
        d.bounce_class, d.bounce_code, d.complained_at, d.opened_at, d.clicked_at,
        m.id IS NULL OR m.track_opens AS track_opens, m.id IS NULL OR m.track_clicks AS track_clicks,
        d.address = '' OR t.erased_at IS NOT NULL AS is_erased
    FROM mailer_delivery d JOIN mailer_message t ON t.id = d.message_id
        LEFT JOIN mailer_mailing m ON m.id = d.mailing_id
    WHERE d.id = ANY(ARRAY(SELECT DISTINCT delivery_id FROM matched WHERE delivery_id IS NOT NULL))
    ORDER BY d.id FOR UPDATE OF d
), facts AS (
    SELECT delivery_id,
        min(occurred_at) FILTER (WHERE type = 'delivered') AS delivered_at,
        min(occurred_at) FILTER (WHERE type = 'deferred') AS deferred_at,
        min(occurred_at) FILTER (WHERE type IN ('bounced', 'rejected')) AS bounced_at,
        min(occurred_at) FILTER (WHERE type = 'complained') AS complained_at,
        min(occurred_at) FILTER (WHERE type = 'opened') AS opened_at,
        min(occurred_at) FILTER (WHERE type = 'clicked') AS clicked_at,
        min(occurred_at) FILTER (WHERE type = ANY(%s) AND provider <> '') AS proof
    FROM matched WHERE delivery_id IS NOT NULL GROUP BY delivery_id
), bounces AS (
    SELECT DISTINCT ON (delivery_id) delivery_id, bounce_class, bounce_code
    FROM matched WHERE delivery_id IS NOT NULL AND type IN ('bounced', 'rejected')
    ORDER BY delivery_id, occurred_at, bounce_code DESC, bounce_class
), compared AS (
    SELECT h.id, h.mailing_id, f.proof,
        h.delivered_at AS old_delivered_at, h.deferred_at AS old_deferred_at, h.bounced_at AS old_bounced_at,
        h.bounce_class AS old_bounce_class, h.bounce_code AS old_bounce_code, h.complained_at AS old_complained_at,
        h.opened_at AS old_opened_at, h.clicked_at AS old_clicked_at, h.sent_at AS old_sent_at,
        least(h.delivered_at, f.delivered_at) AS new_delivered_at,
        least(h.deferred_at, f.deferred_at) AS new_deferred_at,
        least(h.bounced_at, f.bounced_at) AS new_bounced_at,
        CASE WHEN {_IS_EARLIER} THEN b.bounce_class ELSE h.bounce_class END AS new_bounce_class,
        CASE WHEN {_IS_EARLIER} THEN b.bounce_code ELSE h.bounce_code END AS new_bounce_code,
        least(h.complained_at, f.complained_at) AS new_complained_at,
        least(h.opened_at, CASE WHEN h.track_opens THEN f.opened_at END) AS new_opened_at,
        least(h.clicked_at, CASE WHEN h.track_clicks THEN f.clicked_at END) AS new_clicked_at,
        CASE WHEN h.status = 'sent' AND f.proof < h.sent_at AND {_WAS_SETTLED} THEN f.proof ELSE h.sent_at END
            AS new_sent_at
    FROM held h JOIN facts f ON f.delivery_id = h.id LEFT JOIN bounces b ON b.delivery_id = h.id
), changed AS (
    SELECT * FROM compared c WHERE
        (c.new_delivered_at, c.new_deferred_at, c.new_bounced_at, c.new_bounce_class, c.new_bounce_code,
         c.new_complained_at, c.new_opened_at, c.new_clicked_at, c.new_sent_at) IS DISTINCT FROM
        (c.old_delivered_at, c.old_deferred_at, c.old_bounced_at, c.old_bounce_class, c.old_bounce_code,
         c.old_complained_at, c.old_opened_at, c.old_clicked_at, c.old_sent_at)
), dated AS (
    UPDATE mailer_delivery d SET delivered_at = c.new_delivered_at, deferred_at = c.new_deferred_at,
        bounced_at = c.new_bounced_at, bounce_class = c.new_bounce_class, bounce_code = c.new_bounce_code,
        complained_at = c.new_complained_at, opened_at = c.new_opened_at, clicked_at = c.new_clicked_at,
        sent_at = c.new_sent_at
    FROM changed c WHERE d.id = c.id
), counted AS ({counting.ADD_CHANGES}
), marked AS (
    UPDATE mailer_deliveryevent e SET delivery_id = t.delivery_id,
        applied_at = CASE WHEN t.delivery_id IS NULL THEN NULL ELSE now() END,
        parked_at = CASE WHEN t.delivery_id IS NULL THEN coalesce(e.parked_at, now()) ELSE e.parked_at END,
        -- A report that comes after the person was forgotten must not bring their address back.
        raw = CASE WHEN h.is_erased THEN NULL ELSE e.raw END
    FROM matched t LEFT JOIN held h ON h.id = t.delivery_id WHERE e.id = t.id
)
SELECT (SELECT count(*) FROM taken), (SELECT max(id) FROM taken),
    ARRAY(SELECT h.id FROM held h JOIN facts f ON f.delivery_id = h.id WHERE f.proof IS NOT NULL
        AND (h.status = 'unknown' OR h.status = 'queued' AND h.attempts > 0)),
    ARRAY(SELECT t.id FROM matched t JOIN held h ON h.id = t.delivery_id
        WHERE t.type = ANY(%s) OR h.kind <> 'mailing' AND t.type = 'delivered')
"""  # noqa: S608


_WAITING = _apply(_IS_WAITING)
_PARKED = _apply(_IS_FOUND)
