"""Addresses that took no mail for weeks, and what receiving servers think of us (RELIABILITY §3, "Bounces and suppression").

One refusal "for now" says little, many in a row say that nobody is there. Judged once a day of what is a day old, when
late reports are in: what was delivered in between counts, in whatever order the reports came (invariant I5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from contacts import suppressions
from contacts.models import Suppression
from mailer.models import Mailing

# Three mailings at least, the last of them two weeks after the first, and nothing delivered since the first.
MAILINGS = 3
SPAN = timedelta(days=14)
# A server that cannot be reached at all counts as gone after three days.
HOST_SPAN = timedelta(hours=72)
SETTLED = timedelta(days=1)
# Which refusals are looked at: those of the last days, so that a night without a run is caught up.
WINDOW = timedelta(days=4)
BATCH = 5_000

# Of so many refusals for policy at one receiving domain, and this share of those sent there, a mailing has a problem.
LEAST_BLOCKED = 20
BLOCKED_SHARE = 0.02


def suppress_unreachable() -> int:
    """Suppress the addresses that have taken no mail for weeks. Returns how many are new. Safe to repeat.

    From an address whose server is gone, every mail is kept; from one that takes no newsletters, newsletters: the
    confirmation of what somebody does just now may yet arrive. Whom a person or staff lifted since begins anew: only
    what failed after that counts.
    """
    with connection.cursor() as cursor:
        spans = {"from": SETTLED + WINDOW, "until": SETTLED, "span": SPAN, "host_span": HOST_SPAN}
        seconds = {name: f"{span.total_seconds():.0f} seconds" for name, span in spans.items()}
        cursor.execute(_LASTING, {**seconds, "mailings": MAILINGS})
        rows = cursor.fetchall()
    return _suppress(
        [row for row in rows if row[1]],
        Suppression.Reason.BOUNCE,
        Suppression.Scope.ALL,
        "no server for 72 hours",
    ) + _suppress(
        [row for row in rows if not row[1]],
        Suppression.Reason.UNREACHABLE,
        Suppression.Scope.MAILINGS,
        "three mailings in 14 days or more",
    )


def _suppress(
    rows: Sequence[tuple[Any, ...]], reason: Suppression.Reason, scope: Suppression.Scope, rule: str
) -> int:
    found = [
        (bytes(address_hash), reason, {"deliveries": deliveries, "rule": rule})
        for address_hash, _is_host, deliveries in rows
    ]
    parts = (found[at : at + BATCH] for at in range(0, len(found), BATCH))
    return sum(suppressions.suppress_many(part, scope=scope) for part in parts)


_LASTING = """
WITH lately AS MATERIALIZED (
    SELECT DISTINCT address_hash FROM mailer_delivery
    WHERE kind = 'mailing' AND bounce_class IN ('soft', 'host')
        AND bounced_at BETWEEN now() - %(from)s::interval AND now() - %(until)s::interval
), failed AS (
    SELECT l.address_hash, d.id, d.mailing_id, d.bounced_at, d.bounce_class = 'host' AS is_host
    FROM lately l JOIN mailer_delivery d ON d.address_hash = l.address_hash
    WHERE d.kind = 'mailing' AND d.bounce_class IN ('soft', 'host') AND d.bounced_at < now() - %(until)s::interval
        AND d.bounced_at > greatest(
            (SELECT max(x.delivered_at) FROM mailer_delivery x
              WHERE x.address_hash = l.address_hash AND x.bounced_at IS NULL),
            (SELECT max(f.at) FROM contacts_lift f WHERE f.address_hash = l.address_hash),
            '-infinity')
), judged AS (
    SELECT address_hash, (array_agg(id ORDER BY bounced_at DESC))[:10] AS deliveries,
        coalesce(max(bounced_at) FILTER (WHERE is_host) - min(bounced_at) FILTER (WHERE is_host) >= %(host_span)s::interval,
            false) AS is_host,
        count(DISTINCT mailing_id) >= %(mailings)s AND max(bounced_at) - min(bounced_at) >= %(span)s::interval AS is_soft
    FROM failed GROUP BY address_hash
)
SELECT address_hash, is_host, deliveries FROM judged WHERE is_host OR is_soft ORDER BY address_hash
"""


@dataclass(frozen=True, slots=True)
class Blocked:
    """How one receiving domain takes a mailing: so many refused for policy or content, of so many sent there."""

    domain: str
    blocked: int
    sent: int

    @property
    def share(self) -> float:
        return self.blocked / self.sent if self.sent else 0.0


def blocked_domains(mailing: Mailing) -> list[Blocked]:
    """Receiving domains that refuse over 2 % of a mailing, and twenty mails at least, for policy or content; worst first.

    Nobody is suppressed for it. Cheap while nothing is wrong: the whole mailing is counted only where a domain has
    refused twenty.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKED, [mailing.pk, LEAST_BLOCKED])
        refused = dict(cursor.fetchall())
        if not refused:
            return []
        cursor.execute(_SENT_THERE, [mailing.pk, list(refused)])
        sent = dict(cursor.fetchall())
    found = [Blocked(domain, count, sent.get(domain, 0)) for domain, count in refused.items()]
    return sorted((one for one in found if one.share > BLOCKED_SHARE), key=lambda one: -one.share)


_BLOCKED = """
SELECT split_part(address, '@', 2) AS domain, count(*) FROM mailer_delivery
WHERE mailing_id = %s AND bounced_at IS NOT NULL AND bounce_class = 'block' AND address <> ''
GROUP BY domain HAVING count(*) >= %s
"""
_SENT_THERE = """
SELECT split_part(address, '@', 2) AS domain, count(*) FROM mailer_delivery
WHERE mailing_id = %s AND status = 'sent' AND split_part(address, '@', 2) = ANY(%s) GROUP BY domain
"""
