"""How many people match: exactly if that can be known in bounded time, else PostgreSQL's estimate, marked as one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from contacts.models import Contact

BOUND_MS = 2_000

# Measured at a million contacts (benchmarks/bench_segments.py): sorted index scans merged with each other take a
# quarter of the time of hash tables that do not fit the processor's cache, and PostgreSQL finds them once it does not
# think that every page comes from a turning disk; compiling to machine code costs more than such a query.
_PLANNING = {"enable_hashjoin": "off", "random_page_cost": "1.1", "jit": "off", "work_mem": "64MB"}


@dataclass(frozen=True, slots=True)
class Count:
    """number: people. is_exact: False for an estimate, made because counting would have taken too long."""

    number: int
    is_exact: bool = True


def count(rows: QuerySet[Contact], *, bound_ms: int = BOUND_MS) -> Count:
    """The number of `rows`; an estimate where counting takes longer than `bound_ms`. Changes nothing."""
    try:
        with planned(bound_ms):
            return Count(rows.order_by().count())
    except OperationalError as error:
        if not was_cancelled(error):
            raise
    return Count(_estimate(rows), is_exact=False)


def examples(rows: QuerySet[Contact], most: int = 10, *, bound_ms: int = BOUND_MS) -> list[Contact] | None:
    """A few of `rows`, the newest first; None if finding them takes longer than `bound_ms`."""
    try:
        with planned(bound_ms):
            return list(rows.order_by("-pk")[:most])
    except OperationalError as error:
        if not was_cancelled(error):
            raise
    return None


@contextmanager
def planned(bound_ms: int, **more: str) -> Iterator[None]:
    """Run reading queries with settings that suit a scan of the address book, and `more`, given up after `bound_ms`.

    The settings end with the block, inside another transaction too: what was read in it is rolled back.
    """
    with transaction.atomic():
        settings = {**_PLANNING, **more, "statement_timeout": str(bound_ms)}
        with connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield
        transaction.set_rollback(True)


def _estimate(rows: QuerySet[Contact]) -> int:
    try:
        plan: Any = rows.order_by().values("pk").explain(format="json")
    except EmptyResultSet:
        return 0
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"])


def was_cancelled(error: OperationalError) -> bool:
    """Whether PostgreSQL gave the statement up (57014), rather than being away."""
    return getattr(error.__cause__, "sqlstate", None) == "57014"
