"""Run several programs as one: start them, show their output, stop them in order, leave nothing behind."""

import importlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, cast

from .errors import EmbeddedError
from .fork import ForkedProcess, fork_module, get_titles_ready
from .processes import start
from .server import Server
from .state import State

GRACE = 30.0  # seconds the work in hand may take after the first Ctrl-C
TICK = 0.1  # seconds between two looks at what sends no output


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Somebody wants us to end."""


class StopSignals:
    """Ctrl-C, SIGTERM and SIGHUP, counted while the block runs: ask, insist, and then break off anything.

    With `parent`, a parent other than that one counts as a first signal: `make` was killed.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._count = 0
        self._parent = parent

    def __enter__(self) -> "StopSignals":
        self._before = {
            number: signal.signal(number, self._hear)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 2:
            raise KeyboardInterrupt

    @property
    def asked(self) -> bool:
        return self._count > 0 or (self._parent is not None and os.getppid() != self._parent)

    @property
    def insisted(self) -> bool:
        return self._count > 1


@dataclass
class Child:
    """One program under the supervisor."""

    name: str
    process: subprocess.Popen[bytes] | ForkedProcess
    ends: bool = False
    stop_last: bool = False
    is_ready: bool = False
    ready_line: str | None = None
    ready_when: Callable[[], bool] | None = None
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=15))
    unfinished_line: bytes = b""

    @property
    def output(self) -> IO[bytes]:
        return cast("IO[bytes]", self.process.stdout)


class Supervisor:
    """The programs of one run. All of them have ended when the block has.

    It works in one thread: for the kernel the parent of a child is a thread (see `processes.start`).
    """

    def __init__(
        self,
        state: State,
        signals: StopSignals,
        environment: Mapping[str, str],
        servers: Sequence[Server] = (),
    ) -> None:
        self._state = state
        self._signals = signals
        self._environment = environment
        self._servers = servers
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._preloaded = False

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *error: object) -> None:
        self._stop([child for child in self._children if not child.stop_last])
        self._stop([child for child in self._children if child.stop_last])
        self._selector.close()

    def preload(self, module: str) -> None:
        """Import a module with what several programs need, so that they can start as copies of us.

        Raises EmbeddedError if it cannot be imported. macOS may kill a copy of a process that has used its
        libraries: there nothing is done, and the programs load by themselves.
        """
        if sys.platform == "darwin":
            return
        get_titles_ready()
        os.environ.update(self._environment)
        try:
            importlib.import_module(module)
        except Exception as error:
            raise EmbeddedError(f"The service cannot be loaded.\n{traceback.format_exc()}") from error
        self._preloaded = True

    def start(
        self,
        name: str,
        *arguments: str,
        ready_line: str | None = None,
        ready_when: Callable[[], bool] | None = None,
        ends: bool = False,
        stop_last: bool = False,
        preloaded: bool = False,
    ) -> None:
        """Start a Python program (`-m module …`).

        It is ready when a line of its output matches `ready_line` or `ready_when()` says so; one that `ends`,
        when it has done so without error. One that is to `stop_last` is asked to when the others have ended.
        One that is `preloaded` starts as a copy of this process, if `preload` has been called.
        """
        process: subprocess.Popen[bytes] | ForkedProcess
        if self._preloaded and preloaded:
            process = fork_module(arguments[1], arguments[2:])
        else:
            process = start(
                [sys.executable, *arguments], output=subprocess.PIPE, environment=self._environment
            )
        self._state.remember(process.pid, signal.SIGTERM)
        child = Child(name, process, ends, stop_last, ready_line=ready_line, ready_when=ready_when)
        self._children.append(child)
        os.set_blocking(child.output.fileno(), False)
        self._selector.register(child.output, selectors.EVENT_READ, child)

    def wait_until_ready(self, patience: float) -> None:
        """Return when every program is ready. Raises Stopped, or EmbeddedError if one fails to be."""
        deadline = time.monotonic() + patience
        while waiting := [child for child in self._children if not child.is_ready]:
            if time.monotonic() > deadline:
                names = ", ".join(child.name for child in waiting)
                raise EmbeddedError(f"Not ready after {patience:.0f} seconds: {names}.")
            self._look()
            for child in waiting:
                child.is_ready |= bool(child.ready_when and child.ready_when())
            self._raise_if_asked()
            self._raise_if_ended()

    def watch(self) -> None:
        """Show output until somebody asks us to stop (Stopped) or a program ends (EmbeddedError)."""
        while True:
            self._look()
            self._raise_if_asked()
            self._raise_if_ended()

    def _stop(self, children: list[Child]) -> None:
        """Ask the programs to finish their work in hand and end; kill them after GRACE or a second Ctrl-C."""
        running = [child for child in children if not self._has_ended(child)]
        for child in running:
            child.process.terminate()
        deadline = time.monotonic() + GRACE
        while running := [child for child in running if not self._has_ended(child)]:
            if self._signals.insisted or time.monotonic() > deadline:
                for child in running:
                    _kill_group(child.process.pid)
            self._look()

    def _raise_if_asked(self) -> None:
        if self._signals.asked:
            raise Stopped

    def _raise_if_ended(self) -> None:
        for child in [child for child in self._children if self._has_ended(child)]:
            if not child.ends or child.process.returncode:
                raise EmbeddedError(self._obituary(child))
            self._children.remove(child)
        for server in self._servers:
            if server.process.poll() is not None:
                raise server.ended()

    def _has_ended(self, child: Child) -> bool:
        """Whether the program has ended; what it started goes with it."""
        if child.process.returncode is not None:
            return True
        # WNOWAIT: until it is reaped, its number cannot become another group's.
        if os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        _kill_group(child.process.pid)
        child.process.wait()
        self._read(child)
        if child.output in self._selector.get_map():
            self._selector.unregister(child.output)
        child.output.close()
        return True

    def _look(self) -> None:
        for key, _ in self._selector.select(TICK):
            self._read(key.data)

    def _read(self, child: Child) -> None:
        """Show what the program has written, line by line."""
        while True:
            try:
                data = os.read(child.output.fileno(), 65_536)
            except BlockingIOError:
                return
            if not data:
                if child.output in self._selector.get_map():
                    self._selector.unregister(child.output)
                return
            *lines, child.unfinished_line = (child.unfinished_line + data).split(b"\n")
            for line in lines:
                self._show(child, line.decode(errors="replace").rstrip("\r"))

    def _show(self, child: Child, line: str) -> None:
        child.last_lines.append(line)
        if child.ready_line and re.search(child.ready_line, line):
            child.is_ready = True
        say(f"{child.name:13} | {line}")

    @staticmethod
    def _obituary(child: Child) -> str:
        code = child.process.returncode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{child.name} {how}. Its last lines:\n" + "\n".join(f"  {line}" for line in child.last_lines)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        os.killpg(pid, signal.SIGKILL)


def say(text: str) -> None:
    """Write a line to the terminal, which may be gone."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - until we end
