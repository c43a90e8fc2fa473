"""Where a call is refused, held, accepted or spoiled: the same for HTTP and SMTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .events import Events
from .store import Call, Store
from .switches import Switches

AFTER = ("accept_then_close", "accept_then_500", "garbage", "drip")


class HangUpError(Exception):
    """Close the connection without an answer; nothing was accepted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Answer with this status; nothing was accepted."""

    status: int
    retry_after: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """How to spoil the answer to a call that was accepted."""

    name: str
    seconds: float


@dataclass(slots=True)
class Desk:
    """Every call passes `before`, `accept` and `after`, in this order."""

    store: Store
    events: Events
    switches: Switches = field(default_factory=Switches)
    _held: set[asyncio.Future[bool]] = field(default_factory=set)

    @property
    def held(self) -> int:
        """How many calls are being held at the moment."""
        return len(self._held)

    def release(self, *, go_on: bool = True) -> int:
        """End every hold; returns how many. With `go_on` false their connections are closed."""
        held = [future for future in self._held if not future.done()]
        for future in held:
            future.set_result(go_on)
        return len(held)

    async def reset(self) -> None:
        """Switches off, held calls closed, waiting events dropped, log emptied: a fresh sandbox."""
        self.switches.turn_off()
        self.release(go_on=False)
        await self.events.drop()
        self.store.clear()

    async def before(self, recipients: Sequence[str], caller_gone: Callable[[], bool]) -> Refusal | None:
        """The faults that come before accepting. Raises HangUpError.

        A call that was held before it was accepted, and whose caller has gone meanwhile, is not accepted.
        """
        switches = self.switches
        if switches.take("close_before_accept", recipients):
            raise HangUpError
        if switch := switches.take("status", recipients):
            return Refusal(switch.status, switch.retry_after)
        if switch := switches.take("rate", recipients):
            return Refusal(429, switch.retry_after)
        if switch := switches.take("hold_before", recipients):
            await self._hold(switch.seconds)
            if caller_gone():
                raise HangUpError
        return None

    async def accept(self, call: Call) -> None:
        """Write the call to the log, then queue its events. Raises OSError, with nothing accepted."""
        call = replace(call, mails=list(call.mails))
        rejected = self.switches.take_rejections(mail.recipient for mail in call.mails)
        lines = self.store.accept(replace(call, rejected=frozenset(rejected)))
        if not self.switches.any_of_events:
            self.events.schedule(lines)
            return
        for line in lines:
            if switches := self.switches.take_for(line.recipient):
                await self.events.schedule_with(line, switches)
            else:
                self.events.schedule([line])

    async def after(self, recipients: Sequence[str]) -> Fault | None:
        """Hold the answer if told so, then say how to spoil it. Raises HangUpError if a hold is called off."""
        if switch := self.switches.take("hold", recipients):
            await self._hold(switch.seconds)
        for name in AFTER:
            if switch := self.switches.take(name, recipients):
                return Fault(name, 2.0 if switch.seconds is None else switch.seconds)
        return None

    async def _hold(self, seconds: float | None) -> None:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._held.add(future)
        try:
            go_on = await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return
        finally:
            self._held.discard(future)
        if not go_on:
            raise HangUpError
