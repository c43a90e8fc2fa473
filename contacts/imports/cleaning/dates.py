"""Dates and times as spreadsheets write them. Whether 01/02/2023 is in January is asked, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

# What programs write: Python's own reader knows it, ten times as fast.
_PLAIN = re.compile(r"(?:19|20)\d\d-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d)?\Z", re.ASCII)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(.*)\Z", re.DOTALL)
_PARTED = re.compile(r"(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)(.*)\Z", re.DOTALL)
_WORDS = re.compile(
    r"(?:(\d{1,2})[. -]+([^\W\d_]{3,12})\.?|([^\W\d_]{3,12})\.? (\d{1,2}),?)[ ,-]+(\d{4})(.*)\Z", re.DOTALL
)
_TIME = re.compile(
    r"[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?\s*\Z"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = range(1900, 2101)


class NotADate(ValueError):  # noqa: N818 — the answer to "is it one?"
    """The text is no date."""


class Ambiguous(NotADate):
    """Day and month could be the other way round, and no order was given."""


def moment_of(text: str, order: str = "") -> datetime:
    """The moment a text names; midnight where it has no time, UTC where it has no zone.

    order: "dmy" or "mdy" for dates with the year at the end, "" if nobody said. A date with dots (1.2.2023) is day
    first everywhere it is in use. Raises NotADate, or Ambiguous if only the order is missing.
    """
    trimmed = text.strip()
    if _PLAIN.match(trimmed):
        try:
            return datetime.fromisoformat(trimmed).replace(tzinfo=UTC)
        except ValueError as error:
            raise NotADate from error
    if (found := _ISO.match(trimmed)) is not None:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif (found := _PARTED.match(trimmed)) is not None:
        year, month, day = _in_order(found, order)
    elif (found := _WORDS.match(trimmed)) is not None:
        year, day = int(found[5]), int(found[1] or found[4])
        month = _month_of(found[2] or found[3])
    else:
        raise NotADate
    return _with_time(year, month, day, found[found.lastindex or 0])


def day_of(text: str, order: str = "") -> date:
    """The day a text names. Raises as `moment_of`."""
    return moment_of(text, order).date()


def is_ambiguous(text: str) -> bool:
    """Whether the text is a date that needs to be asked about."""
    try:
        moment_of(text)
    except Ambiguous:
        return True
    except NotADate:
        return False
    return False


def _in_order(found: re.Match[str], order: str) -> tuple[int, int, int]:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if len(found[4]) == 2:
        year += 2000 if year < 70 else 1900
    if found[2] == "." or first > 12:
        order = "dmy"
    elif second > 12:
        order = "mdy"
    elif not order and first != second:
        raise Ambiguous
    return (year, first, second) if order == "mdy" else (year, second, first)


def _month_of(word: str) -> int:
    """English month names; others are seldom met in what programs write."""
    start = word[:3].lower()
    if start not in _MONTHS:
        raise NotADate
    return _MONTHS.index(start) + 1


def _with_time(year: int, month: int, day: int, rest: str) -> datetime:
    hour = minute = second = 0
    zone = ""
    if rest.strip():
        if (found := _TIME.match(rest)) is None:
            raise NotADate
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if found[4]:
            hour = hour % 12 + (12 if found[4][0] in "pP" else 0)
        zone = found[5] or ""
    try:
        if year not in _YEARS:
            raise NotADate
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        if zone[:1] in "+-" and zone:
            moment = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S}{zone[:3]}:{zone[-2:]}").astimezone(
                UTC
            )
    except (ValueError, OverflowError) as error:
        raise NotADate from error
    return moment
