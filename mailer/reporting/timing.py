"""What happened to a mailing hour by hour, later day by day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.db.models.functions import Coalesce, TruncHour
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from mailer.models import Mailing, MailingFigure
from mailer.reporting.drawing import TICKS, Columns, columns

LEAST_SPANS = 12  # a chart has room for so many from the beginning, so that a first hour is no wall
MOST_HOURS = 48  # a longer time is told by days
MOST_DAYS = 60  # what comes later is counted to the last of them

_FACTS = {
    "accepted": _("sent"),
    "delivered": _("delivered"),
    "bounced": _("bounced"),
    "clicked": _("people who clicked"),
    "opened": _("opened"),
    "unsubscribed": _("unsubscribed"),
}
ALWAYS = ("accepted", "delivered", "bounced")


@dataclass(frozen=True, slots=True)
class Timeline:
    """The charts of a mailing over the same spans of time, hours or days of the mailing's own time zone."""

    is_hourly: bool
    zone: str
    charts: list[Columns]

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """The same figures as the rows of a table: a span of time and the count of each chart."""
        spans = zip(*(chart.columns for chart in self.charts), strict=True)
        return [
            (span[0].label, [column.count for column in span])
            for span in spans
            if any(one.count for one in span)
        ]


def timeline(mailing: Mailing) -> Timeline | None:
    """What happened over time, from the counted figures; None where nothing has happened yet.

    What never happened has no chart, but for sent, delivered and bounced, which one looks for.
    """
    by_fact = _by_hour(mailing)
    hours = [hour for counts in by_fact.values() for hour, count in counts.items() if count]
    if not hours:
        return None
    zone = ZoneInfo(mailing.time_zone)
    is_hourly = max(hours) - min(hours) < dt.timedelta(hours=MOST_HOURS)
    spans = _hours(min(hours), max(hours)) if is_hourly else _days(min(hours), max(hours), zone)
    start_of = _start_of(spans, is_hourly, zone)
    charts = []
    for fact, title in _FACTS.items():
        counted: Counter[dt.datetime] = Counter()
        for hour, count in by_fact.get(fact, {}).items():
            counted[start_of(hour)] += count
        if fact in ALWAYS or any(counted.values()):
            points = [(_label(span, is_hourly, zone), max(0, counted[span])) for span in spans]
            charts.append(columns(fact, title, points))
    return Timeline(is_hourly, mailing.time_zone, charts)


def _by_hour(mailing: Mailing) -> dict[str, dict[dt.datetime, int]]:
    rows = MailingFigure.objects.filter(mailing=mailing, fact__in=_FACTS).order_by()
    found: dict[str, dict[dt.datetime, int]] = {}
    for fact, hour, count in rows.values_list("fact", "hour").annotate(Sum("count")):
        found.setdefault(fact, {})[hour] = count
    if "accepted" not in found:
        found["accepted"] = _of_chunks(mailing)
    return found


def _of_chunks(mailing: Mailing) -> dict[dt.datetime, int]:
    """Who was sent to, by the hour in which their chunk was done or last asked for."""
    done = mailing.chunks.filter(sent__gt=0).order_by()
    by_hour = done.annotate(hour=TruncHour(Coalesce("finished_at", "asked_at"), tzinfo=dt.UTC))
    return {hour: count for hour, count in by_hour.values_list("hour").annotate(Sum("sent")) if hour}


def _hours(first: dt.datetime, last: dt.datetime) -> list[dt.datetime]:
    count = _evened(int((last - first) / dt.timedelta(hours=1)) + 1)
    return [first + dt.timedelta(hours=number) for number in range(count)]


def _days(first: dt.datetime, last: dt.datetime, zone: ZoneInfo) -> list[dt.datetime]:
    day, end = _midnight(first, zone), _midnight(last, zone)
    count = _evened(min((end.date() - day.date()).days + 1, MOST_DAYS))
    return [
        dt.datetime.combine(day.date() + dt.timedelta(days=number), dt.time(), tzinfo=zone)
        for number in range(count)
    ]


def _evened(count: int) -> int:
    """So many spans or a few more, so that a chart has room at its end and its labels stand below their columns."""
    return max(-(-count // TICKS) * TICKS, LEAST_SPANS)


def _start_of(
    spans: list[dt.datetime], is_hourly: bool, zone: ZoneInfo
) -> Callable[[dt.datetime], dt.datetime]:
    """Which span a moment belongs to; one after the last of them to the last."""

    def start(moment: dt.datetime) -> dt.datetime:
        return min(moment if is_hourly else _midnight(moment, zone), spans[-1])

    return start


def _midnight(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return timezone.localtime(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _label(span: dt.datetime, is_hourly: bool, zone: ZoneInfo) -> str:
    local = timezone.localtime(span, zone)
    return date_format(local, "D H:i") if is_hourly else date_format(local, "MONTH_DAY_FORMAT")
