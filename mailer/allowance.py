"""How many unasked mails of ours one address gets: A3 of the abuse catalogue, over everything that we send.

Anybody can type an address into a form: of a campaign, of a list, or of a forgotten link. So the mails that follow
count together, in the ledger, which outlives the broker. A mail whose button was pressed does not count any more:
its reader wanted it, and may want the next.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet

from mailer import sending
from mailer.models import Delivery, DeliveryEvent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# So many in any stretch of time as long as that, the end not included.
LIMITS = ((1, HOUR), (2, DAY))
# How long such a mail may wait for its turn before it is not queued at all.
LONGEST_WAIT = HOUR

# The kinds that a stranger can set off.
COUNTED = [Delivery.Kind.CONFIRMATION, Delivery.Kind.OPT_IN, Delivery.Kind.NOTICE]
_GONE = [Delivery.Status.CANCELLED, Delivery.Status.SUPPRESSED, Delivery.Status.FAILED]


def next_mail(address_hash: bytes, now: datetime) -> datetime:
    """When the next such mail may go to an address; `now` if at once.

    Call it holding the address (`suppressions.hold`), so that two posts at once do not both find room.
    """
    counted = (
        Delivery.objects.filter(
            address_hash=address_hash, kind__in=COUNTED, clicked_at=None, due_at__gt=now - DAY
        )
        .exclude(status__in=_GONE)
        .order_by("due_at")
    )
    return earliest(list(counted.values_list("due_at", flat=True)), now)


def earliest(taken: Sequence[datetime], moment: datetime) -> datetime:
    """The first time, not before `moment`, at which one more than those `taken` (in order) breaks no limit."""
    ends = (at + window for at in taken for _count, window in LIMITS)
    return min(start for start in (moment, *ends) if start >= moment and _has_room(taken, start))


def _has_room(taken: Sequence[datetime], moment: datetime) -> bool:
    here = bisect.bisect_right(taken, moment)
    row = [*taken[:here], moment, *taken[here:]]
    return not any(
        row[first + count] - row[first] < window
        for count, window in LIMITS
        for first in range(max(0, here - count), min(here + 1, len(row) - count))
    )


def answered(address_hash: bytes, kind: str, **context: int) -> None:
    """Note that the button behind the mails with this context was pressed, which no machine does. Safe to repeat."""
    mails = _mails(address_hash, kind, context).filter(clicked_at=None)
    for delivery in mails.select_for_update(no_key=True).order_by("pk"):
        fact = sending.record(delivery, DeliveryEvent.Type.CLICKED, "its button was pressed")
        Delivery.objects.filter(pk=delivery.pk).update(clicked_at=fact.occurred_at)


def mailed_at(address_hash: bytes, kind: str, **context: int) -> datetime | None:
    """When the last mail with this context left us for its address; None if none did."""
    found: datetime | None = _mails(address_hash, kind, context).aggregate(last=Max("asked_at"))["last"]
    return found


def _mails(address_hash: bytes, kind: str, context: Mapping[str, int]) -> QuerySet[Delivery]:
    ids = {f"context__{name}": pk for name, pk in context.items()}
    return Delivery.objects.filter(address_hash=address_hash, kind=kind, **ids)
