"""When a mailing starts, as a person says it: a day and a time in a zone (F29).

Once a year an hour is missing and once an hour comes twice. What was meant is then said in words, never guessed in silence.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

MISSING = "missing"  # the clocks skip that time: it starts as much later
TWICE = "twice"  # the clocks show that time twice


@dataclass(frozen=True, slots=True)
class Moment:
    """`local` is the moment in its zone, `at` the same in UTC. oddity: "", MISSING or TWICE; `second`: of the two."""

    local: dt.datetime
    oddity: str = ""
    second: bool = False

    @property
    def at(self) -> dt.datetime:
        return self.local.astimezone(dt.UTC)

    @property
    def offset(self) -> str:
        """For example UTC+02:00."""
        minutes = round((self.local.utcoffset() or dt.timedelta()).total_seconds() / 60)
        sign = "-" if minutes < 0 else "+"
        return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def moment(day: dt.date, time: dt.time, zone: str, *, second: bool = False) -> Moment:
    """The moment at which clocks in `zone` show `time` on `day`; of two the first, unless the second is asked for.

    Raises ZoneInfoNotFoundError or ValueError for a zone that is none.
    """
    where = ZoneInfo(zone)
    said = dt.datetime.combine(day, time)
    early, late = said.replace(tzinfo=where, fold=0), said.replace(tzinfo=where, fold=1)
    if early.utcoffset() == late.utcoffset():
        return Moment(early)
    if early.astimezone(dt.UTC).astimezone(where).replace(tzinfo=None) != said:
        # Read with the offset before the change, it is as long after the change as was meant after the hour began.
        return Moment(early.astimezone(dt.UTC).astimezone(where), MISSING)
    return Moment(late if second else early, TWICE, second)


@cache
def zones() -> tuple[str, ...]:
    """The zones to choose from: places, and UTC."""
    areas = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(areas)))
