"""What only real processes can show of a mailing: workers that die, a broker that forgets, a database that restarts,
people who leave while it runs."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from contacts import erasing, subscriptions, suppressions
from contacts.models import Contact, Suppression
from contacts.registry import Person
from mailer import invariants
from mailer.mailings import running
from mailer.models import Delivery, Mailing, MailingChunk
from sandbox.client import SandboxClient
from tests.factories import make_audience, make_mailing, make_sender, make_user
from tests.journeys.test_faults import end_database_sessions
from tests.processes import LiveProcess, LiveService

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
Status = Delivery.Status
# Compressed time: what takes minutes in production takes seconds here.
QUICK = {
    "DELIVERY_LEASE_SECONDS": "4",
    "MAILING_LEASE_SECONDS": "4",
    "MAILING_TICK_SECONDS": "1",
    "MAILING_UNDO_SECONDS": "0",
    "MAILING_CHUNK": "100",
    "SWEEP_SECONDS": "1",
    "MAIL_TIMEOUT": "3",
}
# Where an answer is held back and still comes in time: a busy machine may be long between the two.
PATIENT = {"MAIL_TIMEOUT": "20", "MAILING_LEASE_SECONDS": "30", "DELIVERY_LEASE_SECONDS": "30"}


@pytest.fixture
def service(live_service: LiveService) -> LiveService:
    live_service.environment.update(QUICK)
    return live_service


@pytest.fixture
def provider(service: LiveService) -> SandboxClient:
    service.start_sandbox("--event-delay", "0.1")
    return SandboxClient(service.sandbox_url)


def send(people: int, per_second: int = 0) -> Mailing:
    """A mailing to so many people on its way; the clock of the service starts it."""
    mailing = make_mailing(sender=make_sender(per_second=per_second))
    make_audience(mailing, people)
    running.schedule(mailing, timezone.now(), "UTC", make_user())
    return mailing


def states(mailing: Mailing) -> Counter[str]:
    return Counter(Delivery.objects.filter(mailing=mailing).values_list("status", flat=True))


def wait_for(done: Callable[[], bool], mailing: Mailing, patience: float = 180.0) -> None:
    deadline = time.monotonic() + patience
    while not done():
        mailing.refresh_from_db()
        assert time.monotonic() < deadline, f"not in time; {mailing.status}: {states(mailing)}"
        time.sleep(0.1)


def is_(mailing: Mailing, status: str) -> Callable[[], bool]:
    return lambda: Mailing.objects.filter(pk=mailing.pk, status=status).exists()


def accepted(provider: SandboxClient) -> Counter[str]:
    """How often the provider accepted each delivery, by the provider's own log."""
    return Counter(entry["variables"]["delivery_id"] for entry in provider.accepted())


def assert_sound(mailing: Mailing, provider: SandboxClient) -> None:
    """Nobody twice, and the ledger says of everybody what the provider's own log says."""
    taken = accepted(provider)
    assert set(taken.values()) <= {1}
    for pk, status in Delivery.objects.filter(mailing=mailing).values_list("pk", "status"):
        if status == Status.SENT:
            assert taken[str(pk)] == 1
        elif status != Status.UNKNOWN:
            assert taken[str(pk)] == 0
    assert [found for found in invariants.check_all() if found.ids] == []


def children(worker: LiveProcess) -> list[int]:
    """The processes of a worker that do the work."""
    return [int(pid) for pid in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()]


def test_workers_killed_again_and_again_mail_nobody_twice_and_forget_nobody(service, provider):
    """F1: SIGKILL at any moment, while the others go on; what had been asked and not settled is unknown."""
    service.start_web()
    service.start_beat()
    service.start_worker("events")
    worker = service.start_worker("mailings", concurrency=2)
    mailing = send(800, per_second=200)
    wait_for(lambda: MailingChunk.objects.filter(sent__gt=0).exists(), mailing)
    seed = random.randrange(10**6)
    chance, kills = random.Random(seed), 0
    deadline = time.monotonic() + 180
    while not is_(mailing, Mailing.Status.SENT)():
        if kills < 25 and (found := children(worker)):
            os.kill(chance.choice(found), signal.SIGKILL)
            kills += 1
        time.sleep(chance.uniform(0.05, 0.4))
        assert time.monotonic() < deadline, f"seed {seed}, {kills} kills: {states(mailing)}"
    # What the provider took, its reports prove; what never reached it stays unknown, for a person.
    taken = accepted(provider)
    proven = Delivery.objects.filter(mailing=mailing, status=Status.UNKNOWN, pk__in=[int(pk) for pk in taken])
    wait_for(lambda: not proven.exists(), mailing)
    assert kills > 5
    assert states(mailing).total() == 800
    assert_sound(mailing, provider)


def test_a_worker_killed_while_asking_or_before_it_could_store_the_answer_leaves_one_window_unknown(
    service, provider
):
    """F1: the two deterministic points. The oracle is the provider's log."""
    provider.switch("events_off")
    provider.switch("hold", times=1)
    service.start_beat()
    service.start_worker("events")
    worker = service.start_worker("mailings")
    mailing = send(250, per_second=50)
    provider.wait_held()
    worker.kill()  # the provider has them and has not said so
    provider.release()
    provider.switch("hold", times=1)
    second = service.start_worker("mailings")
    provider.wait_held()
    with transaction.atomic():
        # The answer comes and cannot be stored: its chunk is locked.
        assert MailingChunk.objects.select_for_update().filter(asked_to__isnull=False).exists()
        provider.release()
        time.sleep(0.5)
        second.kill()
    service.start_worker("mailings")
    wait_for(is_(mailing, Mailing.Status.SENT), mailing)
    found, taken = states(mailing), accepted(provider)
    assert found[Status.UNKNOWN] > 1
    assert found[Status.UNKNOWN] + found[Status.SENT] == 250
    for pk in Delivery.objects.filter(status=Status.UNKNOWN).values_list("pk", flat=True):
        assert taken[str(pk)] <= 1
    assert_sound(mailing, provider)


def test_a_broker_that_forgets_a_database_that_restarts_and_a_worker_that_is_stopped_lose_nothing(
    service, provider
):
    """F2, F3 and F20 on one mailing."""
    service.environment.update(PATIENT)
    provider.switch("events_off")
    service.start_beat()
    service.start_worker("events")
    worker = service.start_worker("mailings")
    mailing = send(600, per_second=100)
    wait_for(lambda: MailingChunk.objects.filter(sent__gt=0).exists(), mailing)
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.flushall()
    sent = states(mailing)[Status.SENT]
    wait_for(lambda: states(mailing)[Status.SENT] > sent + 50, mailing)

    provider.switch("hold", times=1)
    provider.wait_held()
    end_database_sessions()
    provider.release()
    wait_for(lambda: states(mailing)[Status.SENT] > sent + 150, mailing)

    began = time.monotonic()
    assert worker.stop(patience=40) == 0
    assert time.monotonic() - began < 30
    assert not MailingChunk.objects.filter(status="working").exists()
    service.start_worker("mailings")
    wait_for(is_(mailing, Mailing.Status.SENT), mailing)
    assert states(mailing) == {Status.SENT: 600}
    assert set(accepted(provider).values()) == {1}
    assert_sound(mailing, provider)


def test_a_pause_a_cancel_and_people_who_leave_take_effect_while_it_runs(service, provider):
    """F13, F14 and F15: nothing is asked after the commit of what forbids it."""
    provider.switch("events_off")
    service.start_beat()
    service.start_worker("events")
    service.start_worker("mailings", concurrency=2)
    mailing = send(900, per_second=50)
    wait_for(lambda: MailingChunk.objects.filter(sent__gt=0).exists(), mailing)
    said = leave(mailing, 60)

    running.pause(mailing, make_user())
    paused_at = now()
    wait_for(lambda: not MailingChunk.objects.filter(status="working").exists(), mailing)
    time.sleep(2.5)  # two ticks of the clock
    assert not Delivery.objects.filter(mailing=mailing, asked_at__gt=paused_at).exists()
    assert not MailingChunk.objects.filter(status="working").exists()
    sent = states(mailing)[Status.SENT]
    running.resume(mailing, make_user())
    wait_for(lambda: states(mailing)[Status.SENT] > sent + 50, mailing)
    wait_for(lambda: states(mailing)[Status.SUPPRESSED] > 0, mailing)

    running.cancel(mailing, make_user(), "enough")
    cancelled_at = now()
    wait_for(lambda: Mailing.objects.get().finished_at is not None, mailing)
    assert not Delivery.objects.filter(mailing=mailing, asked_at__gt=cancelled_at).exists()
    rows = {row.contact_id: row for row in Delivery.objects.filter(mailing=mailing)}
    assert all(rows[pk].asked_at is None or rows[pk].asked_at <= at for pk, at in said.items())
    found = states(mailing)
    assert found[Status.SUPPRESSED] > 0
    assert found[Status.CANCELLED] > 100
    assert found.total() == 900
    assert_sound(mailing, provider)


def leave(mailing: Mailing, people: int) -> dict[int, object]:
    """So many people unsubscribe, complain or are erased; when each of it was committed.

    They stand all over the queue: workers who go through it meanwhile come to some too early and to others too late.
    """
    waiting = Delivery.objects.filter(mailing=mailing, status=Status.QUEUED).order_by("pk")
    queue = list(waiting.values_list("contact", flat=True))
    said: dict[int, object] = {}
    for number, pk in enumerate(queue[:: len(queue) // people][:people]):
        contact = Contact.objects.get(pk=pk)
        address_hash = bytes(contact.address_hash)
        match number % 3:
            case 0:
                subscriptions.unsubscribe(contact, mailing.mailing_list, source="test")
            case 1:
                suppressions.suppress(address_hash, Suppression.Reason.COMPLAINT)
            case _:
                erasing.erase(Person(key=contact.address_key, hash=address_hash, contact=contact))
        said[pk] = now()
    return said


def now() -> object:
    """The clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
