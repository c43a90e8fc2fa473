"""A day and a time in a zone, also where the clocks skip or repeat it (F29)."""

from __future__ import annotations

import datetime as dt

import pytest

from mailer.mailings.moments import MISSING, TWICE, moment, zones


def at(day: str, time: str, zone: str, **options):
    return moment(dt.date.fromisoformat(day), dt.time.fromisoformat(time), zone, **options)


@pytest.mark.parametrize(
    ("day", "time", "zone", "utc", "oddity"),
    [
        ("2026-07-06", "10:30", "Europe/Berlin", "2026-07-06T08:30", ""),
        ("2026-12-06", "10:30", "Europe/Berlin", "2026-12-06T09:30", ""),
        ("2026-12-06", "10:30", "UTC", "2026-12-06T10:30", ""),
        ("2026-12-06", "00:15", "Asia/Kathmandu", "2026-12-05T18:30", ""),
        ("2026-03-29", "01:59", "Europe/Berlin", "2026-03-29T00:59", ""),
        ("2026-03-29", "02:00", "Europe/Berlin", "2026-03-29T01:00", MISSING),
        ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:30", MISSING),
        ("2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00", ""),
        ("2026-10-25", "01:59", "Europe/Berlin", "2026-10-24T23:59", ""),
        ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30", TWICE),
        ("2026-10-25", "03:00", "Europe/Berlin", "2026-10-25T02:00", ""),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45", MISSING),  # half an hour only
        ("2026-04-05", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45", TWICE),
        ("2026-03-08", "02:30", "America/New_York", "2026-03-08T07:30", MISSING),
    ],
)
def test_the_moment_in_utc_and_what_is_odd_about_it(day, time, zone, utc, oddity):
    found = at(day, time, zone)
    assert (found.at.strftime("%Y-%m-%dT%H:%M"), found.oddity) == (utc, oddity)


def test_of_the_hour_that_comes_twice_the_second_can_be_meant():
    first, second = (at("2026-10-25", "02:30", "Europe/Berlin", second=second) for second in (False, True))
    assert second.at - first.at == dt.timedelta(hours=1)
    assert (first.offset, second.offset) == ("UTC+02:00", "UTC+01:00")


def test_a_time_that_does_not_exist_is_shown_as_the_one_it_becomes():
    assert at("2026-03-29", "02:30", "Europe/Berlin").local.strftime("%H:%M") == "03:30"


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", "UTC+00:00"), ("Asia/Kathmandu", "UTC+05:45"), ("America/St_Johns", "UTC-03:30")],
)
def test_the_offset_is_written_as_people_know_it(zone, offset):
    assert at("2026-12-06", "12:00", zone).offset == offset


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "europe/berlin\0"])
def test_a_zone_that_is_none_is_refused(zone):
    with pytest.raises((ValueError, KeyError, OSError)):
        at("2026-12-06", "12:00", zone)


def test_the_zones_offered_are_places_and_utc():
    assert zones()[0] == "UTC"
    assert "Europe/Berlin" in zones()
    assert not [name for name in zones() if name.startswith(("Etc/", "US/", "posix"))]
