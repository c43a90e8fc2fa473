"""Inputs of the desk: the browser's own pickers of days and times, which know keys, languages, directions and the dark."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class DayInput(forms.DateInput):
    """A day, as `type="date"` wants it (ISO 8601), whatever the language of the page."""

    input_type = "date"

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """A time of the day, to the second, so that saving a row again leaves it as it was."""

    input_type = "time"

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        super().__init__(attrs, format="%H:%M:%S")


class MomentInput(forms.SplitDateTimeWidget):
    """A day and a time beside it."""

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        day = DayInput({"aria-label": _("Day"), **(attrs or {})})
        time = TimeInput({"aria-label": _("Time"), **(attrs or {})})
        forms.MultiWidget.__init__(self, [day, time], attrs)
