"""Which PostgreSQL and Valkey a command uses, and the environment variables that say so."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .errors import EmbeddedError
from .postgres import start_postgres
from .server import Server
from .state import State, checkout_state
from .valkey import start_valkey

START_TIMEOUT = 90.0  # seconds another command may take to start the servers we want to use


@contextmanager
def services(prepare: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Have DATABASE_URL and REDIS_URL in the environment while the block runs.

    Either one that is set stays and replaces its own server only. Else the running servers of this checkout
    are used; if none run, they are started and end with the block. `prepare` runs when an embedded database
    has been started, before other commands get to see it. Raises EmbeddedError.
    """
    if all_set():
        yield
        return
    state = checkout_state()
    while True:
        with state.lock(f"`{' '.join(sys.argv)}`") as ours:
            if ours:
                with signals_end_the_block(), own_services(state) as started:
                    addresses = {variable: server.url for variable, server in started.items()}
                    os.environ.update(addresses)
                    if "DATABASE_URL" in addresses:
                        prepare()
                    state.publish(addresses)
                    yield
                    state.wait_for_users()
                return
        with state.in_use():
            running = _addresses_of_owner(state)
            if running is not None:
                for variable, value in running.items():
                    os.environ.setdefault(variable, value)
                _require_all_set(state)
                yield
                return


def _require_all_set(state: State) -> None:
    for variable in ("DATABASE_URL", "REDIS_URL"):
        if not os.environ.get(variable):
            raise EmbeddedError(
                f"The command that runs here, {state.owner()}, was given a {variable} of its own.\n"
                f"Give this one a {variable} too, or wait for that one to end."
            )


def all_set() -> bool:
    """Whether somebody brought both servers."""
    return bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


@contextmanager
def own_services(state: State, *, durable: bool = True) -> Iterator[dict[str, Server]]:
    """Start the servers whose variable is not set and stop them, in reverse, after the block.

    Gives them by the variable's name. The caller must hold the folder's lock, or have made the folder.
    """
    started: dict[str, Server] = {}
    try:
        for variable, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_valkey)):
            if not os.environ.get(variable):
                started[variable] = start(state, durable=durable)
        yield started
    finally:
        for server in reversed(started.values()):
            server.stop()


@contextmanager
def signals_end_the_block() -> Iterator[None]:
    """Turn a SIGTERM or SIGHUP inside the block into an exit, so that what must be stopped is stopped."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _addresses_of_owner(state: State) -> dict[str, str] | None:
    """The addresses the lock's owner publishes once its servers answer; None if the owner has gone."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        addresses = state.published()
        if addresses is not None:
            return addresses
        if not state.is_locked():
            return None
        time.sleep(0.05)
    raise EmbeddedError(
        f"The embedded servers are held by {state.owner()}, which does not get them to answer."
    )
