"""Where a mailing stands, in words."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from mailer import reasons
from mailer.models import Mailing

_TONES = {
    Mailing.Status.DRAFT: "",
    Mailing.Status.SCHEDULED: "wait",
    Mailing.Status.SENDING: "wait",
    Mailing.Status.PAUSED: "warn",
    Mailing.Status.CANCELLED: "bad",
    Mailing.Status.SENT: "good",
}


def standing(mailing: Mailing) -> tuple[str, str]:
    """The tone and the sentence of where `mailing` stands."""
    return tone(mailing), _sentence(mailing)


def tone(mailing: Mailing) -> str:
    return _TONES[Mailing.Status(mailing.status)]


def _sentence(mailing: Mailing) -> str:
    status = mailing.status
    if status == Mailing.Status.SCHEDULED and mailing.starts_at:
        return _("Starts on %(when)s") % {"when": when(mailing, mailing.starts_at)}
    if status == Mailing.Status.SENDING and mailing.frozen_at is None:
        return _("The audience is being fixed")
    if status == Mailing.Status.SENDING:
        return _("Being sent")
    if status == Mailing.Status.PAUSED and mailing.paused_because:
        return _("Paused: %(why)s") % {"why": reasons.in_words(mailing.paused_because)}
    if status == Mailing.Status.PAUSED:
        return _("Paused")
    if status == Mailing.Status.CANCELLED:
        return _("Called off")
    if status == Mailing.Status.SENT and mailing.finished_at:
        return _("Sent on %(when)s") % {"when": when(mailing, mailing.finished_at)}
    return _("Sent") if status == Mailing.Status.SENT else _("Draft")


def when(mailing: Mailing, moment: dt.datetime) -> str:
    """A moment in the mailing's own time zone, which is named."""
    return at(timezone.localtime(moment, ZoneInfo(mailing.time_zone)), mailing.time_zone)


def at(local: dt.datetime, zone: str) -> str:
    """A moment as clocks in `zone` show it."""
    day, time = date_format(local, "DATE_FORMAT"), date_format(local, "TIME_FORMAT")
    return _("%(day)s, %(time)s (%(zone)s)") % {"day": day, "time": time, "zone": zone.replace("_", " ")}


def duration(seconds: float | None) -> str:
    """How long something takes, in the unit a person would say it in; "" where nobody knows."""
    if seconds is None:
        return ""
    for size, most, said in _UNITS:
        if seconds < most:
            count = max(1, round(seconds / size))
            return str(said % {"count": count})
    raise AssertionError("the last unit has no end")


_UNITS: list[tuple[int, float, Any]] = [
    (1, 90, ngettext_lazy("about %(count)d second", "about %(count)d seconds", "count")),
    (60, 90 * 60, ngettext_lazy("about %(count)d minute", "about %(count)d minutes", "count")),
    (3_600, 36 * 3_600, ngettext_lazy("about %(count)d hour", "about %(count)d hours", "count")),
    (86_400, float("inf"), ngettext_lazy("about %(count)d day", "about %(count)d days", "count")),
]
