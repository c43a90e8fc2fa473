import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.state import State

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def state() -> Iterator[State]:
    """A state folder that the account of root's servers can reach; the folders of `tmp_path` are private."""
    folder = Path(tempfile.mkdtemp(prefix="epistle-test-"))
    state = State(folder)
    state.make()
    yield state
    with state.lock("the end of a test"):  # ends what a killed command has left
        pass
    shutil.rmtree(folder)


@pytest.fixture
def start_python(checkout: Path) -> Iterator[Start]:
    """Start Python programs in groups of their own, with output to read; what still runs is killed after."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=checkout,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    """The lines up to the one that contains `wanted`."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if wanted in line:
            return lines
    raise AssertionError(f"no {wanted!r} in:\n" + "\n".join(lines))


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
