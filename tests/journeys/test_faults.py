"""What only real processes can show: a worker that dies, a broker that forgets, a provider that plays tricks."""

from __future__ import annotations

import base64
import json
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
import redis
import requests
from django.conf import settings
from django.db import connection

from mailer import invariants
from mailer.models import Delivery, DeliveryEvent
from sandbox.client import SandboxClient
from tests.factories import make_delivery, make_message
from tests.processes import LiveService

pytestmark = pytest.mark.processes
Status = Delivery.Status
# Compressed time: what takes minutes in production takes seconds here.
QUICK = {"DELIVERY_LEASE_SECONDS": "4", "SWEEP_SECONDS": "1", "MAIL_TIMEOUT": "3"}
# Where an answer is held back and still comes in time: a busy machine may be long between the two.
PATIENT = {"DELIVERY_LEASE_SECONDS": "60", "MAIL_TIMEOUT": "30"}


def wait_for(done: Callable[[], bool], patience: float = 90.0) -> None:
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline, f"not in time; deliveries: {states()}"
        time.sleep(0.1)


def states() -> Counter[str]:
    return Counter(Delivery.objects.values_list("status", flat=True))


def broken() -> list[invariants.Violation]:
    return [found for found in invariants.check_all() if found.ids]


@pytest.fixture
def service(live_service: LiveService) -> LiveService:
    live_service.environment.update(QUICK)
    return live_service


@pytest.fixture
def provider(service: LiveService) -> SandboxClient:
    service.start_sandbox("--event-delay", "0.1")
    return SandboxClient(service.sandbox_url)


def accepted(provider: SandboxClient) -> Counter[str]:
    """How often the provider accepted each delivery, by the provider's own log."""
    return Counter(entry["variables"]["delivery_id"] for entry in provider.accepted())


def test_a_worker_killed_while_the_answer_is_held_leaves_one_unknown_which_its_event_settles(
    service, provider
):
    service.start_web()
    service.start_beat()
    service.start_worker("events", "confirmations")
    provider.switch("events_off", recipient="held@office.example")
    provider.switch("hold", recipient="held@office.example", times=1)
    victim = service.start_worker("letters")
    held = make_delivery("held@office.example")
    provider.wait_held()
    waiting = [make_delivery() for _ in range(4)]
    victim.kill()
    service.start_worker("letters")
    wait_for(lambda: states() == {Status.SENT: len(waiting), Status.UNKNOWN: 1})
    held.refresh_from_db()
    assert held.status == Status.UNKNOWN
    assert accepted(provider)[str(held.pk)] == 1  # the provider has it: sending again would be twice

    provider.switch_off("events_off", "held@office.example")
    provider.post_events(recipient="held@office.example", events=["delivered"])
    wait_for(lambda: states() == {Status.SENT: len(waiting) + 1})
    held.refresh_from_db()
    assert held.delivered_at is not None
    assert set(accepted(provider).values()) == {1}
    assert not broken()


def test_a_broker_that_forgets_everything_loses_nothing(service, provider):
    deliveries = [make_delivery() for _ in range(20)]
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        assert broker.llen("letters") == len(deliveries)
        broker.flushall()
    service.start_beat()
    service.start_worker("letters", "events", concurrency=2)
    wait_for(lambda: states() == {Status.SENT: len(deliveries)})
    assert accepted(provider) == {str(delivery.pk): 1 for delivery in deliveries}
    assert not broken()


def test_whatever_the_provider_does_nobody_is_mailed_twice_and_nobody_is_lost(service, provider):
    service.start_web()
    service.start_beat()
    provider.switch("accept_then_close", recipient="close*")
    provider.switch("accept_then_500", recipient="error*")
    provider.switch("garbage", recipient="garbage*")
    provider.switch("status", recipient="later*", status=429, retry_after=1, times=2)
    provider.switch("events_early", recipient="early*")
    provider.switch("events_doubled", recipient="double*")
    names = ["close", "error", "garbage", "later", "early", "double", "plain"]
    deliveries = [make_delivery(f"{name}{number}@office.example") for name in names for number in range(2)]
    service.start_worker("letters", concurrency=2)
    service.start_worker("events")
    wait_for(lambda: states() == {Status.SENT: len(deliveries)})
    wait_for(lambda: Delivery.objects.filter(delivered_at=None).count() == 0)
    assert accepted(provider) == {str(delivery.pk): 1 for delivery in deliveries}
    assert not broken()


def end_database_sessions() -> None:
    """What a restart of PostgreSQL does to everybody else's connections."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_an_answer_that_comes_while_the_database_restarts_is_stored_and_workers_reconnect(service, provider):
    provider.switch("hold", recipient="held@office.example", times=1)
    provider.switch("events_off")
    service.start_worker("letters", **PATIENT)
    held = make_delivery("held@office.example")
    provider.wait_held()
    waiting = [make_delivery() for _ in range(3)]
    end_database_sessions()
    provider.release()
    wait_for(lambda: states() == {Status.SENT: len(waiting) + 1})
    held.refresh_from_db()
    assert held.provider_message_id
    assert accepted(provider) == {str(delivery.pk): 1 for delivery in [held, *waiting]}
    assert not broken()


def test_a_worker_asked_to_stop_finishes_its_request_and_takes_no_other(service, provider):
    provider.switch("hold", recipient="held@office.example", times=1)
    provider.switch("events_off")
    worker = service.start_worker("letters", **PATIENT)
    held = make_delivery("held@office.example")
    provider.wait_held()
    next_one = make_delivery()
    worker.signal(signal.SIGTERM)
    worker.wait_for_output("Warm shutdown")
    provider.release()
    assert worker.stop(patience=60) == 0
    held.refresh_from_db()
    next_one.refresh_from_db()
    assert (held.status, next_one.status) == (Status.SENT, Status.QUEUED)


def test_no_log_and_no_broker_message_of_a_whole_run_names_anybody(service, provider):
    """I10 on real processes: a delivery, a bounce, a lost answer, a refusal, an event for nobody and a crash of ours."""
    people = [
        "ann.lee@office.example",
        "bo.diaz@office.example",
        "close.me@office.example",
        "no.thanks@office.example",
    ]
    secrets = [*people, "ann.lee", "Zoë Quill", "Quill", "Save the heron", "Dear Member, the herons"]
    provider.switch("accept_then_close", recipient="close.me@*")
    provider.switch("status", recipient="no.thanks@*", status=400)
    message = make_message(
        subject="Save the heron",
        text="Dear Member, the herons\n",
        from_name="Zoë Quill",
        reply_to="zoe.quill@x.example",
    )
    for person in people:
        make_delivery(person, message=message)
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        rung = broker.lrange("letters", 0, -1)
    assert len(rung) == len(people)
    for entry in rung:
        task = json.loads(entry)
        arguments, keywords, _embedded = json.loads(base64.b64decode(task["body"]))
        assert [type(argument) for argument in arguments] == [int]
        assert keywords == {}
        assert not [secret for secret in secrets if secret in json.dumps(task, ensure_ascii=False)]

    service.start_web()
    service.start_beat()
    service.start_worker()
    ended = {Status.SENT: 3, Status.FAILED: 1}
    wait_for(lambda: states() == ended)
    requests.post(f"{service.site_url}/webhooks/mailgun/tracking/", json={"recipient": people[0]}, timeout=10)
    requests.get(f"{service.site_url}/en/confirm/token-of-ann.lee/", timeout=10)
    wait_for(lambda: Delivery.objects.filter(delivered_at=None, status=Status.SENT).count() == 0)
    service.stop()
    for log in service.folder.glob("*.log"):
        if log.name != "sandbox.log":  # the provider's own side
            written = log.read_text(errors="replace")
            assert written
            assert not [secret for secret in [*secrets, "token-of"] if secret in written], log.name
    kept = [
        *Delivery.objects.values_list("reason", flat=True),
        *DeliveryEvent.objects.values_list("detail", flat=True),
    ]
    assert not [secret for secret in secrets if secret in "\n".join(kept)]
