"""A database of a benchmark's own: started, made and dropped by the test suite's means, and empty at the start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@contextmanager
def empty_database() -> Iterator[None]:
    """Django on an empty database; what imports models must be imported inside."""
    import_module("tests.conftest")  # starts the servers and sets Django up
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        yield
    finally:
        runner.teardown_databases(databases)
