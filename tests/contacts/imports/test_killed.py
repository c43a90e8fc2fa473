"""An import whose worker is killed: nobody is half written, and the next worker goes on (F19)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from contacts import suppressions
from contacts.addresses import parse
from contacts.imports import running
from contacts.models import Import, ImportBatch, Subscription, Suppression
from contacts.tasks import work_on_import
from tests.contacts.imports.hands import receive
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.processes import LiveProcess, LiveService

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
ROWS = 200_000
Status = Import.Status


def people() -> str:
    """A file with repeats, faults and refusals, in which some are known and some are suppressed."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["email", "name", "city", "status"])
    for number in range(ROWS):
        address = f"person{number - 1 if number % 50 == 49 else number}@example.org"
        if number % 100 == 50:
            address = address.replace("@", " at ")
        status = "unsubscribed" if number % 40 == 7 else "complained" if number % 400 == 11 else ""
        writer.writerow([address, f"Person {number}", f"City {number % 100}", status])
    return text.getvalue()


def know_some() -> None:
    news = make_mailing_list(slug="news")
    for number in range(0, 200, 2):
        person = make_contact(f"person{number * 900}@example.org", name="Old")
        left = Subscription.Status.UNSUBSCRIBED if number % 8 == 0 else Subscription.Status.CONFIRMED
        make_subscription(person, news, status=left)
    for number in range(1, 200, 20):
        suppressions.suppress(parse(f"person{number * 900}@example.org").hash, Suppression.Reason.COMPLAINT)


def outcome() -> dict[str, Any]:
    """Everything an import leaves but numbers and times."""
    questions = {
        "contacts": "SELECT address_key, name, attributes::text FROM contacts_contact",
        "subscriptions": "SELECT c.address_key, s.status, s.reason FROM contacts_subscription s"
        " JOIN contacts_contact c ON c.id = s.contact_id",
        "consents": "SELECT encode(address_hash, 'hex'), granted FROM contacts_consent",
        "suppressions": "SELECT encode(address_hash, 'hex'), reason, scope FROM contacts_suppression",
        "changes": "SELECT line, before::text, after::text FROM contacts_importchange",
    }
    found = {}
    with connection.cursor() as cursor:
        for name, question in questions.items():
            cursor.execute(
                f"SELECT count(*), md5(string_agg(row::text, '|' ORDER BY row::text)) FROM ({question}) row"  # noqa: S608
            )
            found[name] = cursor.fetchone()
    return found


def counts(run: Import) -> dict[str, int]:
    return {name: getattr(run, name) for name in Import.COUNTS}


def points() -> Iterator[tuple[str, float]]:
    """When the worker is killed: twice while it reads, three times while it merges; as parts of the whole."""
    yield from [("read", 0.1), ("read", 0.6), ("merge", 0.05), ("merge", 0.4), ("merge", 0.8)]


def come_to(worker: LiveProcess, run: Import, step: str, part: float) -> None:
    """Wait until so much of the step is done."""

    def there() -> bool:
        run.refresh_from_db()
        if step == "read":
            return run.status != Status.CHECKING or run.staged_rows >= part * ROWS
        done = ImportBatch.objects.filter(from_import=run).exclude(done_at=None).aggregate(n=Sum("rows"))["n"]
        return run.status != Status.RUNNING or (done or 0) >= part * ROWS

    worker.wait_until(there)


def prepared() -> Import:
    know_some()
    news = Subscription.objects.all()[:1].get().mailing_list
    return receive(people(), news)


def test_a_worker_killed_at_five_points_leaves_what_an_undisturbed_one_does(live_service: LiveService):
    run = prepared()
    for begin in (running.begin_check, running.begin_run):
        assert begin(run, ring=False)
        while running.work(run.pk):
            pass
        run.refresh_from_db()
    assert run.status == Status.DONE
    undisturbed, expected = outcome(), counts(run)
    assert min(found[0] for found in undisturbed.values()) > 0
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE contacts_contact, contacts_subscription, contacts_consent, contacts_suppression CASCADE"
        )

    news = run.mailing_list
    news.slug = "before"
    news.save(update_fields=["slug"])
    run = prepared()
    assert running.begin_check(run, ring=False)
    for step, part in points():
        if step == "merge" and _status(run) in {Status.CHECKING, Status.CHECKED}:
            # A quick worker may have come to the end of the check before it was killed.
            worker = _worker(live_service, run)
            worker.wait_until(lambda: _status(run) == Status.CHECKED)
            worker.kill()
            assert running.begin_run(run, ring=False)
        worker = _worker(live_service, run)
        come_to(worker, run, step, part)
        worker.kill()
    worker = _worker(live_service, run)
    worker.wait_until(lambda: _status(run) == Status.DONE)
    worker.stop()

    assert outcome() == undisturbed
    assert counts(run) == expected
    audit = json.loads(live_service.run("manage.py", "audit", "--json"))
    assert {name: ids for name, ids in audit.items() if ids} == {}


def _worker(service: LiveService, run: Import) -> LiveProcess:
    """A new worker; the dead one's lease has ended, as the sweeper would wait for."""
    Import.objects.filter(pk=run.pk).update(lease_until=None)
    worker = service.start_worker("imports")
    work_on_import.delay(run.pk)
    return worker


def _status(run: Import) -> str:
    run.refresh_from_db()
    return run.status
