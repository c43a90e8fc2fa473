"""A database of a benchmark's own: started, made and dropped by the test suite's means, and empty at the start."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@contextmanager
def empty_database(*, durable: bool = False) -> Iterator[None]:
    """Django on an empty database; what imports models must be imported inside.

    durable: every commit reaches the disk, as in the product. The tests' own servers do without.
    """
    with ExitStack() as ends:
        if durable:
            _start_durable_servers(ends)
        import_module("tests.conftest")  # starts the servers that are not there and sets Django up
        from django.test.runner import DiscoverRunner

        runner = DiscoverRunner(verbosity=0, interactive=False)
        databases = runner.setup_databases()
        try:
            yield
        finally:
            runner.teardown_databases(databases)


def _start_durable_servers(ends: ExitStack) -> None:
    from embedded.services import own_services
    from embedded.state import State

    state = State(Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="epistle-bench-"))))
    state.make()
    started = ends.enter_context(own_services(state))
    os.environ.update({variable: server.url for variable, server in started.items()})
