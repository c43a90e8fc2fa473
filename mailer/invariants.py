"""What must be true of the ledger at any moment (RELIABILITY §4), as queries that must return no rows.

Run after tests, nightly, and by `manage.py audit`. I8 and I9 are measured by benchmarks, I10 by tests of the logs;
both sides of I2 need the provider's own log, which the tests join with these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Now

from contacts import invariants as contacts_invariants
from contacts.models import Lift, Suppression
from mailer import kinds
from mailer.mailings import invariants as mailings
from mailer.models import Delivery, DeliveryEvent
from mailer.tracking.counting import COUNTED

Fact = DeliveryEvent.Type
Status = Delivery.Status

# Two periods of the sweeper and the longest task; younger rows are on their way.
GRACE = timedelta(minutes=5)
_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant with the ids of the rows that break it; none means that it holds."""

    name: str
    ids: Sequence[int]


_REGISTERED: dict[str, Callable[[], Sequence[int]]] = {}


def register(name: str, query: Callable[[], Sequence[int]]) -> None:
    """Add an invariant of an upper app; `query` returns the ids of the rows that break it."""
    _REGISTERED[name] = query


def check_all() -> list[Violation]:
    """Every invariant with its violations, by name; at most 1,000 ids each."""
    own = {
        "I1 every delivery stands in exactly one named state": _without_state,
        "I2 the provider accepted no delivery twice": _accepted_twice,
        "I3 what is final has its reason or its date": _silent,
        "I4 nothing was asked after it was forbidden": _asked_though_forbidden,
        "I5 the dates are what the reports say": _dates_differ,
        "I6 nothing due or lapsed lies unnoticed": _overdue,
        "I11 who complained or is gone is suppressed, or was lifted by a door": _unheard,
        "F9 no report waits without being looked at": _unapplied,
        "the figures of a mailing are those of its deliveries": _miscounted,
    }
    known = {**own, **mailings.queries(), **contacts_invariants.queries(), **_REGISTERED}
    return [Violation(name, list(query())[:_LIMIT]) for name, query in sorted(known.items())]


def _ids(rows: object) -> list[int]:
    return [int(pk) for pk in rows.values_list("pk", flat=True)[:_LIMIT]]  # type: ignore[attr-defined]


def _without_state() -> list[int]:
    return _ids(
        Delivery.objects.filter(
            ~Q(status__in=Status.values)
            | Q(status=Status.SENDING, lease_until=None)
            | Q(status=Status.SENT, sent_at=None)
        )
    )


def _accepted_twice() -> list[int]:
    """Two of our own acceptances, without a person's "send again" for each one more."""
    own = Q(events__provider="")
    return _ids(
        Delivery.objects.annotate(
            yes=Count("events", filter=own & Q(events__type=Fact.ACCEPTED)),
            again=Count("events", filter=own & Q(events__type=Fact.PUT_BACK)),
        ).filter(yes__gt=1 + F("again"))
    )


def _silent() -> list[int]:
    return _ids(
        Delivery.objects.filter(status__in=[Status.FAILED, Status.SUPPRESSED, Status.CANCELLED], reason="")
    )


def _asked_though_forbidden() -> list[int]:
    found: list[int] = []
    # Mailings are asked for by windows, not by address: `mailings.invariants`.
    for kind in set(Delivery.Kind.values) - {Delivery.Kind.MAILING}:
        forbids = Suppression.objects.filter(
            address_hash=OuterRef("address_hash"),
            scope__in=[kinds.rule(kind).scope, Suppression.Scope.ALL],
            created_at__lt=OuterRef("asked_at"),
        ).filter(Q(ends_at=None) | Q(ends_at__gt=OuterRef("asked_at")))
        found += _ids(Delivery.objects.filter(Exists(forbids), kind=kind))
    return found


def _dates_differ() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT_DATES, [DeliveryEvent.PROOF, _LIMIT])
        return [row[0] for row in cursor.fetchall()]


_DIFFERENT_DATES = """
SELECT d.id FROM mailer_delivery d JOIN (
    SELECT delivery_id,
        min(occurred_at) FILTER (WHERE type = 'delivered') AS delivered_at,
        min(occurred_at) FILTER (WHERE type = 'deferred') AS deferred_at,
        min(occurred_at) FILTER (WHERE type IN ('bounced', 'rejected')) AS bounced_at,
        min(occurred_at) FILTER (WHERE type = 'complained') AS complained_at,
        min(occurred_at) FILTER (WHERE type = 'opened') AS opened_at,
        min(occurred_at) FILTER (WHERE type = 'clicked') AS clicked_at,
        bool_or(type = ANY(%s) AND provider <> '') AS proven
    FROM mailer_deliveryevent WHERE applied_at IS NOT NULL AND delivery_id IS NOT NULL GROUP BY delivery_id
) f ON f.delivery_id = d.id
WHERE (d.delivered_at, d.deferred_at, d.bounced_at, d.complained_at)
      IS DISTINCT FROM (f.delivered_at, f.deferred_at, f.bounced_at, f.complained_at)
   -- Of a mailing they count only where it watches them, and then its own links tell more of them.
   OR d.kind <> 'mailing' AND (d.opened_at, d.clicked_at) IS DISTINCT FROM (f.opened_at, f.clicked_at)
   OR (d.status = 'unknown' AND f.proven)
LIMIT %s
"""


def _overdue() -> list[int]:
    return _ids(
        Delivery.objects.filter(wakes_at__lt=Now() - GRACE, status__in=[Status.QUEUED, Status.SENDING])
    )


def _unapplied() -> list[int]:
    return _ids(DeliveryEvent.objects.filter(applied_at=None, parked_at=None, received_at__lt=Now() - GRACE))


def _miscounted() -> list[int]:
    """Mailings whose figures differ from what their deliveries say."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT_FIGURES, [_LIMIT])
        return [row[0] for row in cursor.fetchall()]


_DIFFERENT_FIGURES = f"""
WITH said AS (
    SELECT d.mailing_id, d.bounce_class, {", ".join(f"count(d.{c}) AS {f}" for f, (c, _d) in COUNTED.items())}
    FROM mailer_delivery d WHERE d.mailing_id IS NOT NULL GROUP BY 1, 2
), deliveries AS (
    SELECT s.mailing_id, v.fact, v.detail, sum(v.n) AS n FROM said s CROSS JOIN LATERAL (VALUES
        {", ".join(f"('{f}', {(d and 's.' + d) or repr('')}, s.{f})" for f, (_c, d) in COUNTED.items())}
    ) AS v (fact, detail, n) GROUP BY 1, 2, 3 HAVING sum(v.n) <> 0
), figures AS (
    SELECT mailing_id, fact, detail, sum(count) AS n FROM mailer_mailingfigure
    WHERE fact IN ({", ".join(repr(f) for f in COUNTED)}) GROUP BY 1, 2, 3 HAVING sum(count) <> 0
)
SELECT DISTINCT coalesce(d.mailing_id, f.mailing_id) FROM deliveries d FULL JOIN figures f
    ON (f.mailing_id, f.fact, f.detail) = (d.mailing_id, d.fact, d.detail)
WHERE d.n IS DISTINCT FROM f.n ORDER BY 1 LIMIT %s
"""  # noqa: S608


def _unheard() -> list[int]:
    """Reports that forbid us to write on, with neither the suppression nor the record of how it was lifted.

    That no suppression goes otherwise is held by a trigger of the database (contacts/migrations/0005_lifts.py).
    """
    hard = DeliveryEvent.objects.filter(
        delivery=OuterRef("pk"),
        type=DeliveryEvent.Type.BOUNCED,  # what the provider itself refused to send says nothing of the mailbox
        bounce_class=Delivery.BounceClass.HARD,
    )
    found: list[int] = []
    for reason, said in (
        (Suppression.Reason.COMPLAINT, Q(complained_at__isnull=False)),
        (Suppression.Reason.BOUNCE, Q(bounced_at__isnull=False) & Exists(hard)),
    ):
        known = {"address_hash": OuterRef("address_hash"), "reason": reason}
        rows = Delivery.objects.filter(said).exclude(kind=Delivery.Kind.LETTER)
        found += _ids(
            rows.filter(~Exists(Suppression.objects.filter(**known)), ~Exists(Lift.objects.filter(**known)))
        )
    return found
