"""What the home page of the desk counts of mail that waits for a person: rare rows, found by partial index."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet
from django.utils import timezone

from accounts.charts import DAYS
from mailer.models import Delivery

UP_TO = 1_000  # what waits for a person is counted no further


def count_of(rows: QuerySet[Delivery]) -> int:
    """How many rows there are, at most `UP_TO`."""
    return rows.order_by()[:UP_TO].count()


def unknown(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those a person has to settle."""
    return rows.filter(trouble=Delivery.Status.UNKNOWN)


def failed_lately(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those refused for good that were written in the last seven days."""
    return rows.filter(trouble=Delivery.Status.FAILED, created_at__gte=_a_week_ago())


def _a_week_ago() -> dt.datetime:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=DAYS - 1)
