"""How far a mailing is and when it would be done, in a line that people read."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from mailer.mailings import forecast
from mailer.models import Mailing
from mailer.reporting.counting import Counts


def in_words(mailing: Mailing, counts: Counts) -> str:
    """For example "71% · 21,400 a minute · done at 10:42"; "" for a mailing that is done."""
    if mailing.status == Mailing.Status.PAUSED:
        return _("%(share)s · stands still") % {"share": _done(counts)}
    if mailing.status != Mailing.Status.SENDING:
        return ""
    if counts.settled == counts.audience:
        return _("%(share)s · the last answers are being stored") % {"share": _done(counts)}
    guess = forecast.during(mailing)
    pace = number_format(_rounded(guess.per_second * 60), force_grouping=True)
    parts = [_done(counts), _("%(pace)s a minute") % {"pace": pace}]
    if guess.ends_at is not None:
        local = timezone.localtime(guess.ends_at)
        is_today = local.date() == timezone.localdate()
        when = date_format(local, "H:i T") if is_today else date_format(local, "SHORT_DATETIME_FORMAT")
        parts.append(_("done at about %(when)s") % {"when": when})
    return " · ".join(parts)


def _done(counts: Counts) -> str:
    """In whole hundredths, and never 100 before the last of them."""
    hundred = 100 * counts.settled // counts.audience if counts.audience else 100
    return _("%(number)s%%") % {"number": number_format(hundred)}


def _rounded(pace: float) -> int:
    """A guess is no more exact than two or three figures: 21,437 is "21,400"."""
    size = 10 ** max(0, len(str(int(pace))) - 3)
    return round(pace / size) * size
