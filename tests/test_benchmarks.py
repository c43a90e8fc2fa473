"""The benchmarks still run, on next to nothing; what they find on a full load is not for a test to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bench_events, bench_import, bench_pace, bench_representatives, bench_segments
from mailer.models import Delivery, DeliveryEvent


@pytest.mark.django_db
def test_the_benchmark_of_representatives_reads_every_invented_person_twice(tmp_path):
    found = bench_representatives.measured(bench_representatives.invented(tmp_path / "people.tar.gz", 20))
    assert found["people"] == 20
    assert found["ratio"] > 0


@pytest.mark.django_db
def test_the_import_benchmark_imports_every_invented_person_and_takes_it_back(tmp_path):
    bench_import.write_people(tmp_path / "people.csv", 400)
    found = bench_import.measured(tmp_path / "people.csv", 400, undo=True)
    assert (
        found["created"] + found["updated"] + found["unchanged"] + found["duplicates"]
        == 400 - found["rejected"]
    )
    assert (found["rejected"], found["duplicates"]) == (4, 12)
    assert found["ratio"] > 0


@pytest.mark.django_db
def test_the_pace_benchmark_compares_a_full_queue_with_an_empty_one():
    found = bench_pace.measured(20, rounds=2)
    assert found["waiting"] == 20
    assert found["ratio"] > 0
    assert found["dispatched"] > 0


def test_the_sandbox_benchmark_prints_one_line_of_json(checkout: Path):
    done = subprocess.run(
        [
            sys.executable,
            "benchmarks/bench_sandbox.py",
            "--batches",
            "5",
            "--recipients",
            "10",
            "--connections",
            "1",
        ],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["messages"] == 50


@pytest.mark.django_db
def test_the_segment_benchmark_counts_every_rule_exactly_on_a_few_people():
    found = list(bench_segments.measured(bench_segments.fill(200), rounds=1))
    assert len(found) == 20
    assert all(line["exact"] and line["contacts"] == 200 for line in found)
    assert sum(line["found"] > 0 for line in found) > 15


@pytest.mark.django_db(transaction=True)
def test_the_benchmark_of_events_stores_and_applies_every_one():
    found = bench_events.measured(events=300, deliveries=200, requests=25)
    assert found["events_per_s"] > 0
    assert found["ratio"] > 0
    assert not DeliveryEvent.objects.filter(applied_at=None).exists()
    assert Delivery.objects.exclude(delivered_at=None).count() > 100
