"""Several database connections at the work of one import: PostgreSQL computes on as many cores."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection, connections


def in_threads(work: Callable[[], None]) -> None:
    """Run `work` in as many threads at once as the settings say; this one is one of them.

    Returns when all have ended, and raises what the first of them raised. In an open transaction this thread does
    all of it: other connections would not see what it has written.
    """
    failures: list[BaseException] = []

    def elsewhere() -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    number = 1 if connection.in_atomic_block else settings.IMPORT_THREADS
    others = [threading.Thread(target=elsewhere, daemon=True) for _ in range(number - 1)]
    for thread in others:
        thread.start()
    try:
        work()
    finally:
        for thread in others:
            thread.join()
    if failures:
        raise failures[0]
