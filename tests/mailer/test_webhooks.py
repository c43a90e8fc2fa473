"""The webhooks of every provider: proved before they are read, stored before they are answered, never an error of ours."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailer import sns, tracking
from mailer.models import Delivery, DeliveryEvent
from tests.factories import make_delivery
from tests.mailer.provider_posts import (
    AT,
    KEYS,
    POSTS,
    SECRET,
    SIGNED,
    Facts,
    amazon_certificate,
    sns_post,
)

pytestmark = pytest.mark.django_db
BASIC = {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}
EVERY = sorted(POSTS)


@pytest.fixture(autouse=True)
def every_provider_is_set_up(settings: Any, monkeypatch: Any) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, **KEYS, "WEBHOOK_SECRET": SECRET}
    sns._key.cache_clear()

    def fetched(url: str, **kwargs: Any) -> requests.Response:
        """Amazon's own server, the only one that is ever asked."""
        assert url.startswith("https://sns.eu-west-1.amazonaws.com/")
        answer = requests.Response()
        answer.status_code = 200
        answer.raw = _Raw(amazon_certificate())
        return answer

    monkeypatch.setattr(requests, "get", fetched)


class _Raw(BytesIO):
    def read(self, size: int | None = -1, **_how: Any) -> bytes:
        return super().read(size)


def sent(**fields: Any) -> Delivery:
    return make_delivery(
        **{"kind": "system", "status": Delivery.Status.SENT, "sent_at": timezone.now(), **fields}
    )


def facts(delivery: Delivery, what: str = "delivered") -> Facts:
    return Facts(what, delivery.pk, delivery.address, delivery.provider_message_id)


def post(client: Client, provider: str, made: dict[str, Any], secret: bool = True) -> int:
    headers = {**made.get("headers", {}), **(BASIC if secret else {})}
    kind = {"content_type": made["content_type"]} if "content_type" in made else {}
    return client.post(reverse(f"{provider}_tracking"), made["data"], headers=headers, **kind).status_code


@pytest.mark.parametrize("provider", EVERY)
def test_a_report_finds_its_delivery(client, provider):
    delivery = sent(provider_message_id=f"<{provider}@mail.example>")
    for _again in range(2):
        assert post(client, provider, POSTS[provider](facts(delivery))) == 200
    tracking.apply_all()
    [event] = DeliveryEvent.objects.exclude(provider="")
    assert event.delivery_id == delivery.pk
    assert event.raw is not None
    assert event.occurred_at.timestamp() == AT
    # One of them says "sent" and never "delivered".
    assert event.type == ("accepted" if provider == "mandrill" else "delivered")


@pytest.mark.parametrize("provider", EVERY)
def test_a_mailbox_that_does_not_exist_is_a_hard_bounce_in_the_words_of_any_provider(client, provider):
    delivery = sent(provider_message_id=f"<{provider}@mail.example>")
    assert post(client, provider, POSTS[provider](facts(delivery, "bounced"))) == 200
    tracking.apply_all()
    delivery.refresh_from_db()
    assert delivery.bounced_at.timestamp() == AT
    # One of them says that it bounced and not why: nobody is suppressed for ever on that.
    assert delivery.bounce_class == ("soft" if provider == "postal" else "hard")


@pytest.mark.parametrize("provider", sorted(set(EVERY) - {"mailgun"}))
def test_without_the_shared_secret_nothing_is_kept(client, provider):
    delivery = sent(provider_message_id="<id>")
    assert post(client, provider, POSTS[provider](facts(delivery)), secret=False) in {400, 401}
    assert not DeliveryEvent.objects.exclude(provider="").exists()


@pytest.mark.parametrize("provider", SIGNED)
def test_what_was_changed_after_it_was_signed_is_refused(client, provider):
    first, second = sent(provider_message_id="<first>"), sent(provider_message_id="<second>")
    made, forged = POSTS[provider](facts(first)), POSTS[provider](facts(second))
    if provider == "mailgun":  # signs a token, which is bound to the first event it came with
        assert post(client, provider, made) == 200
        mine, theirs = json.loads(forged["data"]), json.loads(made["data"])
        forged["data"] = json.dumps({**mine, "signature": theirs["signature"]})
    elif provider == "amazon_ses":
        mine, theirs = json.loads(forged["data"]), json.loads(made["data"])
        forged["data"] = json.dumps({**mine, "Signature": theirs["Signature"]})
    elif provider == "unisender_go":
        forged["data"] = made["data"].replace(b"first", b"other")
    else:
        forged["headers"] = made["headers"]
    assert post(client, provider, forged) == 400
    tracking.apply_all()
    second.refresh_from_db()
    assert second.delivered_at is None


@pytest.mark.parametrize(
    ("provider", "setting"),
    [
        ("amazon_ses", "AMAZON_SES_TOPICS"),
        ("mailersend", "MAILERSEND_SIGNING_SECRET"),
        ("mailgun", "MAILGUN_WEBHOOK_SIGNING_KEY"),
        ("mandrill", "MANDRILL_WEBHOOK_KEY"),
        ("postal", "POSTAL_WEBHOOK_KEY"),
        ("unisender_go", "UNISENDER_GO_API_KEY"),
        ("brevo", "WEBHOOK_SECRET"),
        ("postmark", "WEBHOOK_SECRET"),
    ],
)
def test_an_address_without_its_secret_is_not_there(client, settings, provider, setting):
    made = POSTS[provider](facts(sent(provider_message_id="<id>")))
    settings.ANYMAIL = {name: value for name, value in settings.ANYMAIL.items() if name != setting}
    assert post(client, provider, made) == 404


HOSTILE = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b"[null]",
    b'"x"',
    b"[[]]",
    b"{" * 5_000,
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"msys": 1}',
    b'[{"msys": {"a": {}, "b": {}}}]',
    b'{"events": [{"event": 1}]}',
    b'{"events_by_user": []}',
    b'{"event": {"a": 1}, "ts_epoch": "x"}',
    b'{"event": [], "items": []}',
    b'{"type": [], "data": []}',
    b'[{"event": "delivered", "timestamp": 1e300}]',
    b'{"RecordType": [], "DeliveredAt": 7}',
    b'{"Type": "Notification", "Message": "{}"}',
    b'{"signature": {"timestamp": [], "token": {}, "signature": 1}, "event-data": []}',
]


@pytest.mark.parametrize("provider", EVERY)
def test_what_is_no_report_is_refused_and_never_an_error_of_ours(client, provider):
    delivery = sent(provider_message_id="<id>")
    good = POSTS[provider](facts(delivery))
    for raw in HOSTILE:
        made = {**good, "data": raw, "content_type": "application/json"}
        assert post(client, provider, made) in {200, 400}, raw
    tracking.apply_all()
    delivery.refresh_from_db()
    assert (delivery.delivered_at, delivery.bounced_at) == (None, None)


def test_hundreds_of_reports_in_one_post_are_stored_by_one_statement(client, django_assert_max_num_queries):
    deliveries = [sent() for _person in range(30)]
    events = [json.loads(POSTS["sendgrid"](facts(delivery))["data"])[0] for delivery in deliveries]
    with django_assert_max_num_queries(2):
        assert (
            post(client, "sendgrid", {"data": json.dumps(events), "content_type": "application/json"}) == 200
        )
    tracking.apply_all()
    assert Delivery.objects.exclude(delivered_at=None).count() == 30


def test_a_post_larger_than_the_bound_is_refused_unread(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert post(client, "brevo", {"data": b"x" * 1_001, "content_type": "application/json"}) == 400


def test_a_refusal_writes_neither_address_nor_secret_into_the_log(client, caplog):
    for provider in EVERY:
        made = POSTS[provider](Facts("delivered", 1, "ann@example.org", "<id>"))
        post(
            client,
            provider,
            {**made, "data": b'{"email": "ann@example.org"', "content_type": "application/json"},
        )
        post(client, provider, {**made, "headers": {}})
    assert "ann@example.org" not in caplog.text
    assert SECRET not in caplog.text


# --- Amazon ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://evil.example/?https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/other/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem\n",
    ],
)
def test_a_certificate_is_fetched_from_amazons_own_host_only(client, url):
    assert post(client, "amazon_ses", sns_post({}, SigningCertURL=url)) == 400


def test_another_customers_topic_says_nothing_to_us(client):
    assert post(client, "amazon_ses", sns_post({}, TopicArn="arn:aws:sns:eu-west-1:999999999999:evil")) == 400


def test_amazon_is_asked_for_the_secret_before_anything_is_read(client):
    answer = client.post(reverse("amazon_ses_tracking"), b"", content_type="text/plain")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Basic realm="webhooks"')


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=a&Token=b", 200),
        ("https://evil.example/?Action=ConfirmSubscription", 400),
    ],
)
def test_a_topic_of_ours_is_confirmed_at_amazon_and_nowhere_else(client, url, status):
    made = sns_post(
        "You have chosen to subscribe", Type="SubscriptionConfirmation", SubscribeURL=url, Token="b"
    )
    assert post(client, "amazon_ses", made) == status
