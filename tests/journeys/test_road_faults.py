"""What a provider and a relay do wrong, seen by real workers: F6, F7 and F25 along both roads."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from mailer import invariants
from mailer.mailings import running
from mailer.models import Delivery, Mailing
from sandbox.client import SandboxClient
from tests.factories import (
    make_audience,
    make_contact,
    make_mailing,
    make_sender,
    make_subscription,
    make_user,
)
from tests.journeys.test_mailing_faults import is_, provider, service, states, wait_for
from tests.processes import LiveService

__all__ = ["provider", "service"]

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
Status = Delivery.Status


def send(road: str, *special: str, people: int = 60) -> Mailing:
    """A mailing to so many people, and to those whose addresses ask for something special."""
    mailing = make_mailing(sender=make_sender(road=road))
    make_audience(mailing, people)
    for address in special:
        make_subscription(make_contact(address), mailing.mailing_list)
    running.schedule(mailing, timezone.now(), "UTC", make_user())
    return mailing


def taken(client: SandboxClient) -> Counter[str]:
    return Counter(entry["recipient"] for entry in client.accepted())


def status_of(address: str) -> str:
    return Delivery.objects.values_list("status", flat=True).get(address=address)


def assert_sound(mailing: Mailing, client: SandboxClient) -> None:
    """Nobody twice, everybody in one state, and whoever was accepted is sent, or unknown."""
    found = taken(client)
    assert set(found.values()) == {1}
    rows = dict(Delivery.objects.filter(mailing=mailing).values_list("address", "status"))
    assert all(rows[address] in (Status.SENT, Status.UNKNOWN) for address in found)
    assert all(address in found for address, status in rows.items() if status == Status.SENT)
    assert [one for one in invariants.check_all() if one.ids] == []


def test_what_goes_wrong_on_either_road_concerns_only_whom_it_is_about(
    service: LiveService, provider: SandboxClient
):
    service.start_web()
    service.start_beat()
    service.start_worker("events")
    service.start_worker("mailings", concurrency=2)

    # F7: a call refused whole for one address; everybody else of it is sent theirs, once.
    provider.switch("status", status=400, recipient="bad-*")
    refused = send("api", "bad-1@x.example", "bad-2@x.example")
    wait_for(is_(refused, Mailing.Status.SENT), refused)
    assert states(refused) == {Status.SENT: 60, Status.FAILED: 2}
    assert_sound(refused, provider)
    provider.reset()

    # F7 by SMTP: a refusal at RCPT is a bounce of that address.
    by_relay = send("smtp", "reject-1@x.example", people=120)
    wait_for(is_(by_relay, Mailing.Status.SENT), by_relay)
    assert states(by_relay) == {Status.SENT: 120, Status.FAILED: 1}
    turned_down = Delivery.objects.filter(address="reject-1@x.example", bounced_at__isnull=False)
    wait_for(turned_down.exists, by_relay)
    assert (turned_down.get().bounce_class, turned_down.get().bounce_code) == ("block", "5.7.1")
    assert_sound(by_relay, provider)
    provider.reset()

    # F6: accepted, and the answer lost. Nobody is asked for again; the provider's own reports settle it.
    for road in ("api", "smtp"):
        provider.switch("accept_then_close", times=1)
        lost = send(road)
        wait_for(is_(lost, Mailing.Status.SENT), lost)
        accepted = Delivery.objects.filter(mailing=lost, address__in=list(taken(provider)))
        wait_for(lambda proven=accepted: not proven.exclude(status=Status.SENT).exists(), lost)
        assert accepted.exists()
        assert_sound(lost, provider)
        provider.reset()

    # F25: the key is revoked. The mailing stands still, and nobody has lost an attempt.
    provider.switch("status", status=401)
    locked = send("api")
    wait_for(is_(locked, Mailing.Status.PAUSED), locked)
    locked.refresh_from_db()
    assert "401" in locked.paused_because
    assert set(Delivery.objects.filter(mailing=locked).values_list("status", "attempts")) == {
        (Status.QUEUED, 0)
    }
    assert not taken(provider)
