"""The service as real processes on the test database, for tests of what only processes can show.

    def test_…(live_service):
        live_service.start_sandbox()
        live_service.start_web()
        worker = live_service.start_worker("letters")
        …
        worker.kill()  # as SIGKILL would

Rows the test writes are committed (`transactional_db`), so the processes see them.
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from embedded.processes import free_port, kill_group, last_lines, port_is_busy, start, stop

CHECKOUT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds a process may take to get ready on a busy machine
SIGNING_KEY = "signing-key-of-the-tests"
QUEUES = ("confirmations", "letters", "events", "imports", "mailings", "celery")


class LiveProcess:
    """A process of the service with its output in a file."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as output:
            self._process = start(
                [sys.executable, *arguments], output=output, environment=environment, folder=CHECKOUT
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def output(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(errors="replace")

    def wait_for_output(self, pattern: str, patience: float = PATIENCE) -> re.Match[str]:
        """Return when a line matches `pattern`; fails the test if it ends or takes too long."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            match = re.search(pattern, self.output(), re.MULTILINE)
            found.extend([match] if match else [])
            return bool(found)

        self.wait_until(look, patience)
        return found[0]

    def wait_until(self, ready: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Return when `ready()`; fails the test if the process ends or takes too long."""
        deadline = time.monotonic() + patience
        while not ready():
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                state = "not ready in time" if ended is None else f"ended with exit code {ended}"
                pytest.fail(f"{self.name}: {state}. Its last lines:\n{last_lines(self.log)}")
            time.sleep(0.05)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM, patience: float = 20) -> int:
        """Ask it to end and wait; returns its exit code. Safe to repeat."""
        stop([self._process], with_signal=with_signal, patience=patience)
        return self._process.wait()

    def kill(self) -> None:
        """End it and its children at once, as a crash of the machine would: no clean-up runs."""
        kill_group(self._process)
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)


class LiveService:
    """Web, workers, beat and sandbox of one test, all told of one another's addresses."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.web_port, self.sandbox_port, self.smtp_port = free_port(), free_port(), free_port()
        self.site_url = f"http://127.0.0.1:{self.web_port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.environment = {
            **os.environ,
            "EPISTLE_ENV": "test",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url,
            "SITE_URL": self.site_url,
            "PORT": str(self.web_port),
            "SANDBOX_URL": self.sandbox_url,
            "SANDBOX_SMTP_PORT": str(self.smtp_port),
            "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY,
            "PYTHONUNBUFFERED": "1",
        }
        self._running: list[LiveProcess] = []

    def start_sandbox(self, *options: str) -> LiveProcess:
        """The mail provider's stand-in; it posts its events to the web process of this test."""
        sandbox = self._start(
            "sandbox",
            *("-m", "sandbox", "--port", str(self.sandbox_port), "--smtp-port", str(self.smtp_port)),
            *("--state", str(self.folder / "sandbox"), "--signing-key", SIGNING_KEY),
            *("--webhook-url", f"{self.site_url}/webhooks/mailgun/tracking/", *options),
        )
        sandbox.wait_for_output("ready")
        return sandbox

    def start_web(self) -> LiveProcess:
        """gunicorn at `site_url`; returns once it answers."""
        web = self._start(
            "web",
            *("-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.web_port}"),
            *("--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "5"),
        )
        web.wait_until(lambda: port_is_busy(self.web_port) and answers(self.site_url))
        return web

    def start_worker(self, *queues: str, concurrency: int = 1, **environment: str) -> LiveProcess:
        """A Celery worker for `queues` (all of them if none is named); returns once it takes tasks."""
        name = f"worker-{len(self._running)}"
        worker = self._start(
            name,
            *("-m", "celery", "-A", "config", "worker", "--loglevel", "INFO", "--hostname", f"{name}@%h"),
            *("--queues", ",".join(queues or QUEUES), "--concurrency", str(concurrency)),
            *("--without-gossip", "--without-mingle"),
            **environment,
        )
        worker.wait_for_output(rf"{name}@\S+ ready")
        return worker

    def start_beat(self) -> LiveProcess:
        """The clock that wakes the sweepers."""
        beat = self._start(
            "beat",
            *("-m", "celery", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile", ""),
            *("--schedule", str(self.folder / "beat-schedule")),
        )
        beat.wait_for_output("beat: Starting")
        return beat

    def run(self, *arguments: str) -> str:
        """What a Python program prints that works on the test database and ends; fails the test if that does."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if done.returncode:
            pytest.fail(f"{' '.join(arguments)} ended with exit code {done.returncode}:\n{done.stderr}")
        return done.stdout

    def stop(self) -> None:
        """Stop what still runs: first who asks, last who answers."""
        for process in reversed(self._running):
            process.stop()

    def _start(self, name: str, *arguments: str, **environment: str) -> LiveProcess:
        process = LiveProcess(name, list(arguments), {**self.environment, **environment}, self.folder)
        self._running.append(process)
        return process


def answers(url: str) -> bool:
    """Whether the address gives an answer over HTTP, be it an error page."""
    try:
        urllib.request.urlopen(url, timeout=20).close()  # noqa: S310 - our own loopback address
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def database_url_of_the_tests() -> str:
    """The address of the database the tests run on: the given server, the test database's name."""
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@pytest.fixture
def broker() -> Iterator[None]:
    """An empty Valkey before and after the test: no task of another test is waiting in it."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield
        client.flushall()


@pytest.fixture
def live_service(transactional_db: None, broker: None, tmp_path: Path) -> Iterator[LiveService]:
    """Real processes on the test database; those still running are stopped before it is emptied."""
    service = LiveService(tmp_path, database_url_of_the_tests())
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def live_web(live_service: LiveService) -> LiveService:
    """A real web process; its address is `live_web.site_url`."""
    live_service.start_web()
    return live_service
