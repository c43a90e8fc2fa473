"""What a confirmation costs with many letters waiting, what planning a queue anew costs, and what a dispatch costs.

    .venv/bin/python -m benchmarks.bench_pace [waiting letters, default 10000]

Runs on a database of its own, made and dropped by Django's test runner. Prints medians in milliseconds and, as the
measure that matters, their ratio to the same work with nothing waiting.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib import import_module
from statistics import median


def main(waiting: int) -> None:
    import_module("tests.conftest")  # starts the servers and sets Django up
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        measure(waiting)
    finally:
        runner.teardown_databases(databases)


def measure(waiting: int) -> None:
    from advocacy import letters, pace
    from advocacy.models import Letter
    from tests.factories import make_campaign, make_legislature, make_mandate, make_submission

    campaign, house = make_campaign(per_domain_hour=10_000, per_domain_day=100_000), make_legislature()
    mandates = [make_mandate(house) for _number in range(100)]

    def confirm(number: int) -> float:
        def once() -> float:
            submission = make_submission(campaign, mandates[:number])
            return timed(lambda: letters.confirm(submission))

        return median(once() for _number in range(20))

    confirm(1)
    empty = confirm(1)
    fill(campaign, mandates[:1], waiting)
    busy = confirm(1)
    address = bytes(
        Letter.objects.filter(person=mandates[0].person, status="confirmed")[0].address_hash or b""
    )
    anew = timed(lambda: pace.reallot(address))
    first = Letter.objects.filter(status="confirmed").earliest("slot")
    fill(campaign, mandates[1:], waiting)
    five = confirm(5)
    due = first.slot + timedelta(minutes=1)
    began = time.perf_counter()
    left = letters.dispatch_due(due)
    each = 1_000 * (time.perf_counter() - began) / max(left, 1)
    print(f"confirm, nothing waiting         {empty:8.1f} ms")
    print(f"confirm, {waiting:,} for one address {busy:8.1f} ms   ratio {busy / empty:.2f}")
    print(f"confirm of 5, {2 * waiting:,} in a domain{five:8.1f} ms")
    print(f"queue of {waiting:,} planned anew   {anew:8.1f} ms")
    print(f"dispatch                         {each:8.1f} ms each ({left} left)")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1_000 * (time.perf_counter() - began)


def fill(campaign, mandates: Sequence, number: int) -> None:  # type: ignore[no-untyped-def]
    """So many confirmed letters, spread over the mandates at 100 a day each."""
    from django.db import connection
    from django.utils import timezone

    from advocacy.models import Letter, Submission, Supporter
    from contacts.addresses import parse

    now, start = timezone.now(), Supporter.objects.count()
    supporters = Supporter.objects.bulk_create(
        [
            Supporter(
                address=f"b{start + one}@example.org",
                address_key=f"b{start + one}@example.org",
                address_hash=f"{start + one:032}".encode(),
            )
            for one in range(number)
        ]
    )
    submissions = Submission.objects.bulk_create(
        [
            Submission(
                campaign=campaign,
                supporter=supporter,
                form_key=f"bench-{supporter.pk}",
                language="en",
                country="KE",
                confirmed_at=now,
                expires_at=now,
            )
            for supporter in supporters
        ]
    )
    routes = [mandate.person.routes.get() for mandate in mandates]
    addresses = [parse(route.value) for route in routes]
    rows = []
    for one, submission in enumerate(submissions):
        which, place = one % len(mandates), one // len(mandates)
        rows.append(
            Letter(
                submission=submission,
                campaign=campaign,
                supporter=submission.supporter,
                person=mandates[which].person,
                mandate=mandates[which],
                route=routes[which],
                language="en",
                subject="Please keep line 42",
                body="Please keep line 42.",
                status="confirmed",
                confirmed_at=now,
                address_hash=addresses[which].hash,
                domain=addresses[which].domain,
                slot=now + timedelta(days=place // 100, minutes=14.4 * (place % 100)),
            )
        )
    Letter.objects.bulk_create(rows, batch_size=2_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
