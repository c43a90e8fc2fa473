"""Reports of the world, at the level of rows: order, repeats and batches change nothing, and nobody else's row."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent
from django.db import connection, connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Suppression
from mailer import headers, invariants, tracking
from mailer.models import Delivery, DeliveryEvent
from mailer.signals import delivery_settled
from mailer.tracking import applying
from tests.factories import make_delivery, make_message, unique_address

pytestmark = pytest.mark.django_db
Status = Delivery.Status
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(
    delivery: Delivery | None, type: str = "delivered", at: int = 0, code: str = "", **fields: Any
) -> AnymailTrackingEvent:
    """What Anymail makes of a provider's post."""
    return AnymailTrackingEvent(
        **{
            "event_type": type,
            "timestamp": NOON + timedelta(seconds=at),
            "event_id": None,
            "message_id": "",
            "recipient": delivery.address if delivery else "somebody@example.org",
            "metadata": {"delivery_id": str(delivery.pk)} if delivery else {},
            "mta_response": code and f"550 {code} no",
            "esp_event": {},
            **fields,
        }
    )


def keep(*events: AnymailTrackingEvent) -> None:
    tracking.keep(events, "mailgun")


def row(delivery: Delivery) -> dict[str, Any]:
    """Everything the reports decide."""
    return Delivery.objects.values(
        "status", "reason", "sent_at", "delivered_at", "deferred_at", "bounced_at", "bounce_class", "bounce_code",
        "complained_at", "opened_at", "clicked_at",
    ).get(pk=delivery.pk)  # fmt: skip


TYPES = [
    "queued",
    "delivered",
    "deferred",
    "bounced",
    "rejected",
    "complained",
    "opened",
    "clicked",
    "unsubscribed",
]
reports = st.tuples(
    st.sampled_from(TYPES), st.integers(0, 5), st.sampled_from(["", "5.1.1", "5.2.2", "4.7.1"])
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=st.lists(reports, min_size=1, max_size=7, unique_by=lambda fact: fact[:2]),
    status=st.sampled_from([Status.UNKNOWN, Status.SENT, Status.FAILED]),
    data=st.data(),
)
def test_the_row_depends_on_the_set_of_reports_only(facts, status, data):
    rows = []
    for _history in range(2):
        sent_at = NOON if status == Status.SENT else None
        delivery = make_delivery(kind="system", status=status, sent_at=sent_at, reason="x")
        posts = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=4))))
        for fact in posts:
            keep(event(delivery, *fact))
            if data.draw(st.booleans()):
                tracking.apply_all()
        tracking.apply_all(parked=True)
        suppressed = Suppression.objects.filter(address_hash=bytes(delivery.address_hash))
        rows.append((row(delivery), set(suppressed.values_list("reason", flat=True))))
    assert rows[0] == rows[1]
    assert not [found for found in invariants.check_all() if found.ids]


def test_what_reports_settle_was_sent_when_the_earliest_of_them_says():
    delivery = make_delivery(status=Status.UNKNOWN)
    for type, at in [("opened", 9), ("delivered", 3), ("clicked", 5)]:
        keep(event(delivery, type, at))
        tracking.apply_all()
    assert row(delivery)["sent_at"] == NOON + timedelta(seconds=3)


@pytest.fixture
def heard() -> Iterator[list[tuple[int, str]]]:
    """What the apps above are told."""
    changes: list[tuple[int, str]] = []

    def listen(sender: Any, delivery: Delivery, change: str, **kwargs: Any) -> None:
        changes.append((delivery.pk, change))

    delivery_settled.connect(listen)
    yield changes
    delivery_settled.disconnect(listen)


@pytest.mark.django_db(transaction=True)
def test_the_apps_above_hear_that_a_report_settled_the_unknown(heard):
    delivery = make_delivery(status=Status.UNKNOWN)
    keep(event(delivery, "opened"))
    tracking.apply_all()
    assert heard == [(delivery.pk, "sent")]
    assert list(delivery.events.filter(provider="").values_list("type", flat=True)) == ["queued", "settled"]


@pytest.mark.django_db(transaction=True)
def test_two_appliers_at_once_bring_each_report_home_once(monkeypatch, heard):
    monkeypatch.setattr(applying, "BATCH", 7)
    people = [unique_address() for _ in range(12)]
    message = make_message()
    deliveries = [
        make_delivery(person, kind="system", message=message, status=Status.UNKNOWN)
        for person in [*people, *reversed(people)]
    ]
    keep(*[event(delivery, "bounced", code="5.1.1") for delivery in deliveries])
    keep(*[event(delivery, "complained") for delivery in reversed(deliveries)])
    start = threading.Barrier(3)
    failures: list[Exception] = []

    def work() -> None:
        start.wait()
        try:
            tracking.apply_all()
        except Exception as error:
            failures.append(error)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert DeliveryEvent.objects.filter(applied_at=None).count() == 0
    wanted = {
        (delivery.pk, change) for delivery in deliveries for change in ("sent", "bounced", "complained")
    }
    assert set(heard) == wanted
    assert len(heard) == len(wanted)
    assert Suppression.objects.count() == 2 * len(people)
    assert not [found for found in invariants.check_all() if found.ids]


def sent(message_id: str) -> Delivery:
    return make_delivery(status=Status.SENT, sent_at=timezone.now(), provider_message_id=message_id)


def test_a_report_whose_message_id_is_anothers_does_not_touch_the_delivery_it_names():
    victim, other = sent("<a@epistle.example>"), sent("<b@epistle.example>")
    keep(event(victim, "complained", message_id="<forged@evil.example>"))
    keep(event(victim, "bounced", message_id="<b@epistle.example>"))
    tracking.apply_all(parked=True)
    assert (row(victim)["complained_at"], row(victim)["bounced_at"]) == (None, None)
    assert row(other)["bounced_at"] is not None
    assert (
        DeliveryEvent.objects.filter(type="complained", parked_at__isnull=False, applied_at=None).count() == 1
    )


def test_a_message_id_that_many_share_names_nobody_by_itself():
    batch = [sent("<batch@epistle.example>") for _ in range(3)]
    keep(event(None, "complained", message_id="<batch@epistle.example>"))
    keep(event(batch[1], "delivered", message_id="<batch@epistle.example>"))
    tracking.apply_all()
    assert [row(one)["complained_at"] for one in batch] == [None, None, None]
    assert [row(one)["delivered_at"] is not None for one in batch] == [False, True, False]


def test_our_own_message_id_names_its_delivery_whatever_number_the_provider_gave_the_batch():
    batch = [sent("<batch@epistle.example>") for _ in range(2)]
    for delivery in batch:
        keep(event(delivery, "delivered", message_id=headers.message_id_for(delivery.pk)))
    keep(event(None, "opened", message_id=headers.message_id_for(batch[0].pk)))
    # Not the number beside it, which anybody could have put there.
    keep(event(batch[0], "complained", message_id=headers.message_id_for(batch[1].pk)))
    tracking.apply_all()
    assert [row(one)["delivered_at"] for one in batch] == [NOON, NOON]
    assert [row(one)["opened_at"] is not None for one in batch] == [True, False]
    assert [row(one)["complained_at"] is not None for one in batch] == [False, True]


def test_reports_for_nobody_do_not_stand_before_a_parked_one_whose_delivery_turns_up(monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 2)
    keep(*[event(None, at=number, message_id=f"<{number}@elsewhere>") for number in range(5)])
    delivery = make_delivery(status=Status.SENT, sent_at=NOON)
    keep(event(None, message_id="<late@epistle.example>"))
    tracking.apply_all()
    Delivery.objects.filter(pk=delivery.pk).update(provider_message_id="<late@epistle.example>")
    tracking.apply_all(parked=True)
    assert row(delivery)["delivered_at"] == NOON
    assert DeliveryEvent.objects.filter(parked_at__isnull=False, applied_at=None).count() == 5


def test_a_batch_asks_no_question_per_report(django_assert_max_num_queries):
    deliveries = [sent(f"<{number}@epistle.example>") for number in range(30)]
    keep(*[event(delivery, type) for delivery in deliveries for type in ("delivered", "opened", "clicked")])
    with django_assert_max_num_queries(15):
        tracking.apply_all()
    assert not Delivery.objects.filter(clicked_at=None).exists()


def test_reports_find_their_delivery_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + applying._WAITING, [0, 10, [], []])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "delivery_provider_id" in plan
    assert "Seq Scan" not in plan


def nested(depth: int) -> Any:
    value: Any = []
    for _level in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "fields",
    [
        {"message_id": "<a\0b@x>"},
        {"message_id": "<\ud800@x>"},
        {"recipient": "\ud800@example.org"},
        {"esp_event": {"a": "\ud800", "b\0": ["\0"], "literal": "\\u0000"}},
        {"esp_event": {"a": float("nan"), "b": float("-inf"), "c": NOON}},
        {"esp_event": nested(100_000)},
        {"esp_event": None},
        {"metadata": ["\ud800"]},
        {"timestamp": None, "event_id": "\ud800"},
    ],
)
def test_whatever_stands_in_a_report_it_can_be_kept(fields):
    keep(event(sent("<a@x>"), **fields))
    assert DeliveryEvent.objects.filter(type="delivered").count() == 1
    tracking.apply_all(parked=True)
