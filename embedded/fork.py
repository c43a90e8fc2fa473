"""Start a Python program as a copy of this process, with what it has imported already.

Loading the service takes over a second of processor time. `make run` needs it six times, on two cores: as
copies the programs start three times as fast and share their memory.
"""

import atexit
import gc
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import IO, cast

from .errors import EmbeddedError
from .processes import death_of_parent

try:
    import setproctitle
except ImportError:  # then `ps` shows the copies under our own name
    setproctitle = None  # type: ignore[assignment]


class ForkedProcess:
    """A copy of this process; the part of `subprocess.Popen` that a supervisor uses."""

    def __init__(self, pid: int, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM, unless it has been waited for: the number may be another's by then."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGTERM)


def fork_module(module: str, arguments: Sequence[str]) -> ForkedProcess:
    """Run `python -m module arguments…` in a copy of this process, which must have one thread only.

    As with `processes.start` it leads a session of its own, keeps no file of ours open, writes to `stdout`
    and hears of our death.
    """
    if threading.active_count() > 1:
        raise EmbeddedError(
            "A module loaded beforehand has started a thread, so that the process cannot be copied."
        )
    hear_of_death = death_of_parent(signal.SIGTERM)
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # a collection in the copy would touch, and so copy, all the memory it shares
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            if hear_of_death:
                hear_of_death()
            _take_over(writing)
            code = _run(module, arguments)
        except BaseException:
            traceback.print_exc()
            code = 1
        os._exit(code)  # not return: above us on the stack stand the supervisor and its servers
    os.close(writing)
    return ForkedProcess(pid, cast("IO[bytes]", FileIO(reading)))


def get_titles_ready() -> None:
    """To be called before the environment is changed: the place of a process's title is found through it."""
    if setproctitle:
        setproctitle.getproctitle()


def _take_over(output: int) -> None:
    """Give up what is the parent's: its handlers of signals, its terminal, its files and locks."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # Python's objects for these stay on the parent's stack below us and never close the numbers a second time.
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        if number > 2:
            with suppress(OSError):  # the listing's own
                os.close(number)
    for stream in (sys.stdout, sys.stderr):
        cast("TextIOWrapper", stream).reconfigure(line_buffering=True)


def _run(module: str, arguments: Sequence[str]) -> int:
    """Run the module as the main program and what it has registered for its end; its exit code."""
    sys.argv = [module, *arguments]
    if setproctitle:
        setproctitle.setproctitle(" ".join([sys.executable, "-m", *sys.argv]))
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as leaving:
        if leaving.code is not None and not isinstance(leaving.code, int):
            print(leaving.code, file=sys.stderr)
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    atexit._run_exitfuncs()  # os._exit, which must follow, leaves them out
    sys.stdout.flush()
    sys.stderr.flush()
    return code
