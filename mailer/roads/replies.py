"""What a relay's replies, and a connection's errors, come to for the mails they are about."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailer import bounces
from mailer.models import Delivery
from mailer.providers import Answer, Outcome

BounceClass = Delivery.BounceClass
_RELAYING_DENIED = re.compile(
    r"relay\w* (access )?(is )?(denied|not permitted)|not permitted to relay", re.IGNORECASE
)
# What a mail in flight waits a reply for, in this order; TEXT is the 354 of a relay without CHUNKING.
RSET, MAIL, RCPT, TEXT, END, DONE = range(6)
ACCEPTED = Outcome(Answer.ACCEPTED)
CONTRADICTION = Outcome(Answer.UNKNOWN, reason="the relay's replies contradict each other")


class Reply(NamedTuple):
    """A whole reply: its code and its words, an enhanced code included."""

    code: int
    words: str


class RelayError(Exception):
    """The connection is of no more use. `outcome` is what that means for mails that were never sent on it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def refusal(stage: int, reply: Reply) -> Outcome:
    """What a negative reply at this stage says of the mail: refused for good, later, or nobody's mail goes out."""
    code = bounces.code_in(reply.words) or str(reply.code)
    if reply.code < 500:
        return of_temporary(reply)
    if reply.code in (530, 535, 538) or bounces.classify(code) == BounceClass.AUTHENTICATION:
        return locked_out(in_words(reply))
    if stage in (RSET, MAIL) and code != "5.3.4" and reply.code != 552:
        # What is wrong with our own address is wrong for everybody.
        return locked_out(in_words(reply))
    if stage == RCPT and _RELAYING_DENIED.search(reply.words):
        return locked_out(in_words(reply))
    return Outcome(Answer.REFUSED, reason=in_words(reply), code=code)


def of_temporary(reply: Reply) -> Outcome:
    """A reply that is no refusal for good; 421 asks for a minute's silence (RFC 5321 §3.8)."""
    code = bounces.code_in(reply.words) or str(reply.code)
    if reply.code == 421:
        return Outcome(Answer.SLOW_DOWN, reason=in_words(reply), wait=60.0, code=code)
    return Outcome(Answer.LATER, reason=in_words(reply), code=code)


def in_words(reply: Reply) -> str:
    """Code and enhanced code only: relays like to quote the address."""
    enhanced = bounces.code_in(reply.words)
    return f"the relay answered {reply.code}" + (f" {enhanced}" if "." in enhanced else "")


def locked_out(reason: str) -> Outcome:
    """The relay takes mail of nobody of ours: a person must look at the settings."""
    return Outcome(
        Answer.LOCKED_OUT, reason=f"{reason}: check the relay's address, user and password", wait=60.0
    )


def unreached(error: OSError) -> Outcome:
    """No connection came about; nothing was sent."""
    return Outcome(Answer.LATER, reason=f"the relay could not be reached: {type(error).__name__}")


def broken(error: OSError) -> Outcome:
    """An open connection ended; which mails it may have taken is the caller's to say."""
    return Outcome(Answer.LATER, reason=f"the connection to the relay broke: {type(error).__name__}")
