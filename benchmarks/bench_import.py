"""What an import of contacts costs, end to end, beside a raw COPY of the same rows.

    python benchmarks/bench_import.py [--rows 1000000] [--undo]

Makes a file of so many people who do not exist (address, name, country and three attributes; 1 % of the addresses
are none, 3 % of the rows repeat somebody, 10 % of the people are known already, half of them with another name), and
imports it as the wizard would: the file is kept, read, checked, foretold, merged with subscriptions and consents, and
reported. Every commit reaches the disk. Prints one JSON line:

`rows_per_s` over all steps, `seconds` of each step, `raw_copy_rows_per_s` of PostgreSQL's own COPY of the same file into
a table with a key and an index of the address (mean of one before and one after), `ratio` of the two, `peak_mb` of this
process and of the reader process, and the counts. `cpu_us_per_row` is the computing time of this process, the reader
and PostgreSQL, and `raw_copy_cpu_us_per_row` that of the raw COPY: they say what is left of the ratio on a machine that
has other work. `--undo` takes the import back and adds its seconds.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.database import empty_database

T = TypeVar("T")
NAMES = ["Anna", "Jürgen", "María", "Wei", "Olu", "Zoë", "Tom", "Fatima", "Łukasz", "O'Neil, Ida"]
COUNTRIES = ("DE", "FR", "GB", "US")
INTERESTS = ("climate", "housing", "rail")
COLUMNS = ["address", "name", "country", "attribute:city", "attribute:interest", "attribute:score"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--undo", action="store_true")
    options = parser.parse_args()
    with empty_database(durable=True), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write_people(path, options.rows)
        print(json.dumps(measured(path, options.rows, undo=options.undo)))


def write_people(path: Path, rows: int) -> None:
    """A CSV file of invented people."""
    chance = random.Random(3)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "name", "country", "city", "interest", "score"])
        for number in range(rows):
            repeated = number % 33 == 32
            address = address_of(chance.randrange(number) if repeated else number)
            if number % 100 == 50:
                address = address.replace("@", " at ")
            elif number % 10 == 0:
                address = address.upper()
            writer.writerow(
                [
                    address,
                    f"{NAMES[number % 10]} Smith{number}",
                    COUNTRIES[number % 4],
                    f"City {number % 1000}",
                    INTERESTS[number % 3],
                    number % 101,
                ]
            )


def address_of(number: int) -> str:
    return f"user{number}.x@mail{number % 977}.example.net"


def know_a_tenth(rows: int) -> None:
    """Every tenth of them is in the address book already, every twentieth under an older name."""
    from django.db import connection

    from contacts.addresses import hash_key

    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY contacts_contact (address, address_key, address_hash, name, first_name, last_name, country, language,"
            " time_zone, attributes, source) FROM STDIN"
        ) as copy,
    ):
        for number in range(5, rows, 10):
            address = address_of(number)
            name = f"{NAMES[number % 10]} Smith{number}" if number % 20 == 5 else "Somebody"
            given = {
                "city": f"City {number % 1000}",
                "interest": INTERESTS[number % 3],
                "score": str(number % 101),
            }
            row = (
                address,
                address,
                hash_key(address),
                name,
                "",
                "",
                COUNTRIES[number % 4],
                "",
                "",
                json.dumps(given),
                "",
            )
            copy.write_row(row)


def measured(path: Path, rows: int, *, undo: bool = False) -> dict[str, Any]:
    from contacts.imports import reporting, running, uploading
    from contacts.models import Import, MailingList

    know_a_tenth(rows)
    seconds: dict[str, float] = {}
    raw = [raw_copy(path)]

    def step(name: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        found = work()
        seconds[name] = round(time.perf_counter() - began, 2)
        return found

    def work_until(status: str) -> None:
        while run.status != status:
            running.work(run.pk)
            run.refresh_from_db()
            assert run.status != Import.Status.FAILED, run.problem

    news = MailingList.objects.create(slug="bench", name="Bench")
    memory = PeakOfChild()
    before = cpu_seconds()
    with path.open("rb") as file:
        run = step("keep", lambda: uploading.receive(file, name=path.name, mailing_list=news))
    run.consent_text = "I want the newsletter."
    run.save(update_fields=["consent_text"])
    step("understand", lambda: uploading.understand(run, uploading.preview(run), COLUMNS))
    running.begin_check(run, ring=False)
    step("check", lambda: work_until(Import.Status.CHECKED))
    running.begin_run(run, ring=False)
    step("run", lambda: work_until(Import.Status.DONE))
    counts = step("report", lambda: (reporting.progress(run), reporting.counts(run))[1])
    used = cpu_seconds() - before
    total = sum(seconds.values())
    raw.append(raw_copy(path))
    if undo:
        running.undo(run, ring=False)
        step("undo", lambda: work_until(Import.Status.UNDONE))
    raw_wall, raw_used = (sum(each) / len(raw) for each in zip(*raw, strict=True))
    assert counts["rows"] == rows
    return {
        "benchmark": "import",
        **counts,
        "rows_per_s": round(rows / total),
        "seconds": {"total": round(total, 2), **seconds},
        "raw_copy_rows_per_s": round(rows / raw_wall),
        "ratio": round(raw_wall / total, 3),
        "cpu_us_per_row": round(used / rows * 1e6, 1),
        "raw_copy_cpu_us_per_row": round(raw_used / rows * 1e6, 1),
        "cpu_ratio": round(raw_used / used, 3),
        "peak_mb": {
            "parent": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "child": memory.stop(),
        },
    }


def cpu_seconds() -> float:
    """Computing time so far of this process, its ended children, and PostgreSQL with all of its processes."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = sum(_ticks(pid) for pid in _postgres())
    return (
        own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime + ticks / os.sysconf("SC_CLK_TCK")
    )


def _postgres() -> list[int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = _parent(cursor.fetchone()[0])
    return [server, *(pid for pid in _pids() if _parent(pid) == server)]


def _ticks(pid: int) -> int:
    """User and system time of a process and of its children that have ended; 0 for one that is gone."""
    return sum(int(each) for each in _stat(pid)[11:15])


def _parent(pid: int) -> int:
    return int((_stat(pid) or ["0", "0"])[1])


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


class PeakOfChild(threading.Thread):
    """Looks for the reader process, a few times a second, and keeps the most memory it had."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._peak = 0
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        # The kernel's list of our children, not all of /proc: the looking itself is among what is measured.
        children = Path(f"/proc/self/task/{threading.main_thread().native_id}/children")
        while not self._ended.wait(0.1):
            for pid in children.read_text().split():
                self._look_at(int(pid))

    def _look_at(self, pid: int) -> None:
        with suppress(OSError, StopIteration):
            if b"contacts.imports.reading" in Path(f"/proc/{pid}/cmdline").read_bytes():
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                self._peak = max(self._peak, int(next(line for line in lines if "VmHWM" in line).split()[1]))

    def stop(self) -> int:
        """The peak in MiB."""
        self._ended.set()
        self.join()
        return self._peak // 1024


def raw_copy(path: Path) -> tuple[float, float]:
    """The limit: the file as it is, into a logged table with a key and an index of the address.

    Seconds by the clock and of computing.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE raw_copy (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, name text,"
            " country text, city text, interest text, score text)"
        )
        cursor.execute("CREATE INDEX ON raw_copy (email)")
        began, before = time.perf_counter(), cpu_seconds()
        with (
            path.open("rb") as file,
            cursor.copy(
                "COPY raw_copy (email, name, country, city, interest, score) FROM STDIN (FORMAT csv, HEADER)"
            ) as copy,
        ):
            while data := file.read(1 << 18):
                copy.write(data)
        taken = time.perf_counter() - began, cpu_seconds() - before
        cursor.execute("DROP TABLE raw_copy")
    return taken


if __name__ == "__main__":
    main()
