"""Faults on request: what the sandbox is told to do wrong, for whom, and how often."""

from __future__ import annotations

import fnmatch
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NAMES: dict[str, str] = {
    "hold": "accept into the log, then hold the answer for some seconds, or until released",
    "hold_before": "hold the call for some seconds, or until released, before accepting it",
    "close_before_accept": "close the connection, accept nothing",
    "status": "answer with a status (and Retry-After), accept nothing",
    "rate": "answer 429 above so many calls a second (and Retry-After), accept nothing",
    "defer": "over SMTP, answer 451 to a recipient, as greylisting does",
    "reject": "accept the call, but reject the first few matching recipients (count) of it by an event",
    "accept_then_close": "accept, then close the connection without an answer",
    "accept_then_500": "accept, then answer 500",
    "garbage": "accept, then answer 200 with broken JSON",
    "drip": "accept, then send the answer byte by byte over some seconds",
    "events_off": "what happens to the message is not posted",
    "events_early": "post the events before answering the call",
    "events_doubled": "post each event twice",
    "events_shuffled": "post the events in random order, spread over some seconds",
    "events_delayed": "post the events some seconds later",
    "events_bad_signature": "post the events with a wrong signature",
}


class SwitchError(ValueError):
    """A switch that does not exist, or an option it cannot take."""


@dataclass(slots=True)
class Switch:
    """One fault. `times` is how often it still acts (calls, or recipients for the switches of recipients)."""

    name: str
    recipient: str = "*"
    times: int | None = None
    seconds: float | None = None
    status: int = 503
    retry_after: int | None = None
    count: int = 1
    per_second: float = 1
    seen: deque[float] = field(default_factory=deque, repr=False)

    def matches(self, recipient: str) -> bool:
        return self.recipient == "*" or fnmatch.fnmatchcase(recipient.lower(), self.recipient.lower())

    def over_rate(self, now: float) -> bool:
        """Count one call; True if it is one too many in the second that ends `now`."""
        while self.seen and self.seen[0] <= now - 1:
            self.seen.popleft()
        if len(self.seen) >= self.per_second:
            return True
        self.seen.append(now)
        return False

    def public(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "seen"}


class Switches:
    """The switches that are on. Several with the same name may stand for different recipients."""

    def __init__(self) -> None:
        self._on: list[Switch] = []

    def __iter__(self) -> Iterator[Switch]:
        return iter(list(self._on))

    def turn_on(self, options: Mapping[str, Any]) -> Switch:
        """Add a switch, in place of one with the same name and recipients. Raises SwitchError."""
        switch = _read(options)
        self.turn_off(switch.name, switch.recipient)
        self._on.append(switch)
        return switch

    def turn_off(self, name: str | None = None, recipient: str | None = None) -> None:
        """Remove switches by name and recipient pattern; None stands for all."""
        self._on = [
            switch
            for switch in self._on
            if (name is not None and switch.name != name)
            or (recipient is not None and switch.recipient != recipient)
        ]

    def take(self, name: str, recipients: Iterable[str]) -> Switch | None:
        """The switch that applies to a call to these recipients, used once; None if there is none."""
        for switch in self._on:
            if switch.name == name and any(switch.matches(recipient) for recipient in recipients):
                if name == "rate" and not switch.over_rate(time.monotonic()):
                    return None
                self._use(switch)
                return switch
        return None

    def take_for(self, recipient: str) -> dict[str, Switch]:
        """The events switches that apply to one recipient, each used once, by name."""
        found: dict[str, Switch] = {}
        for switch in list(self._on):
            if switch.name.startswith("events_") and switch.name not in found and switch.matches(recipient):
                self._use(switch)
                found[switch.name] = switch
        return found

    def take_rejections(self, recipients: Iterable[str]) -> set[str]:
        """The recipients of one call that the `reject` switches refuse."""
        rejected: set[str] = set()
        recipients = list(recipients)
        for switch in [switch for switch in self._on if switch.name == "reject"]:
            victims = [recipient for recipient in recipients if switch.matches(recipient)][: switch.count]
            if switch.times is not None:
                victims = victims[: switch.times]
            for _ in victims:
                self._use(switch)
            rejected.update(victims)
        return rejected

    @property
    def any_of_events(self) -> bool:
        return any(switch.name.startswith("events_") for switch in self._on)

    def _use(self, switch: Switch) -> None:
        if switch.times is not None:
            switch.times -= 1
            if switch.times <= 0:
                self._on.remove(switch)


_NUMBERS: dict[str, tuple[type, float, float]] = {
    "times": (int, 1, 10**9),
    "seconds": (float, 0, 86_400),
    "status": (int, 400, 599),
    "retry_after": (int, 0, 86_400),
    "count": (int, 1, 10**6),
    "per_second": (float, 0, 10**6),
}


def _read(options: Mapping[str, Any]) -> Switch:
    name = options.get("name")
    if name not in NAMES:
        raise SwitchError(f"no switch is called {name!r}; there are {', '.join(NAMES)}")
    switch = Switch(name)
    for key, value in options.items():
        if key == "name" or value is None or value == "":
            continue
        if key == "recipient" and isinstance(value, str):
            switch.recipient = value.strip()
        elif key in _NUMBERS:
            setattr(switch, key, _number(key, value))
        else:
            raise SwitchError(f"{key!r} is no option of a switch; there are recipient, {', '.join(_NUMBERS)}")
    return switch


def _number(key: str, value: Any) -> float:
    kind, low, high = _NUMBERS[key]
    try:
        number = kind(value)
    except (TypeError, ValueError):
        raise SwitchError(f"{key} must be a number, not {value!r}") from None
    if not low <= number <= high:
        raise SwitchError(f"{key} must be between {low:g} and {high:g}, not {value!r}")
    return float(number) if kind is float else number
