"""Provider events, through Anymail's real webhook views: kept at once, order-free, never dropped, never forged."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import random
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils import timezone

from contacts import suppressions
from contacts.models import Suppression
from mailer import bounces, headers, invariants, sweeping, tracking
from mailer.models import Delivery, DeliveryEvent
from mailer.signals import delivery_settled
from tests.factories import make_delivery

pytestmark = pytest.mark.django_db
Status = Delivery.Status
_number = itertools.count(1)
NOW = time.time()


def payload(delivery: Delivery, event: str, *, at: float = NOW, **data: Any) -> dict[str, Any]:
    """What Mailgun posts: https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks"""
    token = f"token{next(_number)}"
    stamp = str(int(time.time()))
    key = django_settings.ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"].encode()
    return {
        "signature": {
            "timestamp": stamp,
            "token": token,
            "signature": hmac.new(key, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest(),
        },
        "event-data": {
            "id": f"id-{delivery.pk}-{event}-{at}",
            "event": event,
            "timestamp": at,
            "recipient": delivery.address,
            "user-variables": {"delivery_id": str(delivery.pk)},
            "message": {"headers": {"message-id": f"{delivery.pk}@epistle.example"}},
            **data,
        },
    }


def bounce(delivery: Delivery, code: str = "5.1.1", **data: Any) -> dict[str, Any]:
    status = {"code": 550, "message": f"550 {code} no", "description": ""}
    return payload(delivery, "failed", **{"severity": "permanent", "delivery-status": status, **data})


def post(client: Any, body: Any, **extra: Any) -> Any:
    raw = body if isinstance(body, str) else json.dumps(body)
    return client.post(reverse("mailgun_tracking"), raw, content_type="application/json", **extra)


def sent(**fields: Any) -> Delivery:
    return make_delivery(status=Status.SENT, sent_at=timezone.now(), **fields)


def test_an_event_may_name_our_message_id_where_the_provider_gave_a_batch_one_of_its_own(client):
    delivery = sent(provider_message_id="<the-batch@provider.example>")
    other = sent(provider_message_id="<the-batch@provider.example>")
    for of, claimed in [(delivery, headers.message_id(delivery)), (other, headers.message_id(delivery))]:
        named = {"message": {"headers": {"message-id": claimed.strip("<>")}}}
        post(client, payload(of, "delivered", **named))
    tracking.apply_all()
    delivery.refresh_from_db()
    other.refresh_from_db()
    assert delivery.delivered_at is not None
    assert other.delivered_at is None  # with somebody else's Message-ID it proves nothing


def test_a_delivered_event_becomes_the_date_of_delivery(client):
    delivery = sent()
    assert post(client, payload(delivery, "delivered")).status_code == 200
    assert tracking.apply_all() == 1
    delivery.refresh_from_db()
    assert delivery.delivered_at.timestamp() == pytest.approx(NOW, abs=0.001)


def test_an_event_settles_an_unknown_delivery_to_sent(client):
    delivery = make_delivery(status=Status.UNKNOWN, reason="x")
    post(client, payload(delivery, "delivered"))
    tracking.apply_all()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == (Status.SENT, "")
    assert delivery.sent_at is not None


def test_a_repeated_event_changes_nothing(client):
    delivery = sent()
    for _again in range(3):
        assert post(client, payload(delivery, "delivered")).status_code == 200
        tracking.apply_all()
    assert DeliveryEvent.objects.filter(type="delivered").count() == 1


def test_any_order_and_repetition_of_events_gives_the_same_rows(client):
    kinds = ["delivered", "opened", "clicked", "complained", "opened"]
    results = set()
    chance = random.Random(7)
    for _order in range(20):
        delivery = sent()
        posts = [payload(delivery, kind, at=NOW + place) for place, kind in enumerate(kinds)]
        posts += [bounce(delivery, "5.2.2", at=NOW + 9), bounce(delivery, "5.1.1", at=NOW + 8)]
        posts += chance.choices(posts, k=4)
        chance.shuffle(posts)
        for body in posts:
            post(client, body)
            if chance.random() < 0.3:
                tracking.apply_all()
        tracking.apply_all()
        row = Delivery.objects.values_list(
            "status",
            "delivered_at",
            "bounced_at",
            "bounce_class",
            "bounce_code",
            "complained_at",
            "opened_at",
            "clicked_at",
        ).get(pk=delivery.pk)
        results.add(row)
    assert len(results) == 1
    assert not [found for found in invariants.check_all() if found.ids]


def test_an_event_before_its_delivery_is_known_is_parked_and_brought_home_later(client):
    delivery = sent()
    body = payload(delivery, "delivered")
    body["event-data"]["user-variables"] = {}
    post(client, body)
    tracking.apply_all()
    assert DeliveryEvent.objects.get(type="delivered").parked_at is not None
    Delivery.objects.filter(pk=delivery.pk).update(provider_message_id=f"<{delivery.pk}@epistle.example>")
    sweeping.sweep()
    delivery.refresh_from_db()
    assert delivery.delivered_at is not None
    assert DeliveryEvent.objects.filter(applied_at=None).count() == 0


def test_an_event_for_nobody_stays_parked_and_stops_nothing(client):
    lost = payload(sent(), "delivered")
    lost["event-data"]["user-variables"] = {"delivery_id": "999999999"}
    delivery = sent()
    post(client, lost)
    post(client, payload(delivery, "delivered"))
    tracking.apply_all()
    delivery.refresh_from_db()
    assert delivery.delivered_at is not None


@pytest.mark.parametrize("reference", ["x", "1e3", "-1", "9" * 30, "٣", None, {"a": 1}])
def test_a_delivery_id_that_is_none_is_no_error(client, reference):
    body = payload(sent(), "delivered")
    body["event-data"]["user-variables"] = {"delivery_id": reference}
    assert post(client, body).status_code == 200
    tracking.apply_all()


def test_an_event_without_a_valid_signature_is_refused_and_changes_nothing(client):
    delivery = sent()
    body = payload(delivery, "complained")
    body["signature"]["signature"] = "0" * 64
    assert post(client, body).status_code == 400
    assert not DeliveryEvent.objects.filter(type="complained").exists()


def test_a_signature_seen_once_proves_no_other_event(client):
    delivery = sent()
    seen = payload(delivery, "delivered")
    forged = payload(delivery, "complained") | {"signature": seen["signature"]}
    assert post(client, seen).status_code == 200
    assert post(client, seen).status_code == 200
    assert post(client, forged).status_code == 400
    assert not DeliveryEvent.objects.filter(type="complained").exists()


def test_a_signature_of_last_week_proves_nothing(client):
    body = payload(sent(), "delivered")
    old = str(int(time.time()) - 7 * 86_400)
    key = django_settings.ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"].encode()
    signed = hmac.new(key, f"{old}t".encode(), hashlib.sha256).hexdigest()
    body["signature"] = {"timestamp": old, "token": "t", "signature": signed}
    assert post(client, body).status_code == 400


@pytest.mark.parametrize("raw", ["<xml/>", "", "[]", "null", '{"signature": 1}', "{" * 1000])
def test_what_is_no_event_is_refused_without_an_error_of_ours(client, raw):
    assert post(client, raw).status_code == 400
    assert client.post(reverse("postmark_tracking"), raw, content_type="application/json").status_code == 400


def test_a_signed_event_that_cannot_be_read_is_refused(client):
    body = payload(sent(), "delivered")
    body["event-data"] = {"timestamp": "never"}
    assert post(client, body).status_code == 400


@pytest.mark.parametrize("when", ["1e400", "NaN", "-1e20", "1e20"])
def test_a_date_that_is_none_is_refused_without_an_error_of_ours(client, when):
    raw = json.dumps(payload(sent(), "delivered", at=0.0)).replace('"timestamp": 0.0', f'"timestamp": {when}')
    assert post(client, raw).status_code == 400


def test_an_event_of_mailguns_older_form_is_kept(client):
    delivery = sent()
    signature = payload(delivery, "delivered")["signature"]
    form = {**signature, "event": "delivered", "Message-Id": "<x@y>", "delivery_id": str(delivery.pk)}
    assert client.post(reverse("mailgun_tracking"), form).status_code == 200
    assert DeliveryEvent.objects.filter(type="delivered").count() == 1


def test_postmark_needs_the_shared_secret(client, settings):
    delivery = sent()
    event = {
        "RecordType": "Delivery",
        "MessageID": "x",
        "Recipient": delivery.address,
        "DeliveredAt": "2026-11-22T03:00:00Z",
        "Metadata": {"delivery_id": str(delivery.pk)},
    }
    url = reverse("postmark_tracking")
    assert client.post(url, event, content_type="application/json").status_code == 400
    secret = "Basic c2FuZGJveDpzYW5kYm94LXdlYmhvb2stc2VjcmV0"
    assert (
        client.post(url, event, content_type="application/json", HTTP_AUTHORIZATION=secret).status_code == 200
    )
    tracking.apply_all()
    delivery.refresh_from_db()
    assert delivery.delivered_at is not None


def test_a_hard_bounce_suppresses_a_contact_but_never_a_representative(client):
    person, office = sent(kind="system"), sent(kind="letter")
    for delivery in (person, office):
        post(client, bounce(delivery))
    tracking.apply_all()
    assert suppressions.blocks(bytes(person.address_hash), Suppression.Scope.CONFIRMATIONS)
    assert suppressions.blocks(bytes(office.address_hash), Suppression.Scope.ALL) is None
    office.refresh_from_db()
    assert (office.bounce_class, office.bounce_code) == ("hard", "5.1.1")


def test_a_full_mailbox_suppresses_nobody(client):
    person = sent(kind="system")
    post(client, bounce(person, "5.2.2"))
    tracking.apply_all()
    assert suppressions.blocks(bytes(person.address_hash), Suppression.Scope.CONFIRMATIONS) is None


@pytest.mark.django_db(transaction=True)
def test_the_apps_above_hear_what_became_of_a_delivery(client):
    heard: list[tuple[int, str]] = []

    def listen(sender: Any, delivery: Delivery, change: str, **kwargs: Any) -> None:
        heard.append((delivery.pk, change))

    delivery_settled.connect(listen)
    try:
        delivery = sent()
        post(client, payload(delivery, "delivered"))
        post(client, bounce(delivery))
        tracking.apply_all()
    finally:
        delivery_settled.disconnect(listen)
    assert set(heard) == {(delivery.pk, "delivered"), (delivery.pk, "bounced")}


def test_a_raw_event_is_emptied_after_thirty_days_and_the_fact_stays(client):
    post(client, payload(sent(), "delivered"))
    DeliveryEvent.objects.filter(type="delivered").update(received_at=timezone.now() - timedelta(days=31))
    assert tracking.empty_old_raw() == 1
    event = DeliveryEvent.objects.get(type="delivered")
    assert event.raw is None


def test_nul_in_an_event_is_kept_without_an_error(client):
    body = payload(sent(), "delivered")
    body["event-data"]["tags"] = ["a\u0000b"]
    assert post(client, body).status_code == 200


@pytest.mark.parametrize(
    ("said", "code", "kind"),
    [
        ("550 5.1.1 user unknown", "5.1.1", "hard"),
        ("550 5.1.10 null MX", "5.1.10", "hard"),
        ("452 4.2.2 mailbox full", "4.2.2", "soft"),
        ("552 5.2.2 over quota", "5.2.2", "soft"),
        ("550 5.7.1 blocked by policy 10.0.0.1", "5.7.1", "block"),
        ("550 5.7.515 Access denied", "5.7.515", "authentication"),
        ("554 5.3.4 too big", "5.3.4", "message"),
        ("5.4.4 no route", "5.4.4", "host"),
        ("550 no such user", "550", "hard"),
        ("554 rejected", "554", "block"),
        ("", "", "soft"),
    ],
)
def test_a_refusal_is_read_by_its_code(said, code, kind):
    assert bounces.code_in(said) == code
    assert bounces.classify(code) == kind


def test_a_code_is_said_in_words():
    assert bounces.in_words("hard", "5.1.1") == "the mailbox does not exist (5.1.1)"
