"""What an import of representatives costs beyond reading its files.

    python benchmarks/bench_representatives.py [PATH] [--people 20000]

PATH is an archive in the form of OpenStates, one YAML file a person; without it the archive of all states is taken
where it is (as the tests find it), else one is made of `--people` invented people. Prints one JSON line:
`seconds` of the first import and `again_seconds` of a second one that changes nothing, `limit_seconds` (the same
archive only unpacked and its YAML only parsed, in this process), `ratio` and `again_ratio` to that limit, and
`peak_mb`, the memory of this process.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.database import empty_database

T = TypeVar("T")
ARCHIVE = "openstates/openstates-people-all.tar.gz"
PERSON = """\
id: ocd-person/{number:08x}-0000-4000-8000-000000000000
name: Person {number:06}
given_name: Person
family_name: Number {number:06}
party:
- name: Independent
roles:
- type: lower
  jurisdiction: ocd-jurisdiction/country:us/state:{state}/government
  district: '{district}'
  start_date: '2026-01-14'
offices:
- classification: capitol
  address: 125 Example Street;Example Town
  voice: 555-0100
links:
- url: https://legislature.example/person/{number}
email: person{number}@legislature.example
sources:
- url: https://legislature.example/people
"""
STATES = ("nj", "co", "nm", "ca", "tx", "ny", "wa", "or")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--people", type=int, default=20_000)
    options = parser.parse_args()
    if options.path and not options.path.is_file():
        parser.error(f"there is no file {options.path}")
    with empty_database(), tempfile.TemporaryDirectory() as folder:
        path = options.path or open_set() or invented(Path(folder) / "invented.tar.gz", options.people)
        print(json.dumps(measured(path)))


def open_set() -> Path | None:
    """The archive of all states; None where it is not on this machine."""
    from tests.advocacy.test_import_real_sets import DATA

    return DATA / ARCHIVE if DATA and (DATA / ARCHIVE).is_file() else None


def invented(path: Path, people: int) -> Path:
    """An archive of so many people who do not exist, spread over some states."""
    with tarfile.open(path, "w:gz") as archive:
        for number in range(people):
            state = STATES[number % len(STATES)]
            data = PERSON.format(number=number, state=state, district=number // len(STATES)).encode()
            member = tarfile.TarInfo(f"data/{state}/legislature/person-{number}.yml")
            member.size, member.mtime = len(data), 1_790_000_000
            archive.addfile(member, io.BytesIO(data))
    return path


def measured(path: Path) -> dict[str, object]:
    from advocacy.representatives import files, importing

    def only_read() -> None:
        for name, _time, data in files.members(path, path.name):
            if name.endswith((".yml", ".yaml")):
                files.yaml.load(data, files._YAML)

    limit, _nothing = timed(only_read)
    seconds, report = timed(lambda: importing.run(path))
    again, repeat = timed(lambda: importing.run(path))
    assert repeat.counts["unchanged"] == repeat.counts["people"], repeat.counts
    return {
        "benchmark": "representatives",
        "set": path.name,
        "people": report.counts["people"],
        "seconds": round(seconds, 1),
        "again_seconds": round(again, 1),
        "limit_seconds": round(limit, 1),
        "ratio": round(seconds / limit, 2),
        "again_ratio": round(again / limit, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


if __name__ == "__main__":
    main()
