"""A worker's time with a mailing: chunk after chunk, window after window, along the road of its sender.

Whatever happens to the worker, the rows say how far it came: `chunks` and `windows`. Nothing here is safe only because
it runs once.
"""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, InternalError, OperationalError, connection

from mailer import roads
from mailer.mailings import audience, chunks, freezing, running, stopping, windows
from mailer.mailings.content import NotWritable, Prepared
from mailer.mailings.windows import Answered, Halted, Question, Settled, Window
from mailer.models import Delivery, Mailing, MailingChunk
from mailer.providers import Answer, Outcome
from mailer.roads import Recipient, Road, Turn
from mailer.sending import MAX_LAPSES, RETRY_MINUTES, SETTLE_PAUSES

logger = logging.getLogger(__name__)
Status = Delivery.Status

SLICE = 20.0  # seconds a worker stays with one mailing; others wait behind it, and a shutdown waits for it
PATIENCE = 3.0  # seconds a worker waits for its turn with a chunk in hand; what takes longer is for the chunk's due_at

_NO_ROAD = "the settings of the provider are not complete"


def work(mailing_id: int) -> bool:
    """Work at a mailing for a slice of time: send its chunks, or call off the rest. True if there is more to do.

    Any number of workers may do so at once, any of them may die at any moment.
    """
    mailing = Mailing.objects.select_related("sender").filter(pk=mailing_id).first()
    if mailing is None:
        return False
    if mailing.frozen_at is None:
        return _begin(mailing)
    until = time.monotonic() + SLICE
    with contextlib.ExitStack() as stack:
        road: Road | None = None
        watch = stopping.Watch()
        while time.monotonic() < until:
            chunk = chunks.claim(mailing_id)
            if chunk is None:
                running.finish(mailing_id)
                return False
            road = road or _open_road(mailing, stack)
            if road is None:
                chunks.put_back(chunk)
                stopping.pause(mailing, _NO_ROAD)
                return False
            Shift(chunk, road, until, watch).work()
    return chunks.ready(mailing_id) > 0


def _open_road(mailing: Mailing, stack: contextlib.ExitStack) -> Road | None:
    """The road of the mailing's sender, open until the work ends; None where the settings lead nowhere."""
    if mailing.sender is None:
        return None
    try:
        return stack.enter_context(roads.open_road(mailing.sender))
    except ImproperlyConfigured:
        logger.exception("the road of a sender leads nowhere", extra={"mailing": mailing.pk})
        return None


def _begin(mailing: Mailing) -> bool:
    """A mailing without an audience: have it fixed, or, once it is called off, clear up."""
    if mailing.status == Mailing.Status.SENDING:
        running.wake_freezer(mailing.pk)
    elif mailing.status == Mailing.Status.CANCELLED and freezing.clear(mailing.pk):
        running.finish(mailing.pk)
    return False


class Shift:
    """One worker with one chunk."""

    def __init__(
        self, chunk: MailingChunk, road: Road, until: float, watch: stopping.Watch | None = None
    ) -> None:
        self.chunk = chunk
        self.road = road
        self.until = until
        self.lists = audience.lists_of(chunk.mailing)
        self.watch = watch or stopping.Watch()
        # After a worker has died here windows are narrow for a while, so that in the end one delivery is to blame.
        self.careful = road.window if chunk.lapses else 0

    def work(self) -> None:
        """Send the chunk until it is done, time is over, or nobody may be asked for."""
        chunk = self.chunk
        windows.recover(chunk, self.road.provider)
        if chunk.mailing.status == Mailing.Status.CANCELLED:
            windows.call_off(chunk, running.CALLED_OFF)
            return
        try:
            if chunk.lapses >= MAX_LAPSES:
                windows.fail_next(chunk, self.lists)
                self.careful = 0
            self._send(Prepared(chunk.mailing, chunk.mailing_message))
        except Halted:
            chunks.put_back(chunk)

    def _send(self, mail: Prepared) -> None:
        answered: Answered | None = None
        while True:
            turn = self._turn()
            question = Question(turn.people, self.lists, mail.columns) if turn.people else None
            window = self._step(answered, question)
            answered = None
            if question is None:
                if self._is_over() or turn.wait > PATIENCE:
                    chunks.put_back(self.chunk, _jittered(turn.wait))
                    return
                time.sleep(turn.wait)
                continue
            if window is None:
                chunks.end_pass(self.chunk)
                return
            answered, wait = self._ask(mail, window)
            if wait:
                self._step(answered, None)
                chunks.put_back(self.chunk, _jittered(wait))
                return

    def _turn(self) -> Turn:
        """How many may be asked for now. With nobody: how long to wait; not at all if time is over."""
        if self._is_over():
            return Turn(0)
        people = self.road.window
        if self.careful > 0:
            people = max(people // 10**self.chunk.lapses, 1)
        turn = self.road.turn(people)
        return turn if turn.people else Turn(0, max(turn.wait, 0.05), turn.reason)

    def _is_over(self) -> bool:
        return time.monotonic() > self.until

    def _ask(self, mail: Prepared, window: Window) -> tuple[Answered, float]:
        """Ask for everybody in a window. Also says for how many seconds nobody else may be asked; 0: go on."""
        outcomes = self._outcomes(mail, window.people)
        if self.careful > 0:
            self.careful -= len(window.people)
            if self.careful <= 0:
                chunks.forgive(self.chunk)
        number = outcomes[0].message_id if outcomes and not window.withheld else None
        if number is not None and all(
            one.answer is Answer.ACCEPTED and one.message_id == number for one in outcomes
        ):
            self.watch.saw_success(len(outcomes))
            return Answered(window, self.road.provider, all_sent_as=number), 0.0
        settled = windows.withheld_of(window)
        settled += [_settled(row, one) for row, one in zip(window.people, outcomes, strict=True)]
        if why := self.watch.see(outcomes):
            stopping.pause(self.chunk.mailing, why)
        held = [one.wait or 60.0 for one in outcomes if one.answer in _FOR_ALL]
        return Answered(window, self.road.provider, settled), max(held, default=0.0)

    def _outcomes(self, mail: Prepared, people: Sequence[tuple[Any, ...]]) -> list[Outcome]:
        """One for each; whose mail cannot be written is asked for with nobody."""
        try:
            return self.road.ask(mail.content, [mail.recipient(row) for row in people]) if people else []
        except NotWritable:
            pass
        written: list[tuple[int, Recipient]] = []
        outcomes: list[Outcome | None] = []
        for row in people:
            try:
                written.append((len(outcomes), mail.recipient(row)))
                outcomes.append(None)
            except NotWritable as error:
                reason = f"the mail could not be written: {error}"
                outcomes.append(Outcome(Answer.REFUSED, reason=reason))
        answers = self.road.ask(mail.content, [recipient for _place, recipient in written]) if written else []
        for (place, _recipient), outcome in zip(written, answers, strict=True):
            outcomes[place] = outcome
        return [one for one in outcomes if one is not None]

    def _step(self, answered: Answered | None, question: Question | None) -> Window | None:
        """`windows.step`, also if the database restarts just now; past that the lease makes the window unknown (F3)."""
        for pause in SETTLE_PAUSES:
            try:
                return windows.step(self.chunk, answered, question)
            except (OperationalError, InterfaceError, InternalError):
                logger.warning("a window could not be stored yet", extra={"mailing": self.chunk.mailing_id})
                connection.close()
                time.sleep(pause)
        return windows.step(self.chunk, answered, question)


# Nobody at all may be asked for a while.
_FOR_ALL = frozenset({Answer.SLOW_DOWN, Answer.LOCKED_OUT})


def _settled(row: Sequence[Any], outcome: Outcome) -> Settled:
    """What an answer makes of a delivery; only what was provably not accepted waits for another try."""
    delivery, attempts = row[windows.DELIVERY], row[windows.ATTEMPTS] + 1
    match outcome.answer:
        case Answer.ACCEPTED:
            return Settled(delivery, Status.SENT, message_id=outcome.message_id)
        case Answer.UNKNOWN:
            return Settled(delivery, Status.UNKNOWN, outcome.reason)
        case Answer.LATER | Answer.REFUSED if outcome.answer is Answer.LATER or stopping.is_unwritten(
            outcome
        ):
            if attempts > len(RETRY_MINUTES):
                return Settled(delivery, Status.FAILED, outcome.reason)
            wait = max(outcome.wait or 0.0, RETRY_MINUTES[attempts - 1] * 60.0)
            return Settled(delivery, Status.QUEUED, outcome.reason, wait=_jittered(wait))
        case Answer.REFUSED:
            return Settled(delivery, Status.FAILED, outcome.reason)
        case _:
            # Not asked, or told to wait: that costs no attempt.
            return Settled(
                delivery, Status.QUEUED, outcome.reason, wait=_jittered(outcome.wait or 60.0), attempt=0
            )


def _jittered(wait: float) -> float:
    # What was put back together does not come back together.
    return wait * random.uniform(1.0, 1.25)  # noqa: S311
