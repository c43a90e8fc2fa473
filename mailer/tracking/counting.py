"""The figures of mailings, counted as dates of deliveries change.

A figure is added to by what changed on the deliveries, before against after, in the transaction that changes them. So
it is a function of the deliveries (`manage.py audit` compares), whatever came twice, late or out of order.
"""

from __future__ import annotations

# Each fact that is counted: the column of its date, and the column of its detail where it has one.
COUNTED: dict[str, tuple[str, str]] = {
    "delivered": ("delivered_at", ""),
    "deferred": ("deferred_at", ""),
    "bounced": ("bounced_at", "bounce_class"),
    "complained": ("complained_at", ""),
    "opened": ("opened_at", ""),
    "clicked": ("clicked_at", ""),
}


def _changes() -> str:
    return ",\n        ".join(
        f"('{fact}', {(detail and f'c.{side}_{detail}') or repr('')}, c.{side}_{column}, {sign})"
        for fact, (column, detail) in COUNTED.items()
        for side, sign in (("old", -1), ("new", 1))
    )


# For a query whose WITH names `changed`: mailing_id, and each column of COUNTED as old_… and new_….
# In one order, so that two batches of one mailing wait for each other and do not deadlock.
ADD_CHANGES = f"""
INSERT INTO mailer_mailingfigure (mailing_id, fact, detail, hour, count)
SELECT c.mailing_id, v.fact, v.detail, date_trunc('hour', v.at, 'UTC') AS hour, sum(v.n)
FROM changed c CROSS JOIN LATERAL (VALUES
        {_changes()}
    ) AS v (fact, detail, at, n)
WHERE c.mailing_id IS NOT NULL AND v.at IS NOT NULL
GROUP BY 1, 2, 3, 4 HAVING sum(v.n) <> 0 ORDER BY 1, 2, 3, 4
ON CONFLICT (mailing_id, fact, detail, hour) DO UPDATE SET count = mailer_mailingfigure.count + EXCLUDED.count
"""  # noqa: S608
