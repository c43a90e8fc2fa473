"""What must be true of mailings and their chunks at any moment (RELIABILITY §4), as queries that must return no rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection

# The longest transaction (I9): what forbade a mail was written down before it was committed, and counts from then.
_TRANSACTION = "5 seconds"
_GRACE = "5 minutes"
_LIMIT = 1_000


def queries() -> dict[str, Callable[[], Sequence[int]]]:
    """Each invariant with the query for the ids that break it: of mailings, chunks or deliveries, as its name says."""
    return {
        f"{name} ({what})": lambda sql=sql: _ids(sql)  # type: ignore[misc]
        for name, what, sql in (
            ("I1 a frozen audience is the sum of its states", "mailings", _AUDIENCE),
            ("I1 a chunk counts what its deliveries say", "chunks", _CHUNKS),
            ("I1 every delivery of a mailing is in one chunk, with a message", "deliveries", _ORPHANS),
            ("I3 a finished mailing leaves nobody waiting", "mailings", _UNFINISHED),
            ("I4 nobody was asked after they had left or were suppressed", "deliveries", _ASKED),
            ("I6 no mailing and no chunk lies unnoticed", "mailings", _FORGOTTEN),
        )
    }


def _ids(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} LIMIT {_LIMIT}")
        return [row[0] for row in cursor.fetchall()]


_AUDIENCE = """
SELECT m.id FROM mailer_mailing m
LEFT JOIN (
    SELECT mailing_id, count(*) AS people, count(DISTINCT contact_id) AS contacts FROM mailer_delivery
    WHERE mailing_id IS NOT NULL GROUP BY 1
) d ON d.mailing_id = m.id
LEFT JOIN (SELECT mailing_id, sum(size) AS people FROM mailer_mailingchunk GROUP BY 1) k ON k.mailing_id = m.id
WHERE m.frozen_at IS NOT NULL AND (
    m.audience IS DISTINCT FROM coalesce(d.people, 0) OR m.audience IS DISTINCT FROM coalesce(k.people, 0)
    OR coalesce(d.people, 0) <> coalesce(d.contacts, 0)
    OR m.candidates IS DISTINCT FROM m.audience
        + (SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(m.exclusions)))
"""

_CHUNKS = """
SELECT k.id FROM mailer_mailingchunk k
JOIN LATERAL (
    SELECT count(*) AS size, count(*) FILTER (WHERE status = 'sent') AS sent,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        count(*) FILTER (WHERE status = 'suppressed') AS suppressed,
        count(*) FILTER (WHERE status = 'unknown') AS unknown,
        count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE status = 'queued') AS queued
    FROM mailer_delivery d WHERE d.id BETWEEN k.first_id AND k.last_id AND d.mailing_id = k.mailing_id
) d ON true
JOIN mailer_mailing m ON m.id = k.mailing_id AND m.frozen_at IS NOT NULL
WHERE (k.size, k.sent, k.failed, k.suppressed, k.unknown, k.cancelled)
        IS DISTINCT FROM (d.size, d.sent, d.failed, d.suppressed, d.unknown, d.cancelled)
    OR k.status = 'done' AND d.queued > 0
"""

_ORPHANS = """
SELECT d.id FROM mailer_delivery d
LEFT JOIN mailer_message t ON t.id = d.message_id
LEFT JOIN LATERAL (
    SELECT last_id FROM mailer_mailingchunk k WHERE k.mailing_id = d.mailing_id AND k.first_id <= d.id
    ORDER BY k.first_id DESC LIMIT 1
) k ON d.mailing_id IS NOT NULL
WHERE t.id IS NULL OR d.mailing_id IS NOT NULL AND k.last_id IS DISTINCT FROM greatest(k.last_id, d.id)
"""

_UNFINISHED = """
SELECT m.id FROM mailer_mailing m
WHERE m.finished_at IS NOT NULL AND EXISTS (
    SELECT FROM mailer_delivery d WHERE d.mailing_id = m.id AND d.status IN ('queued', 'sending'))
OR m.status = 'sent' AND m.finished_at IS NULL
"""

# By the lists that the mailing goes to now, and only where they left all of them. Who came back since is not looked at.
_ASKED = f"""
SELECT d.id FROM mailer_delivery d
WHERE d.mailing_id IS NOT NULL AND d.asked_at IS NOT NULL AND (
    EXISTS (
        SELECT FROM contacts_suppression s WHERE s.address_hash = d.address_hash AND s.scope IN ('all', 'mailings')
            AND s.created_at < d.asked_at - interval '{_TRANSACTION}' AND (s.ends_at IS NULL OR s.ends_at > d.asked_at)
    ) OR (
        SELECT count(*) > 0 AND bool_and(
            s.status = 'unsubscribed' AND s.changed_at < d.asked_at - interval '{_TRANSACTION}')
        FROM contacts_subscription s JOIN mailer_mailing m ON m.id = d.mailing_id
        WHERE s.contact_id = d.contact_id AND (s.mailing_list_id = m.mailing_list_id OR s.mailing_list_id IN (
            SELECT mailinglist_id FROM mailer_mailing_include_lists WHERE mailing_id = m.id))
    ))
"""  # noqa: S608 - a constant

_FORGOTTEN = f"""
SELECT m.id FROM mailer_mailing m
WHERE m.status = 'scheduled' AND m.starts_at < now() - interval '{_GRACE}'
    OR m.status = 'sending' AND m.frozen_at IS NULL AND coalesce(m.lease_until, m.started_at) < now() - interval '{_GRACE}'
    OR EXISTS (
        SELECT FROM mailer_mailingchunk k WHERE k.mailing_id = m.id AND k.status = 'working'
            AND k.lease_until < now() - interval '{_GRACE}')
"""  # noqa: S608 - a constant
