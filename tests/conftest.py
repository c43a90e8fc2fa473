"""The suite's own PostgreSQL and Valkey, and fixtures for real processes and a real browser.

The servers start here, at import, because Django's settings read their addresses once: before that,
pytest has loaded nothing of ours. pyproject.toml therefore does not name the settings; this file does.
"""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # plain `pytest` does not add it

from embedded.errors import EmbeddedError
from embedded.services import all_set, own_services
from embedded.state import State

pytest_plugins = ["tests.processes", "tests.browser"]

_servers = ExitStack()


def _start_servers() -> None:
    """Start what DATABASE_URL and REDIS_URL do not name, on data that are thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="epistle-test-"))
    _servers.callback(shutil.rmtree, folder, ignore_errors=True)
    state = State(folder)
    state.make()
    started = _servers.enter_context(own_services(state, durable=False))
    os.environ.update({variable: server.url for variable, server in started.items()})


def _set_up_django() -> None:
    os.environ["EPISTLE_ENV"] = "test"
    os.environ["MEDIA_ROOT"] = media = tempfile.mkdtemp(prefix="epistle-media-")
    _servers.callback(shutil.rmtree, media, ignore_errors=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    from config import translations

    translations.compile()
    django.setup()


def _only_hands_out() -> bool:
    """Whether this process runs no test itself: with `-n 2` each of two others does, with servers of its own."""
    asked = [word for word in sys.argv[1:] if word.startswith(("-n", "--numprocesses"))]
    return bool(asked) and asked != ["-n0"] and "PYTEST_XDIST_WORKER" not in os.environ


atexit.register(_servers.close)
if not _only_hands_out() and not all_set():
    try:
        _start_servers()
    except EmbeddedError as error:
        pytest.exit(str(error), returncode=4)
_set_up_django()
if _only_hands_out():
    del os.environ[
        "DJANGO_SETTINGS_MODULE"
    ]  # else the others would read the settings before they have servers


def _stop_the_suite(number: int, frame: FrameType | None) -> None:
    pytest.exit(f"stopped by {signal.Signals(number).name}", returncode=128 + number)


def pytest_configure() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_the_suite)


def pytest_unconfigure() -> None:
    _servers.close()


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Each test begins in the service's own language: a request of another one may have left its reader's."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture
def checkout() -> Path:
    """The folder of the code under test."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> None:
    """The test database, in which the log of staff acts may be emptied between tests of real processes."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_admin_log DISABLE TRIGGER accounts_log_stays_whole")
        cursor.execute("ALTER TABLE accounts_reason DISABLE TRIGGER accounts_reason_stays_whole")
