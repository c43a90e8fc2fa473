"""What a confirmation costs with many letters waiting, what planning a queue anew costs, and what a dispatch costs.

    python benchmarks/bench_pace.py [--waiting 10000]

Runs on a database of its own. Prints one JSON line of medians in milliseconds: `limit_ms` (a confirmation with nothing
waiting), `confirm_ms` (one with so many waiting for the same address) and their `ratio`, the measure that matters;
`confirm_5_ms` (five letters, twice as many waiting in the domain), `plan_anew_ms` (the whole queue of one address) and
`dispatch_ms` (a letter).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.database import empty_database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--waiting", type=int, default=10_000)
    options = parser.parse_args()
    with empty_database():
        print(json.dumps(measured(options.waiting)))


def measured(waiting: int, rounds: int = 20) -> dict[str, object]:
    from advocacy import letters, pace
    from advocacy.models import Letter
    from tests.factories import make_campaign, make_legislature, make_mandate, make_submission

    campaign, house = make_campaign(per_domain_hour=10_000, per_domain_day=100_000), make_legislature()
    mandates = [make_mandate(house) for _number in range(100)]

    def confirm(number: int) -> float:
        def once() -> float:
            submission = make_submission(campaign, mandates[:number])
            return timed(lambda: letters.confirm(submission))

        return median(once() for _number in range(rounds))

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
    return {
        "benchmark": "pace",
        "waiting": waiting,
        "limit_ms": round(empty, 1),
        "confirm_ms": round(busy, 1),
        "ratio": round(busy / empty, 2),
        "confirm_5_ms": round(five, 1),
        "plan_anew_ms": round(anew, 1),
        "dispatch_ms": round(each, 1),
        "dispatched": left,
    }


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
    main()
