"""The audit finds each kind of broken ledger, and nothing in a sound one. Violations are planted behind the code's back."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from contacts import suppressions
from contacts.models import Suppression
from mailer import sending, tracking
from mailer.models import Delivery, DeliveryEvent
from tests.factories import make_delivery

pytestmark = pytest.mark.django_db
Fact = DeliveryEvent.Type


def plant(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def audit() -> dict[str, list[int]]:
    """What `manage.py audit --json` prints, by the invariant's number; it fails if and only if one is broken."""
    written, failure = StringIO(), None
    try:
        call_command("audit", "--json", stdout=written)
    except CommandError as error:
        failure = error
    broken = {name: ids for name, ids in json.loads(written.getvalue()).items() if ids}
    assert (failure is not None) == bool(broken)
    if failure is not None:
        assert failure.returncode == 1
        assert next(iter(broken)) in str(failure)
    return {name.split()[0]: ids for name, ids in broken.items()}


def report(delivery: Delivery, type: str = "delivered", **fields: object) -> DeliveryEvent:
    return DeliveryEvent.objects.create(
        event_key=f"{delivery.pk}-{type}",
        **{
            "type": type,
            "occurred_at": timezone.now(),
            "provider": "mailgun",
            "delivery_ref": delivery.pk,
            **fields,
        },
    )


def without_state(delivery: Delivery) -> None:
    plant("UPDATE mailer_delivery SET status = 'sent', sent_at = NULL WHERE id = %s", delivery.pk)


def without_known_state(delivery: Delivery) -> None:
    plant("SET CONSTRAINTS ALL IMMEDIATE")
    plant("ALTER TABLE mailer_delivery DROP CONSTRAINT delivery_status_known")
    plant("UPDATE mailer_delivery SET status = 'lost' WHERE id = %s", delivery.pk)


def without_lease(delivery: Delivery) -> None:
    plant("SET CONSTRAINTS ALL IMMEDIATE")
    plant("ALTER TABLE mailer_delivery DROP CONSTRAINT delivery_sending_has_lease")
    plant("UPDATE mailer_delivery SET status = 'sending' WHERE id = %s", delivery.pk)


def accepted_twice(delivery: Delivery) -> None:
    for _time in range(2):
        sending.record(delivery, Fact.ACCEPTED)


def failed_without_a_reason(delivery: Delivery) -> None:
    plant("UPDATE mailer_delivery SET status = 'failed', reason = '' WHERE id = %s", delivery.pk)


def asked_after_the_suppression(delivery: Delivery) -> None:
    suppressions.suppress(bytes(delivery.address_hash), Suppression.Reason.COMPLAINT)
    plant(
        "UPDATE mailer_delivery SET asked_at = clock_timestamp() + interval '1 s' WHERE id = %s", delivery.pk
    )


def date_without_a_report(delivery: Delivery) -> None:
    plant("UPDATE mailer_delivery SET delivered_at = now() WHERE id = %s", delivery.pk)


def opening_without_a_date(delivery: Delivery) -> None:
    report(delivery, "opened")
    tracking.apply_all()
    plant("UPDATE mailer_delivery SET opened_at = NULL WHERE id = %s", delivery.pk)


def unknown_though_proven(delivery: Delivery) -> None:
    report(delivery, "accepted")
    tracking.apply_all()
    plant("UPDATE mailer_delivery SET status = 'unknown' WHERE id = %s", delivery.pk)


def due_and_forgotten(delivery: Delivery) -> None:
    plant("UPDATE mailer_delivery SET due_at = now() - interval '6 minutes' WHERE id = %s", delivery.pk)


def lapsed_and_forgotten(delivery: Delivery) -> None:
    sending.claim(delivery.pk)
    plant("UPDATE mailer_delivery SET lease_until = now() - interval '6 minutes' WHERE id = %s", delivery.pk)


def report_nobody_looked_at(delivery: Delivery) -> None:
    report(delivery, received_at=timezone.now() - timedelta(minutes=6))


@pytest.mark.parametrize(
    ("break_it", "invariant"),
    [
        (without_state, "I1"),
        (without_known_state, "I1"),
        (without_lease, "I1"),
        (accepted_twice, "I2"),
        (failed_without_a_reason, "I3"),
        (asked_after_the_suppression, "I4"),
        (date_without_a_report, "I5"),
        (opening_without_a_date, "I5"),
        (unknown_though_proven, "I5"),
        (due_and_forgotten, "I6"),
        (lapsed_and_forgotten, "I6"),
        (report_nobody_looked_at, "F9"),
    ],
)
def test_the_audit_names_what_is_broken_and_the_row(break_it, invariant):
    delivery, sound = make_delivery(), make_delivery()
    assert audit() == {}
    break_it(delivery)
    found = audit()
    assert set(found) == {invariant}
    assert sound.pk not in found[invariant]
    if invariant != "F9":
        assert found[invariant] == [delivery.pk]


def test_a_sending_again_that_a_person_asked_for_breaks_nothing():
    delivery = make_delivery(status="sent", sent_at=timezone.now())
    for fact in (Fact.ACCEPTED, Fact.PUT_BACK, Fact.ACCEPTED):
        sending.record(delivery, fact)
    assert audit() == {}


def test_without_json_the_audit_prints_a_line_for_each_invariant(capsys):
    call_command("audit")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 7
    assert all(line.split()[0] == "0" for line in lines)
