"""When the machine itself pauses a mailing, with the reason in words: a person looks, and resumes or calls off.
Twice reported as spam by too many, it is called off.

What a worker sees in the answers (refused authentication, mails that cannot be written) stops it at once; what the
world reports (complaints, dead mailboxes) is looked at by the sweeper. RELIABILITY §3 and F23 name the numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_noop

from mailer import reasons, throttle, unreachable
from mailer.mailings import running
from mailer.models import Delivery, DeliveryEvent, Mailing, MailingAct, MailingChunk, MailingFigure
from mailer.providers import Answer, Outcome

logger = logging.getLogger(__name__)

# Mails that cannot be written: so many in a row, or this share of those a worker has seen.
UNWRITTEN_IN_A_ROW = 5
UNWRITTEN_SHARE = 0.01
UNWRITTEN_SAMPLE = 200  # of fewer, a share says nothing
UNWRITTEN = "the mail could not be written:"

reasons.know(
    gettext_noop("mails could not be written: %(why)s"),
    gettext_noop("the provider does not let us in: %(why)s"),
)


def pause(mailing: Mailing, why: str, detail: dict[str, Any] | None = None) -> bool:
    """Pause a mailing that is being sent; False if it stood still already. Safe to repeat and to run twice at once."""
    try:
        running.pause(mailing, None, why, detail)
    except running.StandsElsewhere:
        return False
    logger.error("a mailing was paused", extra={"mailing": mailing.pk, "why": why})
    return True


def end(mailing: Mailing, why: str) -> bool:
    """Call off a mailing that is being sent; False if it stood still already. Safe to repeat."""
    try:
        running.cancel(mailing, None, why)
    except running.StandsElsewhere:
        return False
    logger.error("a mailing was called off by its limits", extra={"mailing": mailing.pk, "why": why})
    return True


def is_unwritten(outcome: Outcome) -> bool:
    """Whether a mail was refused because we could not write it: a fault of text or data, nobody was asked."""
    return outcome.answer is Answer.REFUSED and outcome.reason.startswith(UNWRITTEN)


class Watch:
    """What one worker sees of the answers while it is with a mailing."""

    def __init__(self) -> None:
        self.seen = 0
        self.unwritten = 0
        self.in_a_row = 0

    def saw_success(self, people: int) -> None:
        self.seen += people
        self.in_a_row = 0

    def see(self, outcomes: Iterable[Outcome]) -> str:
        """Why to pause the mailing after these answers; "" if it may go on."""
        why = ""
        for outcome in outcomes:
            self.seen += 1
            if outcome.answer is Answer.LOCKED_OUT:
                return f"the provider does not let us in: {outcome.reason}"
            if not is_unwritten(outcome):
                self.in_a_row = 0
                continue
            self.unwritten += 1
            self.in_a_row += 1
            if self.in_a_row >= UNWRITTEN_IN_A_ROW or self._is_large_share():
                why = f"mails could not be written: {outcome.reason.removeprefix(UNWRITTEN).strip()}"
        return why

    def _is_large_share(self) -> bool:
        return self.seen >= UNWRITTEN_SAMPLE and self.unwritten >= UNWRITTEN_SHARE * self.seen


# --- what the world reports ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """So many reports at least, and this share of those sent, pause a mailing. Once a person has resumed it, only
    `more` above the share at that time pauses it again: they have seen the figure. From `ends` on it is not paused
    again but called off."""

    name: str
    words: str
    least: int
    share: float
    more: float
    fact: str
    detail: str = ""
    ends: float = 1.0


LIMITS: Sequence[Limit] = (
    Limit(
        "complaints",
        gettext_noop("%(share)s %% of its readers reported it as spam"),
        5,
        0.002,
        0.001,
        DeliveryEvent.Type.COMPLAINED,
        ends=0.003,  # what large providers never accept (RELIABILITY §3)
    ),
    Limit(
        "hard bounces",
        gettext_noop("%(share)s %% of its addresses do not exist"),
        20,
        0.05,
        0.01,
        DeliveryEvent.Type.BOUNCED,
        Delivery.BounceClass.HARD,
    ),
    Limit(
        "authentication",
        gettext_noop("receiving servers refuse our authentication"),
        5,
        0.0,
        0.01,
        DeliveryEvent.Type.BOUNCED,
        Delivery.BounceClass.AUTHENTICATION,
    ),
    Limit(
        "message",
        gettext_noop("receiving servers refuse the message itself"),
        20,
        0.05,
        0.01,
        DeliveryEvent.Type.BOUNCED,
        Delivery.BounceClass.MESSAGE,
    ),
)
BLOCKED = gettext_noop("%(domain)s refuses %(share)s %% of its mails as unwanted")
reasons.know(*(limit.words for limit in LIMITS), BLOCKED)
# Who refuses is looked for this often: it counts the mailing through.
BLOCKED_SECONDS = 60


def sweep() -> int:
    """Pause every mailing being sent of which too much is reported. Returns how many."""
    running_ones = Mailing.objects.filter(status=Mailing.Status.SENDING, frozen_at__isnull=False)
    return sum(check(mailing) for mailing in running_ones)


def check(mailing: Mailing) -> bool:
    """Pause a mailing if its reports demand it."""
    sent: int = MailingChunk.objects.filter(mailing=mailing).aggregate(sent=Sum("sent", default=0))["sent"]
    if not sent:
        return False
    figures: dict[tuple[str, str], int] = {
        (fact, detail): count
        for fact, detail, count in MailingFigure.objects.filter(mailing=mailing)
        .values_list("fact", "detail")
        .annotate(count=Sum("count"))
    }
    for limit in LIMITS:
        count = sum(
            number
            for (fact, detail), number in figures.items()
            if fact == limit.fact and (not limit.detail or detail == limit.detail)
        )
        share = count / sent
        last = _when_paused(mailing, limit.name)
        if count >= limit.least and share >= _allowed(last, limit.share, limit.more):
            words = limit.words % {"share": f"{share * 100:.1f}"} if "%(" in limit.words else limit.words
            if last is not None and share >= limit.ends:
                return end(mailing, words)
            return pause(mailing, words, {"limit": limit.name, "share": share})
    blocked = figures.get((DeliveryEvent.Type.BOUNCED, Delivery.BounceClass.BLOCK), 0)
    return blocked >= unreachable.LEAST_BLOCKED and _is_blocked(mailing)


def _is_blocked(mailing: Mailing) -> bool:
    """Pause a mailing of which a receiving domain refuses too much for policy or content: going on makes it worse."""
    if not throttle.first_within(f"blocked:{mailing.pk}", BLOCKED_SECONDS):
        return False
    for found in unreachable.blocked_domains(mailing):
        name = f"blocked by {found.domain}"
        if found.share >= _allowed(_when_paused(mailing, name), unreachable.BLOCKED_SHARE, 0.01):
            words = BLOCKED % {"domain": found.domain, "share": f"{found.share * 100:.1f}"}
            return pause(mailing, words, {"limit": name, "share": found.share})
    return False


def _when_paused(mailing: Mailing, name: str) -> float | None:
    """The share at which the mailing was last paused for this limit; None if it never was."""
    last = (
        MailingAct.objects.filter(mailing=mailing, what=MailingAct.What.PAUSED, detail__limit=name)
        .order_by("-at", "-pk")
        .first()
    )
    return None if last is None else float(last.detail["share"])


def _allowed(last: float | None, share: float, more: float) -> float:
    """The share from which a limit applies: `more` above what it was when the mailing was last paused for it."""
    return share if last is None else max(share, last + more)
