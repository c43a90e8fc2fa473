"""What the ledger of a mailing costs by itself: the freeze, then every window claimed, checked and settled.

    python benchmarks/bench_ledger.py [--contacts 1000000] [--window 100] [--chunk 2000]

Fills a database of its own with invented contacts on one list, fixes the audience of a mailing to it, and sends it along
a road that accepts everybody at once and touches no wire. Prints JSON lines: `seconds` of wall time, `cpu_us` a recipient
(`worker_us` of this process and `postgres_us` of the server together), the longest transaction in ms, `peak_mb` of this
process, and for the settling the share of updates that touched no index (`hot`) and the bytes a recipient (`table_bytes`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench_segments import PEOPLE, execute
from benchmarks.database import empty_database

MEMBERS = """
INSERT INTO contacts_subscription (contact_id, mailing_list_id, status, reason, changed_at)
SELECT id, %s, 'confirmed', '', created_at FROM contacts_contact
"""
REFUSALS = """
INSERT INTO contacts_suppression (address_hash, reason, scope, evidence, created_at)
SELECT address_hash, 'bounce', 'all', '{}', now() FROM contacts_contact WHERE id % 50 = 0
"""
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--chunk", type=int, default=2_000)
    options = parser.parse_args()
    with empty_database(durable=True):
        for line in measured(options.contacts, options.window, options.chunk):
            print(json.dumps(line), flush=True)


def measured(contacts: int, window: int, chunk: int) -> Iterator[dict[str, Any]]:
    from django.conf import settings
    from django.db import connection

    from mailer.mailings import audience, freezing

    settings.MAILING_CHUNK = chunk
    mailing = started(contacts)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    counted = audience.count(mailing, bound_ms=30_000)
    yield {"step": "count", "n": counted.total, "seconds": round(time.perf_counter() - began, 2)}

    with longest_transaction() as longest, spent() as cost:
        assert freezing.freeze(mailing.pk)
    mailing.refresh_from_db()
    people = mailing.audience or 0
    yield {"step": "freeze", "n": people, **cost.of(people), "longest_ms": round(longest[0] * 1000)}

    with longest_transaction() as longest, spent() as cost:
        send(mailing.pk, window)
    mailing.refresh_from_db()
    yield {
        "step": "send",
        "n": people,
        "window": window,
        "status": mailing.status,
        **cost.of(people),
        "longest_ms": round(longest[0] * 1000),
        **rows(people),
    }


def started(contacts: int) -> Any:
    """A mailing to a list of so many invented people, whose moment has come."""
    from mailer.mailings import running
    from mailer.models import Mailing
    from tests.factories import make_mailing, make_user

    execute("SET statement_timeout = 0")
    execute(PEOPLE, contacts)
    mailing = make_mailing()
    execute(MEMBERS, mailing.mailing_list_id)
    execute(REFUSALS)
    running.send_now(mailing, make_user())
    Mailing.objects.filter(pk=mailing.pk).update(starts_at="2026-01-01T00:00Z")
    running.start(mailing.pk)
    mailing.refresh_from_db()
    return mailing


class NullRoad:
    """Accepts everybody without asking anybody."""

    provider = "null"

    def __init__(self, window: int) -> None:
        self.window = window

    def turn(self, people: int) -> Any:
        from mailer.roads import Turn

        return Turn(people)

    def ask(self, content: Any, recipients: Sequence[Any]) -> list[Any]:
        from mailer.providers import Answer, Outcome

        yes = Outcome(Answer.ACCEPTED)
        return [yes for _recipient in recipients]


def send(mailing_id: int, window: int) -> None:
    """Send all of it in this process, as one worker would."""
    from mailer.mailings import chunks, running, sending

    road: Any = NullRoad(window)
    while chunk := chunks.claim(mailing_id):
        sending.Shift(chunk, road, time.monotonic() + 60).work()
    running.finish(mailing_id)


# --- measuring -------------------------------------------------------------------------------------------------------


class Cost:
    """What the measured block took."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.worker = own_cpu()
        self.postgres = postgres_cpu()

    def stop(self) -> None:
        self.seconds = time.perf_counter() - self.began
        self.worker = own_cpu() - self.worker
        self.postgres = postgres_cpu() - self.postgres

    def of(self, people: int) -> Mapping[str, Any]:
        worker, postgres = (round(part * 1e6 / max(people, 1), 2) for part in (self.worker, self.postgres))
        return {
            "seconds": round(self.seconds, 2),
            "worker_us": worker,
            "postgres_us": postgres,
            "cpu_us": round(worker + postgres, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


@contextmanager
def spent() -> Iterator[Cost]:
    cost = Cost()
    yield cost
    cost.stop()


def own_cpu() -> float:
    return time.process_time()


def postgres_cpu() -> float:
    """CPU seconds of every process of the database server, those that have ended included."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    postmaster = _stat(backend)[1]
    total = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            own, parent, ended = _stat(int(entry.name))
        except (OSError, ValueError):
            continue
        if parent == postmaster:
            total += own
        elif int(entry.name) == postmaster:
            total += own + ended
    return total


def _stat(pid: int) -> tuple[float, int, float]:
    """CPU seconds of a process, its parent, CPU seconds of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, ended_user, ended_system = (int(fields[place]) / _TICKS for place in (11, 12, 13, 14))
    return user + system, int(fields[1]), ended_user + ended_system


@contextmanager
def longest_transaction() -> Iterator[list[float]]:
    """Seconds of the longest transaction of this process, as it sees it."""
    from django.db import transaction

    found = [0.0]
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__
    open_since: list[float] = []

    def begin(self: Any) -> None:
        open_since.append(time.perf_counter())
        enter(self)

    def end(self: Any, *error: Any) -> None:
        leave(self, *error)
        found[0] = max(found[0], time.perf_counter() - open_since.pop())

    transaction.Atomic.__enter__, transaction.Atomic.__exit__ = begin, end  # type: ignore[method-assign]
    try:
        yield found
    finally:
        transaction.Atomic.__enter__, transaction.Atomic.__exit__ = enter, leave  # type: ignore[method-assign]


def rows(people: int) -> dict[str, Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT n_tup_hot_upd, n_tup_upd, pg_total_relation_size(relid) FROM pg_stat_user_tables"
            " WHERE relname = 'mailer_delivery'"
        )
        hot, updates, size = cursor.fetchone()
    return {"hot": round(hot / max(updates, 1), 3), "table_bytes": round(size / max(people, 1))}


if __name__ == "__main__":
    main()
