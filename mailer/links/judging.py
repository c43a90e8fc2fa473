"""Whether a person or a machine followed a link, and why we think so. Pure: the hits of one mail in, verdicts out.

Mail gateways fetch every link before a mail is shown, and some later too; 10 to 30 of 100 clicks in business mail are
theirs (RELIABILITY §3). No sign is certain, so there are three words, and each comes with its reason. Rules are asked in
the order of `_RULES`, the first that speaks decides. All hits of a mail are judged together and anew each time one more
comes, so a verdict is a function of the set of hits: a machine that shows itself at its third link takes the first two
with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from mailer.links import agents
from mailer.models import Hit

Verdict = Hit.Verdict

TOO_SOON = timedelta(seconds=10)  # after the mail was in the mailbox; nobody opens, reads and clicks faster
SOON = timedelta(minutes=1)
BURST = timedelta(seconds=10)
MANY_LINKS = 3  # different links within one burst
NEAR_THE_TRAP = timedelta(minutes=10)

# The reasons of a person's hit; a delivery reported later may show that it came too soon.
BY_TIME = ("picture", "undated", "soon", "click")

WORDS: dict[str, Any] = {
    "trap": _("it followed a link that people cannot see"),
    "scanner": _("it calls itself a scanner or a preview"),
    "no_browser": _("it is no program that people read mail with"),
    "scanner_network": _("it comes from a network of mail scanners"),
    "burst": _("it followed several links within ten seconds"),
    "too_soon": _("it came within ten seconds of the delivery"),
    "apple_proxy": _("Apple loads all pictures by itself, read or not"),
    "picture": _("the pictures were loaded; a program may have done it by itself"),
    "soon": _("it came within a minute of the delivery"),
    "undated": _("we do not know when the mail arrived"),
    "click": _("one link, followed with a browser, well after the delivery"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came. link: the row of the link, None for the trap and the pixel."""

    kind: str
    link: int | None
    at: datetime
    agent: str
    network: str

    @property
    def is_trap(self) -> bool:
        return self.kind == Hit.Kind.CLICK and self.link is None


@dataclass(frozen=True, slots=True)
class Mail:
    """What is known of the mail that was hit: when it arrived, if anybody said so, and all requests for it."""

    arrived: datetime | None
    seen: Sequence[Seen]


Judgement = tuple[Verdict, str]
Rule = Callable[[Seen, Mail], bool]


def judge(mail: Mail) -> list[Judgement]:
    """A verdict and the word of its reason (`WORDS`) for each request, in order."""
    return [_judge(seen, mail) for seen in mail.seen]


def _judge(seen: Seen, mail: Mail) -> Judgement:
    return next((verdict, reason) for verdict, reason, applies in _RULES if applies(seen, mail))


def _near_a_trap(seen: Seen, mail: Mail) -> bool:
    return any(
        other.is_trap
        and abs(other.at - seen.at) <= NEAR_THE_TRAP
        and (
            other is seen
            or (other.agent, other.network) == (seen.agent, seen.network)
            or _at_once(other, seen)
        )
        for other in mail.seen
    )


def _in_a_burst(seen: Seen, mail: Mail) -> bool:
    """Among clicks on many different links within ten seconds: each stretch of time in which this one falls is asked."""
    if seen.kind != Hit.Kind.CLICK:
        return False
    clicks = [one for one in mail.seen if one.kind == Hit.Kind.CLICK and _at_once(one, seen)]
    return any(
        len({one.link for one in clicks if first.at <= one.at <= first.at + BURST}) >= MANY_LINKS
        for first in clicks
        if first.at <= seen.at <= first.at + BURST
    )


def _at_once(one: Seen, other: Seen) -> bool:
    return abs(one.at - other.at) <= BURST


def _within(span: timedelta) -> Rule:
    def applies(seen: Seen, mail: Mail) -> bool:
        return mail.arrived is not None and seen.at < mail.arrived + span

    return applies


def _is_open(seen: Seen, mail: Mail) -> bool:
    return seen.kind == Hit.Kind.OPEN


def _by_no_program_of_people(seen: Seen, mail: Mail) -> bool:
    """Links are followed with browsers. Pictures are loaded by mail programs and their providers, under many names."""
    return agents.is_library(seen.agent) or (not _is_open(seen, mail) and not agents.is_browser(seen.agent))


_RULES: Sequence[tuple[Verdict, str, Rule]] = [
    (Verdict.MACHINE, "trap", _near_a_trap),
    (
        Verdict.MACHINE,
        "apple_proxy",
        lambda seen, mail: _is_open(seen, mail) and seen.agent == agents.APPLE_PROXY,
    ),
    (Verdict.MACHINE, "scanner", lambda seen, mail: agents.is_scanner(seen.agent)),
    (Verdict.MACHINE, "scanner_network", lambda seen, mail: agents.is_scanner_network(seen.network)),
    (Verdict.MACHINE, "no_browser", _by_no_program_of_people),
    (Verdict.MACHINE, "burst", _in_a_burst),
    (Verdict.MACHINE, "too_soon", _within(TOO_SOON)),
    (Verdict.PROBABLE, "picture", _is_open),
    (Verdict.PROBABLE, "undated", lambda seen, mail: mail.arrived is None),
    (Verdict.PROBABLE, "soon", _within(SOON)),
    (Verdict.HUMAN, "click", lambda seen, mail: True),
]
