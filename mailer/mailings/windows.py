"""One window of a chunk: is everybody in it still to be written to, write down that it is asked, store what came of it.

The answers of one window and the asking of the next are one short transaction. No lock is held while a provider is
asked. What forbids mail to somebody, and what stops a mailing, waits at its commit for a check that is under way, and
every later check sees it (invariant I4, docs/decisions/0012-a-gate-before-each-window.md).

While a window is asked its deliveries stay `queued`; the chunk says how far it reaches. Who may no longer be written to
is left out of it and settled with its answers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from contacts.models import Suppression
from mailer import reasons, sending
from mailer.mailings import chunks
from mailer.models import Delivery, DeliveryEvent, MailingChunk

logger = logging.getLogger(__name__)
Status = Delivery.Status

reasons.know(
    gettext_noop("they were removed from the address book"),
    gettext_noop("they left the lists of this mailing"),
    gettext_noop("they want no newsletter for a while"),
    gettext_noop("it may no longer be written to"),
)
_STOPS = {
    "erased": "the address was erased",
    "gone": "they were removed from the address book",
    "left": "they left the lists of this mailing",
    "paused": "they want no newsletter for a while",
}
_WITHHELD = "it may no longer be written to"
_LOST = "its worker stopped before the provider's answer was stored"
_POISON = "poison: its worker died each time it was tried"


@dataclass(frozen=True, slots=True)
class Settled:
    """What a delivery of a window comes to. `wait`: seconds until a queued one is due again. `attempt`: 1 if it cost one."""

    delivery: int
    status: str
    reason: str = ""
    message_id: str = ""
    wait: float = 0.0
    attempt: int = 1


@dataclass(slots=True)
class Window:
    """People who are asked for now: rows of `_READ`, the contact's columns last. `last`: the id it reaches to."""

    people: list[tuple[Any, ...]]
    last: int
    asked_at: datetime
    withheld: dict[int, str] = field(default_factory=dict)


class Person(NamedTuple):
    """The columns of a row of a window, before those of the contact."""

    delivery: int
    contact: int
    address: str
    address_hash: bytes
    attempts: int
    stop: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A window with what came of it: `settled`, or that everybody was accepted, all under one number of the provider."""

    window: Window
    provider: str
    settled: Sequence[Settled] = ()
    all_sent_as: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Which people are next: at most so many, with these columns of theirs, on any of these lists."""

    most: int
    lists: Sequence[int]
    columns: Sequence[str] = ()


class Halted(Exception):  # noqa: N818 - no error: the work ends here
    """Nobody may be asked for: the mailing stands still, its text was corrected, or the chunk is ours no longer."""


def step(chunk: MailingChunk, answered: Answered | None, question: Question | None) -> Window | None:
    """Store the answers of one window, and write down that the next is asked. None if the pass is over.

    Safe to repeat with the same answers. Raises Halted if no window may be asked; the answers are stored then, too.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLD, [chunk.pk])
        ours = _settle(cursor, chunk, answered) if answered else True
        if question is None:
            return None
        window = _ask(cursor, chunk, question) if ours else None
    if window is None:
        raise Halted
    return window if window.last else None


# --- the answers ---------------------------------------------------------------------------------------------


def _settle(cursor: Any, chunk: MailingChunk, answered: Answered, lapses: int | None = None) -> bool:
    """Write the answers on the deliveries, then count them in the chunk. False if the chunk is ours no longer."""
    counts: dict[str, int] = {}
    message = chunk.mailing_message.message_id
    window = answered.window
    if answered.all_sent_as is not None:
        ids = [row[0] for row in window.people]
        cursor.execute(_SENT, [answered.provider, answered.all_sent_as, window.asked_at, message, ids])
        counts["sent"] = cursor.rowcount
        late = ids if cursor.rowcount < len(ids) else []
    else:
        rows = answered.settled
        cursor.execute(
            _SETTLE,
            {
                "provider": answered.provider,
                "asked_at": window.asked_at,
                "message": message,
                "ids": [one.delivery for one in rows],
                "statuses": [one.status for one in rows],
                "reasons": [one.reason[:300] for one in rows],
                "message_ids": [one.message_id[:300] for one in rows],
                "waits": [one.wait for one in rows],
                "attempts": [one.attempt for one in rows],
            },
        )
        moved = cursor.fetchall()
        for _id, status in moved:
            counts[status] = counts.get(status, 0) + 1
        _record(
            [pk for pk, status in moved if status == Status.UNKNOWN],
            DeliveryEvent.Type.UNKNOWN,
            {one.delivery: one.reason for one in rows},
        )
        late = [one.delivery for one in rows if one.status == Status.SENT] if len(moved) < len(rows) else []
    if late:
        # Somebody took the chunk over while we waited for the provider: a yes is still a yes.
        number = answered.all_sent_as or ""
        cursor.execute(_SENT_AFTER_ALL, [answered.provider, number, window.asked_at, message, late])
        counts["sent"] = counts.get("sent", 0) + cursor.rowcount
        counts["unknown"] = counts.get("unknown", 0) - cursor.rowcount
    return _count(cursor, chunk, counts, window.last, lapses=lapses)


def _count(
    cursor: Any, chunk: MailingChunk, counts: dict[str, int], reached: int, lapses: int | None = None
) -> bool:
    """Count what moved, whoever holds the chunk; close the window if we do. False if we do not."""
    cursor.execute(
        _COUNT,
        {
            **{name: counts.get(name, 0) for name in chunks.COUNTED},
            "chunk": chunk.pk,
            "claim": chunk.claim,
            "reached": reached,
            "lapses": lapses,
            "lease": settings.DELIVERY_LEASE_SECONDS,
        },
    )
    row = cursor.fetchone()
    chunk.reached = reached
    chunk.asked_to = None
    return bool(row and row[0])


def _record(ids: Sequence[int], fact: str, details: dict[int, str]) -> None:
    """Add a fact to the history of each: only of what is unusual, ordinary life stands in the rows themselves."""
    DeliveryEvent.objects.bulk_create([sending.fact_of(pk, fact, details.get(pk, "")) for pk in ids])


# --- the next window -----------------------------------------------------------------------------------------


def _ask(cursor: Any, chunk: MailingChunk, question: Question) -> Window | None:
    """The next people who may be written to, with the window written down; None if we may not go on. A window that
    reaches to 0 is none: the pass is over."""
    cursor.execute(_GATE)
    columns = "".join(f", c.{name}" for name in question.columns)
    cursor.execute(
        _READ.format(columns=columns),
        {
            "mailing": chunk.mailing_id,
            "after": chunk.reached or chunk.first_id - 1,
            "last": chunk.last_id,
            "lists": list(question.lists),
            "most": question.most,
        },
    )
    rows = cursor.fetchall()
    withheld = {row[0]: _stop_in_words(row[5]) for row in rows if row[5] is not None}
    last = rows[-1][0] if rows else None
    cursor.execute(
        _ASKED,
        {
            "chunk": chunk.pk,
            "claim": chunk.claim,
            "last": last,
            "withheld": list(withheld),
            "lease": settings.DELIVERY_LEASE_SECONDS,
        },
    )
    asked = cursor.fetchone()
    if asked is None:
        return None
    chunk.asked_to = last
    people = [row for row in rows if row[5] is None] if withheld else rows
    return Window(people, last or 0, asked[0], withheld)


def _stop_in_words(word: str) -> str:
    return _STOPS.get(word) or str(Suppression.Reason(word).label)


# --- after a crash -------------------------------------------------------------------------------------------


def recover(chunk: MailingChunk, provider: str) -> None:
    """Settle the window that a dead worker had asked: whom the provider has reported as accepted is sent, who was left
    out of it is suppressed, everybody else is unknown. The rest of the chunk is untouched. Safe to repeat."""
    if chunk.asked_to is None:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLD, [chunk.pk])
        cursor.execute(
            _RECOVER,
            {
                "mailing": chunk.mailing_id,
                "after": chunk.reached or chunk.first_id - 1,
                "last": chunk.asked_to,
                "asked_at": chunk.asked_at,
                "withheld": chunk.withheld,
                "why_withheld": _WITHHELD,
                "lost": _LOST,
                "message": chunk.mailing_message.message_id,
                "provider": provider,
                "proof": list(DeliveryEvent.PROOF),
            },
        )
        counts: dict[str, int] = {}
        unknown = []
        for pk, status in cursor.fetchall():
            counts[status] = counts.get(status, 0) + 1
            if status == Status.UNKNOWN:
                unknown.append(pk)
        _record(unknown, DeliveryEvent.Type.UNKNOWN, dict.fromkeys(unknown, _LOST))
        _count(cursor, chunk, counts, chunk.asked_to, lapses=0)
    chunk.lapses = 0
    if unknown:
        logger.warning(
            "a window was lost with its worker", extra={"mailing": chunk.mailing_id, "unknown": len(unknown)}
        )


def fail_next(chunk: MailingChunk, lists: Sequence[int]) -> None:
    """Fail the delivery at which workers have died time and again, without trying it once more (F16)."""
    with transaction.atomic(), connection.cursor() as cursor:
        window = _ask(cursor, chunk, Question(1, lists))
        if not window or not window.last:
            return
        settled = [Settled(row[0], Status.FAILED, _POISON, attempt=0) for row in window.people]
        settled += withheld_of(window)
        _settle(cursor, chunk, Answered(window, "", settled), lapses=0)
    chunk.lapses = 0
    logger.error(
        "a delivery killed its worker each time", extra={"mailing": chunk.mailing_id, "delivery": window.last}
    )


def withheld_of(window: Window) -> list[Settled]:
    """What becomes of those who were left out of a window."""
    return [Settled(pk, Status.SUPPRESSED, why, attempt=0) for pk, why in window.withheld.items()]


def call_off(chunk: MailingChunk, why: str) -> None:
    """Call off whoever still waits in a chunk, and close it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLD, [chunk.pk])
        called_off = chunks.waiting_in(chunk).update(status=Status.CANCELLED, reason=why)
        _count(cursor, chunk, {"cancelled": called_off}, chunk.last_id)
        chunks.mine(chunk).update(
            status=MailingChunk.Status.DONE, claim=None, lease_until=None, finished_at=Now()
        )


# --- the SQL -------------------------------------------------------------------------------------------------

# A chunk is locked before its deliveries, by everybody.
_HOLD = "SELECT FROM mailer_mailingchunk WHERE id = %s FOR NO KEY UPDATE"

# SHARE: other windows may be checked at the same time, nothing that forbids may be committed. A worker that stands
# still here must not keep people from unsubscribing for long.
_GATE = """
SET LOCAL idle_in_transaction_session_timeout = '10s'; LOCK TABLE contacts_gate IN SHARE MODE
"""

_READ = """
SELECT d.id, d.contact_id, d.address, d.address_hash, d.attempts,
    CASE WHEN d.address = '' THEN 'erased' WHEN s.reason IS NOT NULL THEN s.reason WHEN c.id IS NULL THEN 'gone'
        WHEN w.contact_id IS NULL THEN 'left' WHEN c.paused_until > current_date THEN 'paused' END{columns}
FROM (
    SELECT id, contact_id, address, address_hash, attempts FROM mailer_delivery
    WHERE mailing_id = %(mailing)s AND id > %(after)s AND id <= %(last)s AND status = 'queued' AND due_at <= now()
    ORDER BY id LIMIT %(most)s
) d
LEFT JOIN contacts_contact c ON c.id = d.contact_id
LEFT JOIN LATERAL (
    SELECT reason FROM contacts_suppression
    WHERE address_hash = d.address_hash AND scope IN ('all', 'mailings') AND (ends_at IS NULL OR ends_at > now())
    LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    SELECT contact_id FROM contacts_subscription
    WHERE contact_id = d.contact_id AND mailing_list_id = ANY(%(lists)s) AND status = 'confirmed' LIMIT 1
) w ON true
ORDER BY d.id
"""

# Only as long as the claim holds, the mailing is being sent and the text is the newest.
_ASKED = """
UPDATE mailer_mailingchunk k SET asked_to = %(last)s, asked_at = now(), withheld = %(withheld)s::bigint[],
    lease_until = now() + make_interval(secs => %(lease)s)
WHERE k.id = %(chunk)s AND k.claim = %(claim)s AND k.status = 'working' AND k.lease_until > now()
    AND EXISTS (SELECT FROM mailer_mailing m WHERE m.id = k.mailing_id AND m.status = 'sending')
    AND NOT EXISTS (
        SELECT FROM mailer_mailingmessage own JOIN mailer_mailingmessage newer ON newer.mailing_id = own.mailing_id
            AND newer.language = own.language AND newer.part = own.part AND newer.version > own.version
        WHERE own.id = k.mailing_message_id)
RETURNING asked_at
"""

_SENT = """
UPDATE mailer_delivery SET status = 'sent', sent_at = now(), attempts = attempts + 1, reason = '', provider = %s,
    provider_message_id = %s, asked_at = %s, message_id = %s
WHERE id = ANY(%s) AND status = 'queued'
"""
_SENT_AFTER_ALL = _SENT.replace("status = 'queued'", "status = 'unknown'")

_SETTLE = """
WITH moved AS (
    UPDATE mailer_delivery d SET status = v.status, reason = v.reason,
        sent_at = CASE v.status WHEN 'sent' THEN now() END,
        attempts = d.attempts + v.attempt,
        provider = CASE WHEN v.attempt > 0 THEN %(provider)s ELSE d.provider END,
        asked_at = CASE WHEN v.attempt > 0 AND v.status <> 'queued' THEN %(asked_at)s::timestamptz END,
        message_id = %(message)s,
        provider_message_id = CASE v.status WHEN 'sent' THEN v.message_id ELSE d.provider_message_id END,
        due_at = CASE v.status WHEN 'queued' THEN now() + make_interval(secs => v.wait) ELSE d.due_at END
    FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(message_ids)s::text[],
        %(waits)s::float8[], %(attempts)s::int[]) v(id, status, reason, message_id, wait, attempt)
    WHERE d.id = v.id AND d.status = 'queued'
    RETURNING d.id, d.status
)
SELECT id, status FROM moved
"""

_COUNT = """
UPDATE mailer_mailingchunk SET sent = sent + %(sent)s, failed = failed + %(failed)s,
    suppressed = suppressed + %(suppressed)s, unknown = unknown + %(unknown)s, cancelled = cancelled + %(cancelled)s,
    reached = CASE WHEN claim = %(claim)s THEN %(reached)s ELSE reached END,
    asked_to = CASE WHEN claim = %(claim)s THEN NULL ELSE asked_to END,
    asked_at = CASE WHEN claim = %(claim)s THEN NULL ELSE asked_at END,
    withheld = CASE WHEN claim = %(claim)s THEN '{}' ELSE withheld END,
    lapses = CASE WHEN claim = %(claim)s THEN coalesce(%(lapses)s, lapses) ELSE lapses END,
    lease_until = CASE WHEN claim = %(claim)s THEN now() + make_interval(secs => %(lease)s) ELSE lease_until END
WHERE id = %(chunk)s RETURNING claim IS NOT DISTINCT FROM %(claim)s
"""

# Who was put back after the window had been asked, or was not due then, was not in it.
_RECOVER = """
UPDATE mailer_delivery d SET
    status = CASE WHEN w.withheld THEN 'suppressed' WHEN w.proof IS NOT NULL THEN 'sent' ELSE 'unknown' END,
    reason = CASE WHEN w.withheld THEN %(why_withheld)s WHEN w.proof IS NOT NULL THEN '' ELSE %(lost)s END,
    sent_at = CASE WHEN NOT w.withheld THEN w.proof END,
    attempts = d.attempts + CASE WHEN w.withheld THEN 0 ELSE 1 END,
    asked_at = CASE WHEN NOT w.withheld THEN %(asked_at)s::timestamptz END,
    provider = CASE WHEN w.withheld THEN d.provider ELSE %(provider)s END,
    message_id = %(message)s
FROM (
    SELECT q.id, q.id = ANY(%(withheld)s::bigint[]) AS withheld, (
        SELECT min(e.occurred_at) FROM mailer_deliveryevent e
        WHERE e.delivery_id = q.id AND e.provider <> '' AND e.type = ANY(%(proof)s)
    ) AS proof
    FROM mailer_delivery q
    WHERE q.mailing_id = %(mailing)s AND q.id > %(after)s AND q.id <= %(last)s AND q.status = 'queued'
        AND q.due_at <= %(asked_at)s
    ORDER BY q.id FOR NO KEY UPDATE
) w
WHERE d.id = w.id
RETURNING d.id, d.status
"""
