"""The guarantee behind the doorbell: every half minute, find what is due, lapsed or waiting, and wake a worker."""

from __future__ import annotations

import logging

from django.db.models.functions import Now

from contacts import doorbell
from mailer import sending, tasks, tracking
from mailer.inbound import applying as inbound_mails
from mailer.models import Delivery
from mailer.preflight import running as checking
from mailer.tracking import proving

logger = logging.getLogger(__name__)

# One sweep wakes at most so many; the rest is still due at the next one.
BATCH = 2_000


def sweep() -> dict[str, int]:
    """Settle lapsed rows, ring for due ones, bring parked events home. Safe to repeat and to run twice at once."""
    counts = {
        "lapsed": sending.settle_lapsed(),
        "rung": ring_for_due(),
        "checks": checking.sweep(),
        "events": tracking.apply_all(parked=True),
        "inbound": inbound_mails.read_all(),
        "proven": proving.settle_all_proven(),
        "emptied": tracking.empty_old_raw(),
    }
    if any(counts.values()):
        logger.info("swept", extra=counts)
    return counts


def ring_for_due() -> int:
    """Ring for every single mail and letter that is due; stops at the first ring the broker does not hear."""
    due = (
        Delivery.objects.filter(status=Delivery.Status.QUEUED, wakes_at__lte=Now())
        .order_by("wakes_at")
        .values_list("pk", "kind")[:BATCH]
    )
    rung = 0
    for pk, kind in due:
        if not doorbell.ring(tasks.task_of(kind), pk):
            break
        rung += 1
    return rung
