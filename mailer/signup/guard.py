"""What stands between our public forms and a machine that fills them (RELIABILITY §5: A3, A6).

A trap, a shortest time, and budgets per network and for all visitors, which first slow the mail and then ask for a
proof of work. Nothing is dropped in silence: what is not taken is shown again with everything typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from limits import RateLimitItemPerMinute

from accounts import budgets
from mailer.proof_of_work import is_solved
from mailer.visitors import HONEYPOT, MIN_SECONDS, network_of

SOLUTION = "altcha"

PER_NETWORK_SLOW = RateLimitItemPerMinute(20, 10)
PER_NETWORK_CHALLENGE = RateLimitItemPerMinute(60, 10)
# A list named on television is a good day; a hundred a second for ten minutes is not one.
GLOBAL_SLOW = RateLimitItemPerMinute(20_000, 10)
GLOBAL_CHALLENGE = RateLimitItemPerMinute(60_000, 10)
SLOW_MAIL = timedelta(seconds=90)
HASTY = gettext_lazy("Please press the button once more, so that we know you are not a machine.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a form. Not taken: show it again with `message`, and a proof of work if it is `hot`."""

    is_taken: bool
    message: str = ""
    is_hot: bool = False
    delay: timedelta = timedelta(0)


def is_hasty(request: HttpRequest, age: float | None) -> bool:
    """Whether a form was filled faster than people do, or a field in it that they do not see. Counts nothing."""
    return bool(request.POST.get(HONEYPOT)) or (age is not None and age < MIN_SECONDS)


def judge(request: HttpRequest, form: str, age: float | None = None) -> Verdict:
    """What to do with a posted form. Counts it against the budgets of `form`, so ask once for each post.

    age: seconds since the page was opened; None where nobody knows, as for a form on another site.
    """
    if is_hasty(request, age):
        return Verdict(False, str(HASTY))
    network = network_of(request)
    slow = [_within(PER_NETWORK_SLOW, form, "slow", network), _within(GLOBAL_SLOW, form, "slow")]
    fair = [
        _within(PER_NETWORK_CHALLENGE, form, "challenge", network),
        _within(GLOBAL_CHALLENGE, form, "challenge"),
    ]
    if all(fair):
        return Verdict(True, delay=timedelta(0) if all(slow) else SLOW_MAIL)
    if is_solved(request.POST.get(SOLUTION, "")):
        return Verdict(True)
    message = _(
        "Very many forms come in right now. Your browser does a short sum to show it is not a robot; "
        "without JavaScript, please try again in ten minutes."
    )
    return Verdict(False, message, is_hot=True)


def _within(budget: RateLimitItemPerMinute, form: str, *names: str) -> bool:
    return budgets.within(budget, form, *names)
