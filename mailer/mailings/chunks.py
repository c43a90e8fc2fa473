"""The queue of mailings: which worker has which chunk, and where a chunk stands.

A chunk is claimed by one UPDATE that skips what others hold, for as long as its worker gives signs of life (database
time). One whose worker is gone is taken over by the next: the window it had asked becomes unknown, the rest goes on.

Locks are taken in one order everywhere: first the mailing, then the chunk, then its deliveries.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from mailer.models import Delivery, Mailing, MailingChunk

logger = logging.getLogger(__name__)
Status = MailingChunk.Status

# What a chunk counts of its deliveries; who is in none of these still waits.
COUNTED = ("sent", "failed", "suppressed", "unknown", "cancelled")


def claim(mailing_id: int) -> MailingChunk | None:
    """Take the next chunk of a mailing for this worker; None if there is none to take just now.

    One that its worker has left is taken whatever became of the mailing, so that the window it had asked gets settled;
    one that waits only while the mailing is being sent, or to be called off. A worker's death is counted before any
    work is done (`lapses`), so that what kills workers cannot do so for ever.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM, {"mailing": mailing_id, "claim": uuid.uuid4(), "lease": settings.DELIVERY_LEASE_SECONDS}
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return MailingChunk.objects.select_related(
        "mailing__sender", "mailing__mailing_list", "mailing_message__message"
    ).get(pk=row[0])


def put_back(chunk: MailingChunk, wait: float = 0.0, **changes: Any) -> bool:
    """Let the chunk wait for another worker, for so many seconds at least. False if it is ours no longer."""
    return bool(
        mine(chunk).update(
            status=Status.READY,
            due_at=Now() + timedelta(seconds=wait),
            claim=None,
            lease_until=None,
            **changes,
        )
    )


def forgive(chunk: MailingChunk) -> None:
    """The place at which workers died lies behind."""
    mine(chunk).update(lapses=0)
    chunk.lapses = 0


def end_pass(chunk: MailingChunk) -> bool:
    """Close a chunk all of whose deliveries are settled; else let it wait until the first of the others is due again.

    True if it is done, or ours no longer.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WHO_WAITS, [chunk.first_id, chunk.last_id, chunk.mailing_id])
        people, due = cursor.fetchone()
    if not people:
        done = mine(chunk).update(
            status=Status.DONE, claim=None, lease_until=None, finished_at=Now(), passes=F("passes") + 1
        )
        return bool(done)
    left = mine(chunk).update(
        status=Status.READY,
        due_at=due,
        claim=None,
        lease_until=None,
        reached=None,
        lapses=0,
        passes=F("passes") + 1,
    )
    return not left


def mine(chunk: MailingChunk) -> Any:
    """The row, as long as this claim holds it."""
    return MailingChunk.objects.filter(pk=chunk.pk, claim=chunk.claim, status=Status.WORKING)


def ready(mailing_id: int) -> int:
    """How many chunks of a mailing wait for a worker just now."""
    with connection.cursor() as cursor:
        cursor.execute(_READY, {"mailing": mailing_id})
        return int(cursor.fetchone()[0])


def hold(delivery: Delivery) -> MailingChunk | None:
    """Lock the mailing and the chunk of a delivery, before the delivery itself; None if it is of no frozen mailing."""
    if delivery.mailing_id is None:
        return None
    Mailing.objects.select_for_update(no_key=True).only("pk").get(pk=delivery.mailing_id)
    return (
        MailingChunk.objects.select_for_update(no_key=True)
        .filter(mailing=delivery.mailing_id, first_id__lte=delivery.pk, last_id__gte=delivery.pk)
        .first()
    )


def count_settled(chunk: MailingChunk, *, sent: bool) -> None:
    """Count what a person said of an unknown delivery of a chunk that is held: it is sent, or waits again.

    A chunk that is being worked at finds the one that waits in its next pass.
    """
    rows = MailingChunk.objects.filter(pk=chunk.pk)
    rows.update(unknown=F("unknown") - 1, sent=F("sent") + int(sent))
    if not sent:
        rows.filter(status=Status.DONE).update(
            status=Status.READY, due_at=Now(), reached=None, lapses=0, finished_at=None
        )


def sweep() -> list[int]:
    """The mailings that have something to do and perhaps nobody at it: a chunk that is due, one whose worker is gone,
    an audience to be fixed, an end to be written down."""
    with connection.cursor() as cursor:
        cursor.execute(_TO_DO)
        return [row[0] for row in cursor.fetchall()]


# Of a chunk `k` and its mailing `m`: it waits for a worker, or its worker is gone.
_WAITING = """
    (k.status = 'ready' AND (m.status = 'sending' AND k.due_at <= statement_timestamp() OR m.status = 'cancelled')
    OR k.status = 'working' AND k.lease_until < statement_timestamp())
"""

# A chunk that waits is taken with the newest version of its message; one that was left keeps the version whose window
# has been asked, until that window is settled.
_CLAIM = f"""
UPDATE mailer_mailingchunk c SET status = 'working', claim = %(claim)s,
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s),
    lapses = CASE c.status WHEN 'working' THEN c.lapses + 1 ELSE c.lapses END,
    mailing_message_id = CASE c.status WHEN 'working' THEN c.mailing_message_id ELSE (
        SELECT newer.id FROM mailer_mailingmessage newer JOIN mailer_mailingmessage own ON own.id = c.mailing_message_id
        WHERE newer.mailing_id = c.mailing_id AND newer.language = own.language AND newer.part = own.part
        ORDER BY newer.version DESC LIMIT 1
    ) END
WHERE c.id = (
    SELECT k.id FROM mailer_mailingchunk k JOIN mailer_mailing m ON m.id = k.mailing_id
    WHERE k.mailing_id = %(mailing)s AND m.frozen_at IS NOT NULL AND {_WAITING}
    ORDER BY k.status DESC, k.number LIMIT 1 FOR UPDATE OF k SKIP LOCKED
)
RETURNING c.id
"""  # noqa: S608

# "Is not distinct from" asks no index: the range of ids is the short way, whatever the statistics of a table that has
# just grown by a million rows make the planner believe.
_WHO_WAITS = """
SELECT count(*), min(due_at) FROM mailer_delivery
WHERE id BETWEEN %s AND %s AND mailing_id IS NOT DISTINCT FROM %s AND status = 'queued'
"""

_READY = f"""
SELECT count(*) FROM mailer_mailingchunk k JOIN mailer_mailing m ON m.id = k.mailing_id
WHERE k.mailing_id = %(mailing)s AND {_WAITING}
"""  # noqa: S608

_TO_DO = f"""
SELECT m.id FROM mailer_mailing m
WHERE m.status IN ('sending', 'paused', 'cancelled') AND m.finished_at IS NULL AND (
    m.frozen_at IS NULL AND m.status <> 'paused'
        AND (m.lease_until IS NULL OR m.lease_until < statement_timestamp())
    OR m.frozen_at IS NOT NULL AND m.status <> 'paused' AND NOT EXISTS (
        SELECT FROM mailer_mailingchunk k WHERE k.mailing_id = m.id AND k.status <> 'done')
    OR EXISTS (
        SELECT FROM mailer_mailingchunk k WHERE k.mailing_id = m.id AND {_WAITING})
)
ORDER BY m.id
"""  # noqa: S608
