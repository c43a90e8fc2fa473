"""Start and stop child processes so that none outlives us."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .account import Account

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(
    arguments: Sequence[str | Path],
    *,
    output: IO[Any] | int,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    parent_death_signal: signal.Signals = signal.SIGTERM,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a foreground child in a session of its own.

    The terminal's Ctrl-C does not reach it, so that we decide the order of stopping. On Linux the kernel
    sends it `parent_death_signal` when we die, however that happens. Call this from the main thread:
    for the kernel the parent is the thread, not the process.
    """
    return subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        start_new_session=True,
        preexec_fn=death_of_parent(parent_death_signal),
        **(account.as_popen_arguments() if account else {}),
    )


def death_of_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child of this process calls to be sent the signal when we die; None where nobody offers that."""
    if LIBC is None:
        return None
    libc, parent = LIBC, os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_the_kernel


def stop(
    processes: Iterable[subprocess.Popen[bytes]],
    *,
    with_signal: signal.Signals = signal.SIGTERM,
    patience: float = 10,
    hurry: Callable[[], bool] = lambda: False,
) -> None:
    """Ask the processes to end, wait up to `patience` seconds or until `hurry()`, then kill their groups.

    Returns when all have ended. Safe to repeat, and with processes that have ended already.
    """
    running = list(processes)
    for process in running:
        if process.poll() is None:
            process.send_signal(with_signal)
    deadline = time.monotonic() + patience
    while any(process.poll() is None for process in running):
        if hurry() or time.monotonic() > deadline:
            for process in running:
                kill_group(process)
            break
        time.sleep(0.02)
    for process in running:
        process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and everything in its session's group at once; nothing if it has been reaped."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def birth(pid: int) -> str | None:
    """When a process started, as the system writes it; None if there is no such process.

    With its number it names a process for good: numbers are used again, after a restart of a container
    even the same ones.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        listing = subprocess.run(
            ["ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        *started, state = listing.stdout.split() or [""]
        return None if not started or state.startswith("Z") else " ".join(started)
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return None if fields[0] == "Z" else fields[19]


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_busy(port: int) -> bool:
    """Whether a program on this machine listens on the port, on either loopback address or all of them."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) == 0:
                    return True
        except OSError:  # no IPv6 here
            continue
    return False


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, patience: float, pause: float = 0.02
) -> bool:
    """Ask `ready` until it agrees. False if the process ended first or `patience` seconds went by."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if ready():
            return process.poll() is None
        if process.poll() is not None:
            return False
        time.sleep(pause)
    return False


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, to show beside an error."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log was written)"
