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
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from contacts import people
from contacts.models import Suppression
from mailer import reasons, sending
from mailer.mailings import chunks
from mailer.models import Delivery, DeliveryEvent, MailingChunk

logger = logging.getLogger(__name__)
Status = Delivery.Status

_STOPS = {
    "erased": gettext_noop("the address was erased"),
    "gone": gettext_noop("they were removed from the address book"),
    "left": gettext_noop("they left the lists of this mailing"),
    "paused": gettext_noop("they want no newsletter for a while"),
}
_WITHHELD = gettext_noop("it may no longer be written to")
reasons.know(*_STOPS.values(), _WITHHELD)
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
    asked_at: str
    withheld: dict[int, str] = field(default_factory=dict)


# The columns of a window's row; those of the contact stand behind them.
_ASKED_AT, _LAST, DELIVERY, CONTACT, ADDRESS, ADDRESS_HASH, ATTEMPTS, _STOP, OF_THE_CONTACT = range(9)


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
    with transaction.atomic(), connection.wrap_database_errors:
        stored, asked = _exchange(chunk, answered, question)
        if answered is not None:
            _see_to_the_rest(chunk, answered, stored)
    if question is None or not asked:
        return None
    if asked[0][_ASKED_AT] is None:
        raise Halted
    return _window(asked)


def _exchange(
    chunk: MailingChunk, answered: Answered | None, question: Question | None
) -> tuple[list[Any], list[Any]]:
    """Send all statements of a step at once, and wait for their results once: what they cost is mostly the waiting."""
    raw = _connection()
    settle, ask = psycopg.Cursor(raw), psycopg.Cursor(raw)
    with raw.pipeline():
        psycopg.Cursor(raw).execute(_BEGIN, [chunk.pk], prepare=True)
        if answered is not None:
            settle.execute(*_settling(chunk, answered), prepare=True)
        if question is not None:
            psycopg.Cursor(raw).execute(_GATE)
            after = answered.window.last if answered else chunk.reached or chunk.first_id - 1
            ask.execute(*_asking(chunk, question, after), prepare=True)
    return (settle.fetchall() if answered is not None else []), (
        ask.fetchall() if question is not None else []
    )


def _connection() -> psycopg.Connection[Any]:
    """The driver's own connection: Django's cursors neither prepare statements nor send several at once."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if raw.prepare_threshold is None:  # Django switches it off; its own cursors never ask for it
        raw.prepare_threshold = 5
    return raw


# --- the answers ---------------------------------------------------------------------------------------------


def _settling(
    chunk: MailingChunk, answered: Answered, lapses: int | None = None
) -> tuple[str, dict[str, Any]]:
    """The statement that writes the answers on the deliveries and counts them in the chunk."""
    window = answered.window
    values = {
        "chunk": chunk.pk,
        "claim": chunk.claim,
        "reached": window.last,
        "lapses": lapses,
        "lease": float(settings.DELIVERY_LEASE_SECONDS),
        "provider": answered.provider,
        "asked_at": window.asked_at,
        "message": chunk.mailing_message.message_id,
    }
    if answered.all_sent_as is not None:
        ids = [row[DELIVERY] for row in window.people]
        return _ALL_SENT, {**values, "number": answered.all_sent_as, "ids": ids}
    rows = answered.settled
    return _SETTLE, {
        **values,
        "ids": [one.delivery for one in rows],
        "statuses": [one.status for one in rows],
        "reasons": [one.reason[:300] for one in rows],
        "message_ids": [one.message_id[:300] for one in rows],
        "waits": [float(one.wait) for one in rows],
        "attempts": [one.attempt for one in rows],
    }


def _see_to_the_rest(chunk: MailingChunk, answered: Answered, stored: list[Any]) -> None:
    """What is rare: facts of those who became unknown, and a yes for whom somebody has settled meanwhile."""
    moved, unknown = stored[0]
    chunk.reached = answered.window.last
    chunk.asked_to = None
    if unknown:
        _record(unknown, {one.delivery: one.reason for one in answered.settled})
    if answered.all_sent_as is not None:
        expected = len(answered.window.people)
        said_yes = [row[DELIVERY] for row in answered.window.people]
    else:
        expected = len(answered.settled)
        said_yes = [one.delivery for one in answered.settled if one.status == Status.SENT]
    if moved < expected and said_yes:
        with connection.cursor() as cursor:
            cursor.execute(
                _SENT_AFTER_ALL,
                {
                    "provider": answered.provider,
                    "number": answered.all_sent_as or "",
                    "asked_at": answered.window.asked_at,
                    "message": chunk.mailing_message.message_id,
                    "ids": said_yes,
                    "chunk": chunk.pk,
                },
            )


def _record(ids: Sequence[int], reasons_of: dict[int, str]) -> None:
    """Note in their history who became unknown: ordinary life stands in the rows themselves."""
    fact = DeliveryEvent.Type.UNKNOWN
    DeliveryEvent.objects.bulk_create([sending.fact_of(pk, fact, reasons_of.get(pk, "")) for pk in ids])


# --- the next window -----------------------------------------------------------------------------------------


def _asking(chunk: MailingChunk, question: Question, after: int) -> tuple[str, dict[str, Any]]:
    """The statement that finds the next people who may be written to, and writes the window down."""
    columns = "".join(f", c.{name}" for name in question.columns)
    return _ASK.format(columns=columns), {
        "mailing": chunk.mailing_id,
        "after": after,
        "last": chunk.last_id,
        "lists": list(question.lists),
        "most": question.most,
        "refusals": list(people.OF_THE_PERSON),
        "chunk": chunk.pk,
        "claim": chunk.claim,
        "lease": float(settings.DELIVERY_LEASE_SECONDS),
    }


def _window(rows: list[tuple[Any, ...]]) -> Window:
    withheld = {row[DELIVERY]: _stop_in_words(row[_STOP]) for row in rows if row[_STOP] is not None}
    people = [row for row in rows if row[_STOP] is None] if withheld else rows
    return Window(people, rows[0][_LAST], rows[0][_ASKED_AT], withheld)


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
                "chunk": chunk.pk,
                "claim": chunk.claim,
                "reached": chunk.asked_to,
                "lapses": 0,
                "lease": settings.DELIVERY_LEASE_SECONDS,
            },
        )
        _moved, unknown = cursor.fetchone()
        if unknown:
            _record(unknown, dict.fromkeys(unknown, _LOST))
    chunk.reached, chunk.asked_to, chunk.lapses = chunk.asked_to, None, 0
    if unknown:
        logger.warning(
            "a window was lost with its worker", extra={"mailing": chunk.mailing_id, "unknown": len(unknown)}
        )


def fail_next(chunk: MailingChunk, lists: Sequence[int]) -> None:
    """Fail the delivery at which workers have died time and again, without trying it once more (F16)."""
    window = step(chunk, None, Question(1, lists))
    if window is None:
        return
    settled = [Settled(row[DELIVERY], Status.FAILED, _POISON, attempt=0) for row in window.people]
    step(chunk, Answered(window, "", settled + withheld_of(window)), None)
    chunks.forgive(chunk)
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
        cursor.execute(_CALL_OFF, [why, chunk.first_id, chunk.last_id, chunk.mailing_id])
        called_off = cursor.rowcount
        chunks.mine(chunk).update(
            status=MailingChunk.Status.DONE,
            claim=None,
            lease_until=None,
            cancelled=F("cancelled") + called_off,
            finished_at=Now(),
        )


# --- the SQL -------------------------------------------------------------------------------------------------

# A chunk is locked before its deliveries, by everybody.
_HOLD = "SELECT FROM mailer_mailingchunk WHERE id = %s FOR NO KEY UPDATE"

# The same, and how the next statements are planned: of a window the keys are known, and the statistics of a table that
# grew by a million rows just now are not, so it is read in the order of its ids and never sorted. A worker that stands
# still at the gate must not keep people from unsubscribing for long.
_BEGIN = """
SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('idle_in_transaction_session_timeout', '10s', true)
FROM mailer_mailingchunk WHERE id = %s FOR NO KEY UPDATE
"""

# SHARE: other windows may be checked at the same time, nothing that forbids may be committed.
_GATE = "LOCK TABLE contacts_gate IN SHARE MODE"

# Only as long as the claim holds, the mailing is being sent and the text is the newest; else asked_at is null. Whose
# address was changed since the freeze is asked at the address of the freeze, and what they refused at the new one counts.
_ASK = """
WITH found AS MATERIALIZED (
    SELECT d.id, d.contact_id, d.address, d.address_hash, d.attempts,
        CASE WHEN d.address = '' THEN 'erased' WHEN s.reason IS NOT NULL THEN s.reason WHEN c.id IS NULL THEN 'gone'
            WHEN w.contact_id IS NULL THEN 'left' WHEN c.paused_until > current_date THEN 'paused'
            WHEN c.address_hash <> d.address_hash THEN (
                SELECT reason FROM contacts_suppression
                WHERE address_hash = c.address_hash AND scope IN ('all', 'mailings') AND reason = ANY(%(refusals)s)
                    AND (ends_at IS NULL OR ends_at > statement_timestamp())
                LIMIT 1)
        END AS stop{columns}
    FROM (
        SELECT id, contact_id, address, address_hash, attempts FROM mailer_delivery
        WHERE id > %(after)s AND id <= %(last)s AND mailing_id IS NOT DISTINCT FROM %(mailing)s AND status = 'queued'
            AND due_at <= statement_timestamp()
        ORDER BY id LIMIT %(most)s
    ) d
    LEFT JOIN contacts_contact c ON c.id = d.contact_id
    LEFT JOIN LATERAL (
        SELECT reason FROM contacts_suppression
        WHERE address_hash = d.address_hash AND scope IN ('all', 'mailings')
            AND (ends_at IS NULL OR ends_at > statement_timestamp())
        LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT contact_id FROM contacts_subscription
        WHERE contact_id = d.contact_id AND mailing_list_id = ANY(%(lists)s) AND status = 'confirmed' LIMIT 1
    ) w ON true
), asked AS (
    UPDATE mailer_mailingchunk k SET asked_at = statement_timestamp(), asked_to = whole.last, withheld = whole.withheld,
        lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
    FROM (
        SELECT max(id) AS last, coalesce(array_agg(id) FILTER (WHERE stop IS NOT NULL), '{{}}') AS withheld FROM found
    ) whole
    WHERE k.id = %(chunk)s AND k.claim = %(claim)s AND k.status = 'working' AND k.lease_until > statement_timestamp()
        AND EXISTS (SELECT FROM mailer_mailing m WHERE m.id = k.mailing_id AND m.status = 'sending')
        AND NOT EXISTS (
            SELECT FROM mailer_mailingmessage own JOIN mailer_mailingmessage newer ON newer.mailing_id = own.mailing_id
                AND newer.language = own.language AND newer.part = own.part AND newer.version > own.version
            WHERE own.id = k.mailing_message_id)
    RETURNING asked_at, asked_to
)
SELECT asked.asked_at::text, asked.asked_to, found.* FROM found LEFT JOIN asked ON true
"""

# Counts what moved, whoever holds the chunk by now; closes the window if we do.
_COUNTED = f"""
WITH moved AS ({{moving}})
, counts AS (
    SELECT count(*) AS moved, array_agg(id) FILTER (WHERE status = 'unknown') AS lost,
        {", ".join(f"count(*) FILTER (WHERE status = '{name}') AS {name}" for name in chunks.COUNTED)} FROM moved
), counted AS (
    UPDATE mailer_mailingchunk k SET {", ".join(f"{name} = k.{name} + counts.{name}" for name in chunks.COUNTED)},
        reached = CASE WHEN claim = %(claim)s THEN %(reached)s ELSE reached END,
        asked_to = CASE WHEN claim = %(claim)s THEN NULL ELSE asked_to END,
        asked_at = CASE WHEN claim = %(claim)s THEN NULL ELSE asked_at END,
        withheld = CASE WHEN claim = %(claim)s THEN '{{{{}}}}' ELSE withheld END,
        lapses = CASE WHEN claim = %(claim)s THEN coalesce(%(lapses)s::int, k.lapses) ELSE k.lapses END,
        lease_until = CASE WHEN claim = %(claim)s THEN statement_timestamp() + make_interval(secs => %(lease)s)
            ELSE lease_until END
    FROM counts WHERE k.id = %(chunk)s
)
SELECT moved, lost FROM counts
"""  # noqa: S608 - names of ours


def _counted(moving: str) -> str:
    return _COUNTED.format(moving=moving)


_ALL_SENT = _counted("""
    UPDATE mailer_delivery SET status = 'sent', sent_at = statement_timestamp(), attempts = attempts + 1, reason = '',
        provider = %(provider)s, provider_message_id = %(number)s, asked_at = %(asked_at)s::timestamptz, message_id = %(message)s
    WHERE id = ANY(%(ids)s) AND status = 'queued'
    RETURNING id, status
""")

_SENT_AFTER_ALL = """
WITH moved AS (
    UPDATE mailer_delivery SET status = 'sent', sent_at = statement_timestamp(), reason = '',
        provider = %(provider)s, provider_message_id = %(number)s, asked_at = %(asked_at)s::timestamptz, message_id = %(message)s
    WHERE id = ANY(%(ids)s) AND status = 'unknown'
    RETURNING id
)
UPDATE mailer_mailingchunk k SET sent = k.sent + counts.moved, unknown = k.unknown - counts.moved
FROM (SELECT count(*) AS moved FROM moved) counts WHERE k.id = %(chunk)s
"""

_SETTLE = _counted("""
    UPDATE mailer_delivery d SET status = v.status, reason = v.reason,
        sent_at = CASE v.status WHEN 'sent' THEN statement_timestamp() END,
        attempts = d.attempts + v.attempt,
        provider = CASE WHEN v.attempt > 0 THEN %(provider)s ELSE d.provider END,
        asked_at = CASE WHEN v.attempt > 0 AND v.status <> 'queued' THEN %(asked_at)s::timestamptz END,
        message_id = %(message)s,
        provider_message_id = CASE v.status WHEN 'sent' THEN v.message_id ELSE d.provider_message_id END,
        due_at = CASE v.status WHEN 'queued' THEN statement_timestamp() + make_interval(secs => v.wait)
            ELSE d.due_at END
    FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(message_ids)s::text[],
        %(waits)s::float8[], %(attempts)s::int[]) v(id, status, reason, message_id, wait, attempt)
    WHERE d.id = v.id AND d.status = 'queued'
    RETURNING d.id, d.status
""")

# Who was put back after the window had been asked, or was not due then, was not in it.
_RECOVER = _counted("""
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
        WHERE q.mailing_id IS NOT DISTINCT FROM %(mailing)s AND q.id > %(after)s AND q.id <= %(last)s AND q.status = 'queued'
            AND q.due_at <= %(asked_at)s
        ORDER BY q.id FOR NO KEY UPDATE
    ) w
    WHERE d.id = w.id
    RETURNING d.id, d.status
""")

_CALL_OFF = """
UPDATE mailer_delivery SET status = 'cancelled', reason = %s
WHERE id BETWEEN %s AND %s AND mailing_id IS NOT DISTINCT FROM %s AND status = 'queued'
"""
