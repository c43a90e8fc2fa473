"""How many people of a mailing are in which state, and how old these figures are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Avg, Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from mailer.models import Delivery, DeliveryEvent, Mailing, MailingChunk, MailingFigure
from mailer.reporting.states import OF_SENT, State, Window, windows

_COUNTERS = ("sent", "failed", "suppressed", "unknown", "cancelled")
_NEWEST_REPORTS = 200
_NEW = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Counts:
    """Each person of the audience once, by state. A state nobody is in counts 0."""

    audience: int
    by_state: Mapping[State, int]

    def __getitem__(self, state: str) -> int:
        return self.sent if state == "sent" else self.by_state[State(state)]

    @cached_property
    def sent(self) -> int:
        """Whom the provider took it for, whatever became of it since."""
        return sum(self.by_state[state] for state in OF_SENT)

    @cached_property
    def settled(self) -> int:
        """Whose turn is over."""
        return self.audience - self.by_state[State.WAITING] - self.by_state[State.ASKED]

    @property
    def total(self) -> int:
        return sum(self.by_state.values())


def counts(mailing: Mailing, asked: Sequence[Window] | None = None) -> Counts:
    """Where the people of a frozen mailing stand; all nought before the freeze.

    They always add up to the audience. What we did comes from the counters of the chunks, moved in the transaction
    that settles a delivery. What the world reported of those that were sent comes from the figures, less the few that
    were reported twice: delivered and then returned, or complained of.
    """
    asked = windows(mailing) if asked is None else asked
    done = _done(mailing)
    found = dict.fromkeys(State, 0)
    found |= {State(name): done[name] for name in _COUNTERS if name != "sent"}
    found |= _of_sent(mailing, done["sent"])
    audience = mailing.audience or 0
    left = max(0, audience - sum(done.values()))
    found[State.ASKED] = min(_asked(mailing, asked), left)
    found[State.WAITING] = left - found[State.ASKED]
    return Counts(audience, found)


def _done(mailing: Mailing) -> dict[str, int]:
    return mailing.chunks.aggregate(**{name: Coalesce(Sum(name), 0) for name in _COUNTERS})


def _asked(mailing: Mailing, asked: Sequence[Window]) -> int:
    """A window holds some hundred people and there is one a worker, so they are counted one by one."""
    rows = Delivery.objects.filter(mailing=mailing, status=Delivery.Status.QUEUED)
    return sum(rows.filter(pk__range=(window.first, window.last)).count() for window in asked)


def _of_sent(mailing: Mailing, sent: int) -> dict[State, int]:
    reported = Q(bounced_at__isnull=False) | Q(complained_at__isnull=False)
    rows = Delivery.objects.filter(reported, mailing=mailing, status=Delivery.Status.SENT)
    rare = rows.aggregate(
        complained=Count("pk", filter=Q(complained_at__isnull=False)),
        all=Count("pk"),
        delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
    )
    delivered = max(0, total(mailing, "delivered") - rare["delivered"])
    # A report may stand a moment before the answer it belongs to is stored: nobody is counted before they are sent.
    complained = min(rare["complained"], sent)
    bounced = min(rare["all"] - rare["complained"], sent - complained)
    delivered = min(delivered, sent - complained - bounced)
    return {
        State.COMPLAINED: complained,
        State.BOUNCED: bounced,
        State.DELIVERED: delivered,
        State.NO_NEWS: sent - complained - bounced - delivered,
    }


def sent_of(mailings: Sequence[Mailing]) -> dict[int, int]:
    """How many each mailing was sent to, whatever became of it since; one query."""
    rows = MailingChunk.objects.filter(mailing__in=mailings).order_by()
    found = dict(rows.values_list("mailing").annotate(Sum("sent")))
    return {mailing.pk: found.get(mailing.pk, 0) for mailing in mailings}


def total(mailing: Mailing, *facts: str) -> int:
    """How often these facts (words of `MailingFigure.fact`) were counted of a mailing."""
    return totals([mailing], *facts)[mailing.pk]


def totals(mailings: Sequence[Mailing], *facts: str) -> dict[int, int]:
    """As `total`, by the number of each mailing, in one query."""
    rows = MailingFigure.objects.filter(mailing__in=mailings, fact__in=facts).order_by()
    found = dict(rows.values_list("mailing").annotate(Sum("count")))
    return {mailing.pk: max(0, found.get(mailing.pk, 0)) for mailing in mailings}


@dataclass(frozen=True, slots=True)
class Age:
    """When figures were taken, and how far the provider's reports lag behind what they tell of."""

    at: dt.datetime
    lag: dt.timedelta | None  # None: nothing was reported lately

    @property
    def seconds(self) -> int | None:
        return None if self.lag is None else max(1, round(self.lag.total_seconds()))


def age() -> Age:
    """How old figures read now are: the oldest report that waits, or else how long the newest ones waited on average.

    Of the whole service, since all reports wait in one queue.
    """
    now = timezone.now()
    unapplied = DeliveryEvent.objects.filter(applied_at=None, parked_at=None).order_by("pk")
    waiting = unapplied.values_list("received_at", flat=True).first()
    newest = DeliveryEvent.objects.exclude(provider="").order_by("-pk").values("pk")[:_NEWEST_REPORTS]
    rows = DeliveryEvent.objects.filter(pk__in=newest, applied_at__gt=now - _NEW)
    usual = rows.aggregate(lag=Avg(F("applied_at") - F("received_at")))["lag"]
    lags: list[dt.timedelta] = [lag for lag in (now - waiting if waiting else None, usual) if lag is not None]
    return Age(now, max(lags, default=None))
