"""What the home page of the desk counts of mail: what waits for a person, by partial index; what left, by day."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from accounts.charts import DAYS
from mailer.models import Delivery, Mailing, MailingChunk

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


def sent_by_day(mailings: QuerySet[Mailing], since: dt.date) -> dict[dt.date, int]:
    """How many mails of these newsletters left on each day from `since` on, by the counters of their chunks.

    A chunk counts on the day on which it was done, or last asked for: at most a few thousand mails stand on a day beside
    their own.
    """
    chunks = MailingChunk.objects.filter(mailing__in=mailings, sent__gt=0).order_by()
    by_day = chunks.annotate(day=TruncDate(Coalesce("finished_at", "asked_at"))).filter(day__gte=since)
    return dict(by_day.values_list("day").annotate(Sum("sent")))


def _a_week_ago() -> dt.datetime:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=DAYS - 1)
