"""Starts the sandbox as a process of its own, on free ports: for tests, benchmarks and rigs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .client import SandboxClient

SIGNING_KEY = "sandbox-signing-key"
WEBHOOK_SECRET = "sandbox:sandbox-webhook-secret"  # noqa: S105 - of development and tests only
_ROOT = Path(__file__).resolve().parent.parent
_START_TIMEOUT = 30


@dataclass(slots=True)
class Running:
    """A sandbox that is ready. `process` may be killed; `client` asks it."""

    process: subprocess.Popen[str]
    url: str
    smtp_port: int
    client: SandboxClient

    def stop(self) -> int:
        """End it in order and return its exit code; safe to repeat."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        return code


@contextmanager
def start(
    state: Path,
    webhook_url: str = "",
    *,
    webhook_secret: str = WEBHOOK_SECRET,
    signing_key: str = SIGNING_KEY,
    api_key: str = "",
    keep: str = "all",
    event_delay: float = 0.05,
    attempts: int = 8,
    port: int = 0,
    smtp_port: int = 0,
) -> Iterator[Running]:
    """A running sandbox, stopped at the end; it also stops when this process dies.

    Raises RuntimeError with what it printed if it does not start within 30 s.
    """
    state = state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "--stop-with-parent"]
    command += ["--port", str(port), "--smtp-port", str(smtp_port), "--state", str(state)]
    command += ["--webhook-url", webhook_url, "--webhook-secret", webhook_secret]
    command += ["--signing-key", signing_key, "--api-key", api_key]
    command += ["--keep", keep, "--event-delay", str(event_delay), "--attempts", str(attempts)]
    errors = state / "sandbox.err"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            command, cwd=_ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )
    killer = threading.Timer(_START_TIMEOUT, process.kill)
    killer.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        killer.cancel()
    if not line.startswith("sandbox ready on "):
        process.kill()
        process.wait()
        raise RuntimeError(f"the sandbox did not start: {errors.read_text().strip() or 'no word'}")
    url, smtp = line.removeprefix("sandbox ready on ").strip().split(", SMTP on ")
    running = Running(process, url, int(smtp), SandboxClient(url))
    try:
        yield running
    finally:
        running.stop()
