"""What only real processes can show: a worker that dies, a broker that forgets, a provider that plays tricks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest
import redis
from django.conf import settings

from mailer import invariants
from mailer.models import Delivery
from sandbox.client import SandboxClient
from tests.factories import make_delivery
from tests.processes import LiveService

pytestmark = pytest.mark.processes
Status = Delivery.Status
# Compressed time: what takes minutes in production takes seconds here.
QUICK = {"DELIVERY_LEASE_SECONDS": "4", "SWEEP_SECONDS": "1", "MAIL_TIMEOUT": "3"}


def wait_for(done: Callable[[], bool], patience: float = 45.0) -> None:
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
