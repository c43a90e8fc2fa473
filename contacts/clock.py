"""One clock for what is counted: the database's. A machine whose own clock is wrong must not break a limit (F10)."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.db import connection
from django.utils import timezone


def database_now() -> datetime:
    """The database's time at this moment, as Django's `Now()` writes it into rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now


def is_day(moment: datetime) -> bool:
    """Whether a moment stands for a whole day: midnight, here or in UTC, to the microsecond."""
    return any(each.time() == time.min for each in (timezone.localtime(moment), moment.astimezone(UTC)))
