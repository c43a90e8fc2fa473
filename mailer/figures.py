"""What the home page of the desk counts of mail: rare rows by partial index, days by range."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from mailer.models import Delivery

DAYS = 7
UP_TO = 1_000  # what waits for a person is counted no further


def count_of(rows: QuerySet[Delivery]) -> int:
    """How many rows there are, at most `UP_TO`."""
    return rows.order_by()[:UP_TO].count()


def unknown(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those a person has to settle."""
    return rows.filter(status=Delivery.Status.UNKNOWN)


def failed_lately(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those refused for good that were written in the last seven days."""
    return rows.filter(status=Delivery.Status.FAILED, created_at__gte=_a_week_ago())


def by_day(rows: QuerySet[Delivery], field: str) -> dict[dt.date, int]:
    """How many deliveries have `field` on each of the last seven days."""
    found = (
        rows.filter(**{f"{field}__gte": _a_week_ago()})
        .order_by()
        .annotate(day=TruncDate(field))
        .values("day")
        .annotate(deliveries=Count("pk"))
    )
    return {row["day"]: row["deliveries"] for row in found}


def _a_week_ago() -> dt.datetime:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=DAYS - 1)
