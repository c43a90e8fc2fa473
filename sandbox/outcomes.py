"""What becomes of an accepted message, read off the recipient's local part.

`bounce-full@kenya.example`, `bounce-full-2@…`, `bounce-full+tag@…` and `ann+bounce-full@…` all mean the same;
any other address is delivered. The rule depends on the address and the time of acceptance alone, so that the
events API can tell the truth about a message even when no webhook was ever posted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a message. `after` counts units of the sandbox's event delay from the acceptance."""

    event: str
    after: float = 1
    severity: str = ""
    reason: str = ""
    code: int = 0
    enhanced_code: str = ""
    message: str = ""
    log_level: str = "info"

    def __str__(self) -> str:
        """For people: `failed for now (4.2.2)`."""
        for_now = " for now" if self.severity == "temporary" else ""
        return f"{self.event}{for_now} ({self.enhanced_code})" if self.enhanced_code else self.event


def _failed(code: int, enhanced_code: str, text: str, reason: str = "bounce") -> Step:
    return Step(
        "failed", 1, "permanent", reason, code, enhanced_code, f"{enhanced_code} {text}", log_level="error"
    )


ACCEPTED = Step("accepted", 0)
DELIVERED = Step("delivered", 1, code=250, message="OK")
BOUNCED = _failed(550, "5.1.1", "The email account that you tried to reach does not exist")
DEFERRED = Step(
    "failed", 1, "temporary", "generic", 452, "4.2.2", "4.2.2 The mailbox is over quota", log_level="warn"
)
REJECTED = Step("rejected", 1, reason="Not delivering to this address", log_level="warn")

PLANS: dict[str, tuple[Step, ...]] = {
    "bounce-soft": (DEFERRED, Step("delivered", 2, code=250, message="OK")),
    "bounce-full": (_failed(552, "5.2.2", "The mailbox is full"),),
    "bounce": (BOUNCED,),  # and bounce-hard, and whatever else starts with bounce
    "block": (_failed(550, "5.7.1", "Message rejected as spam by policy", reason="generic"),),
    "complain": (DELIVERED, Step("complained", 2, log_level="warn")),
    "open": (DELIVERED, Step("opened", 2)),
    "click": (DELIVERED, Step("opened", 2), Step("clicked", 3)),
    "unsubscribe": (DELIVERED, Step("opened", 2), Step("unsubscribed", 3)),
    "slow": (Step("delivered", 10, code=250, message="OK"),),
    "nonews": (),
    "reject": (REJECTED,),
}
DEFAULT_PLAN = (DELIVERED,)

_SPECIAL = re.compile(
    r"(?:^|\+)(bounce-soft|bounce-full|bounce(?=.*@)|(?:"
    + "|".join(name for name in PLANS if not name.startswith("bounce"))
    + r")(?=[-_+@\d]))"
)


def name_of(recipient: str) -> str:
    """Which plan a recipient's address asks for; empty for an ordinary address."""
    found = _SPECIAL.search(recipient.lower())
    return found[1] if found else ""


def plan_for(recipient: str, *, rejected: bool = False) -> tuple[Step, ...]:
    """The events of a message to this recipient, in order. `rejected`: a switch refuses it after all."""
    if rejected:
        return (REJECTED,)
    return PLANS.get(name_of(recipient), DEFAULT_PLAN)


def happened(
    recipient: str, accepted: float, unit: float, *, rejected: bool = False
) -> Iterator[tuple[Step, float]]:
    """What has happened so far to a message accepted at that time, each with its time (seconds since 1970)."""
    for step in (ACCEPTED, *plan_for(recipient, rejected=rejected)):
        when = accepted + step.after * unit
        if when <= time.time():
            yield step, when


def step_named(event: str) -> Step:
    """The step for an event asked for by name ("delivered", "bounced", "deferred", …). Raises ValueError."""
    named = {"bounced": BOUNCED, "failed": BOUNCED, "deferred": DEFERRED} | {
        step.event: step for plan in PLANS.values() for step in plan if step.event != "failed"
    }
    if event not in named:
        raise ValueError(f"no event is called {event!r}; there are {', '.join(sorted(named))}")
    return named[event]
