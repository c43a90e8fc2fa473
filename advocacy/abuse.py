"""What stands between the public form and a machine that fills it (RELIABILITY §5: A3, A6, A10).

No puzzle, no cookie, no third party. A signed form token says when a form was opened, and one filling of it is
taken once; budgets per network and for the whole service slow the mail, then ask for a proof of work, which a
browser does unseen. Without JavaScript the letters wait for a person instead. Nothing is ever dropped in silence.
The budgets themselves stand in accounts, the proof of work and the marks of a visitor in mailer: others need them as well.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _
from limits import RateLimitItem, RateLimitItemPerMinute

from accounts import budgets
from advocacy.models import Campaign
from mailer.proof_of_work import is_solved
from mailer.visitors import HONEYPOT, MIN_SECONDS, network_of

# The hidden fields of the proof of work, and of a browser that cannot do one (`<noscript>`).
SOLUTION = "altcha"
WITHOUT_SCRIPT = "without_script"

FORM_AGE = timedelta(days=2)
_SALT = "advocacy.abuse.form"

PER_NETWORK_SLOW = RateLimitItemPerMinute(20, 10)
PER_NETWORK_CHALLENGE = RateLimitItemPerMinute(60, 10)
PER_NETWORK_UNPROVEN = RateLimitItemPerMinute(30, 60)
# 10,000 supporters in a minute are a good day and must get through (F21).
GLOBAL_SLOW = RateLimitItemPerMinute(40_000, 10)
GLOBAL_CHALLENGE = RateLimitItemPerMinute(80_000, 10)
GLOBAL_UNPROVEN = RateLimitItemPerMinute(2_000, 60)
# A class or an office behind one address reads many pages; a machine that copies the lists reads thousands.
PER_NETWORK_LOOKUPS = RateLimitItemPerMinute(600, 10)
SLOW_MAIL = timedelta(seconds=90)


class BadForm(Exception):  # noqa: N818 - it is what the page says, not an error of ours
    """A form token that is not ours, or too old."""


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What the form's token tells: `form_key` makes a submission happen once, `age` is in seconds."""

    form_key: str
    age: float
    campaign_id: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a form.

    ok: take it. slow: take it, send its mail after `delay`. challenge: show the form again with `message` and a
    proof of work. hold: take it, and let a person look at its letters because of `reason`.
    """

    state: str
    message: str = ""
    reason: str = ""
    delay: timedelta = timedelta(0)

    @property
    def is_taken(self) -> bool:
        return self.state != "challenge"


# --- the form ---------------------------------------------------------------------------------------------------


def new_form(campaign: Campaign) -> str:
    """A token for the form: signed, with the time, without a cookie. One filling of it is taken once (`Writing.key`)."""
    facts = {"c": campaign.pk, "k": secrets.token_urlsafe(16), "t": time.time()}
    return signing.dumps(facts, salt=_SALT)


def read_form(token: str) -> FormFacts:
    """What a form's token tells. Raises BadForm for one that is forged, foreign or older than two days."""
    if len(token) > 500:
        raise BadForm
    try:
        found = signing.loads(token, salt=_SALT, max_age=FORM_AGE)
    except signing.BadSignature as error:
        raise BadForm from error
    return FormFacts(form_key=found["k"], age=max(0.0, time.time() - found["t"]), campaign_id=found["c"])


# --- the verdict --------------------------------------------------------------------------------------------------


def judge(request: HttpRequest, form: FormFacts) -> Verdict:
    """What to do with a posted form. Counts it against the budgets, so ask once for each post."""
    network = network_of(request)
    if request.POST.get(HONEYPOT):
        return Verdict("hold", reason="a field that people do not see was filled in")
    if form.age < MIN_SECONDS:
        return Verdict("hold", reason=f"the form was filled in within {MIN_SECONDS:.0f} seconds")
    heat = _heat(network)
    if heat == "cool":
        return Verdict("ok")
    if heat == "warm":
        return Verdict("slow", delay=SLOW_MAIL)
    if is_solved(request.POST.get(SOLUTION, "")):
        return Verdict("ok")
    if request.POST.get(WITHOUT_SCRIPT):
        return _without_script(network)
    return Verdict(
        "challenge",
        message=_(
            "Very many letters come in right now. Your browser does a short sum to show it is not a robot."
        ),
    )


def _without_script(network: str) -> Verdict:
    if _within(PER_NETWORK_UNPROVEN, "unproven", network) and _within(GLOBAL_UNPROVEN, "unproven"):
        return Verdict("hold", reason="sent while very many letters came in, without a proof of work")
    return Verdict(
        "challenge", message=_("Very many letters come in right now. Please try again in a few minutes.")
    )


def _heat(network: str) -> str:
    """`cool`, `warm` or `hot`: how much of the budgets is spent, this post included."""
    slow = [_within(PER_NETWORK_SLOW, "slow", network), _within(GLOBAL_SLOW, "slow")]
    fair = [_within(PER_NETWORK_CHALLENGE, "challenge", network), _within(GLOBAL_CHALLENGE, "challenge")]
    if not all(fair):
        return "hot"
    return "cool" if all(slow) else "warm"


def may_look_up(request: HttpRequest) -> bool:
    """Whether this network may search the representatives once more now (A9). Counts the search."""
    return _within(PER_NETWORK_LOOKUPS, "lookups", network_of(request))


def _within(budget: RateLimitItem, *names: str) -> bool:
    return budgets.within(budget, "advocacy", *names)
