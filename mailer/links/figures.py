"""Adding to the figures of a mailing: a few rows an hour, counted as things happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import connection

# In one order, so that two who count for one mailing wait for each other and do not deadlock.
_ADD = """
INSERT INTO mailer_mailingfigure (mailing_id, fact, detail, hour, count)
SELECT %s, fact, detail, hour, sum(n) FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[]) AS v (fact, detail, hour, n)
GROUP BY fact, detail, hour HAVING sum(n) <> 0 ORDER BY fact, detail, hour
ON CONFLICT (mailing_id, fact, detail, hour) DO UPDATE SET count = mailer_mailingfigure.count + EXCLUDED.count
"""


def add(mailing_id: int, changes: Mapping[tuple[str, str, datetime], int]) -> None:
    """Add to figures of one mailing: (fact, detail, when) to how many, negative where something was taken back.

    Not safe to repeat: call it in the transaction that changes what is counted.
    """
    if not changes:
        return
    facts, details, moments = zip(*changes, strict=True)
    hours = [when.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for when in moments]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [mailing_id, list(facts), list(details), hours, list(changes.values())])
