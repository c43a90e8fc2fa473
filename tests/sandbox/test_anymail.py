"""The sandbox as Anymail 15.2's unmodified Mailgun backend and webhook view see it."""

from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError, AnymailWebhookValidationFailure
from anymail.message import AnymailMessage
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from django.core.mail import get_connection
from django.test import RequestFactory

from sandbox.process import SIGNING_KEY, WEBHOOK_SECRET, Running
from tests.sandbox.conftest import API_KEY, post_message


def send(sandbox: Running, **fields: Any) -> AnymailMessage:
    """Send a message through Anymail's Mailgun backend; returns it with its `anymail_status`."""
    connection = get_connection(
        "anymail.backends.mailgun.EmailBackend",
        api_key=fields.pop("api_key", API_KEY),
        api_url=f"{sandbox.url}/v3",
        sender_domain="epistle.example",
    )
    attributes = {name: fields.pop(name) for name in list(fields) if name.startswith(("merge_", "metadata"))}
    options = {"subject": "Hello", "body": "Hello there", "from_email": "Us <us@epistle.example>"} | fields
    message = AnymailMessage(**options, connection=connection)
    for name, value in attributes.items():
        setattr(message, name, value)
    message.send()
    return message


def tracked(post: tuple[dict[str, str], bytes], signing_key: str = SIGNING_KEY) -> Any:
    """What Anymail's webhook view makes of a post, after checking its signature and its secret."""
    headers, body = post
    view = MailgunTrackingWebhookView(webhook_signing_key=signing_key, webhook_secret=WEBHOOK_SECRET)
    request = RequestFactory().post(
        "/", body, content_type="application/json", headers={"Authorization": headers["Authorization"]}
    )
    view.run_validators(request)
    [event] = view.parse_events(request)
    return event


def test_a_message_sent_through_anymail_is_in_the_inbox_as_it_was_written(sandbox):
    message = AnymailMessage(
        "Grüße", "Text body", "Ann Example <letters@epistle.example>", ["bob@example.com"]
    )
    message.connection = get_connection(
        "anymail.backends.mailgun.EmailBackend", api_key=API_KEY, api_url=f"{sandbox.url}/v3"
    )
    message.attach_alternative(
        "<p>HTML body <a href='https://site.example/c/1?a=1&amp;b=2'>go</a></p>", "text/html"
    )
    message.reply_to = ["ann@example.com"]
    message.extra_headers = {"Message-ID": "<letter-7@epistle.example>", "Auto-Submitted": "auto-generated"}
    message.metadata = {"delivery_id": 7}
    message.attach("naïve.bin", bytes(range(256)), "application/octet-stream")
    message.send()
    [kept] = sandbox.client.messages("bob@example.com")
    headers = dict(kept["headers"])
    assert message.anymail_status.message_id == kept["message_id"] == "<letter-7@epistle.example>"
    assert (kept["subject"], kept["text"].strip()) == ("Grüße", "Text body")
    assert kept["links"] == ["https://site.example/c/1?a=1&b=2"]
    assert headers["Reply-To"] == "ann@example.com"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert kept["variables"] == {"delivery_id": "7"}
    assert kept["attachments"] == [
        {"name": "naïve.bin", "content_type": "application/octet-stream", "size": 256}
    ]


def test_each_person_of_an_anymail_batch_gets_their_own_values_and_delivery_id(sandbox, webhook):
    send(
        sandbox,
        to=["Ann <ann@example.com>", "bob@example.com"],
        subject="For %recipient.name%",
        body="Dear %recipient.name%, %recipient.forgotten%",
        merge_data={"ann@example.com": {"name": "Ann & Co"}, "bob@example.com": {"name": "Bob"}},
        merge_metadata={"ann@example.com": {"delivery_id": 1}, "bob@example.com": {"delivery_id": 2}},
        merge_headers={"ann@example.com": {"List-Unsubscribe": "<https://site.example/u/1>"}},
    )
    [ann] = sandbox.client.messages("ann@example.com")
    [bob] = sandbox.client.messages("bob@example.com")
    assert (ann["subject"], bob["subject"]) == ("For Ann & Co", "For Bob")
    assert ann["text"] == "Dear Ann & Co, %recipient.forgotten%"
    assert ann["to"] == "Ann <ann@example.com>"
    assert dict(ann["headers"])["List-Unsubscribe"] == "<https://site.example/u/1>"
    assert "List-Unsubscribe" not in dict(bob["headers"])
    webhook.wait(2)
    ids = {event.recipient: event.metadata for event in map(tracked, webhook.posts)}
    assert ids == {"ann@example.com": {"delivery_id": "1"}, "bob@example.com": {"delivery_id": "2"}}


def test_anymail_understands_every_outcome_and_trusts_its_signature(sandbox, webhook):
    expected = {
        "ann@example.com": [("delivered", None, "OK")],
        "bounce@example.com": [("bounced", "bounced", "5.1.1")],
        "bounce-hard@example.com": [("bounced", "bounced", "5.1.1")],
        "bounced.long.ago@example.com": [("bounced", "bounced", "5.1.1")],
        "bounce-soft@example.com": [("deferred", "other", "4.2.2"), ("delivered", None, "OK")],
        "bounce-full+x@example.com": [("bounced", "bounced", "5.2.2")],
        "ann+block@example.com": [("bounced", "other", "5.7.1")],
        "complain-2@example.com": [("delivered", None, "OK"), ("complained", None, "")],
        "open@example.com": [("delivered", None, "OK"), ("opened", None, "")],
        "click@example.com": [("delivered", None, "OK"), ("opened", None, ""), ("clicked", None, "")],
        "unsubscribe@example.com": [
            ("delivered", None, "OK"),
            ("opened", None, ""),
            ("unsubscribed", None, ""),
        ],
        "slow@example.com": [("delivered", None, "OK")],
        "nonews@example.com": [],
        "blockade@example.com": [("delivered", None, "OK")],
    }
    for recipient in expected:
        assert post_message(sandbox, recipient, text="See https://site.example/x").status_code == 200
    webhook.wait(sum(len(events) for events in expected.values()))
    seen: dict[str, list[Any]] = {recipient: [] for recipient in expected}
    for event in map(tracked, webhook.posts):
        seen[event.recipient].append(event)
    for recipient, events in expected.items():
        got = [(event.event_type, event.reject_reason) for event in seen[recipient]]
        assert got == [(kind, reason) for kind, reason, _ in events], recipient
        for event, (_, _, answer) in zip(seen[recipient], events, strict=True):
            assert (event.mta_response or "").startswith(answer)
    assert seen["click@example.com"][2].click_url == "https://site.example/x"
    everything = [event.event_id for events in seen.values() for event in events]
    assert len(everything) == len(set(everything))


def test_a_forged_event_fails_the_check_of_its_signature(sandbox, webhook):
    sandbox.client.switch("events_bad_signature")
    post_message(sandbox)
    webhook.wait(1)
    with pytest.raises(AnymailWebhookValidationFailure):
        tracked(webhook.posts[0])


def test_a_wrong_api_key_is_refused(sandbox):
    with pytest.raises(AnymailAPIError) as caught:
        send(sandbox, to=["ann@example.com"], api_key="wrong")
    assert caught.value.status_code == 401
    assert sandbox.client.count() == 0


def test_reject_refuses_a_single_send_as_mailgun_refuses_a_bad_address(sandbox):
    with pytest.raises(AnymailAPIError, match="not a valid address") as caught:
        send(sandbox, to=["reject@example.com"])
    assert caught.value.status_code == 400
    assert sandbox.client.count() == 0


def test_reject_in_a_batch_is_an_event_of_that_person_alone(sandbox, webhook):
    data = {"merge_metadata": {"ann@example.com": {"d": 1}}}
    send(sandbox, to=["ann@example.com", "reject@example.com"], **data)
    webhook.wait(2)
    kinds = {event.recipient: event.event_type for event in map(tracked, webhook.posts)}
    assert kinds == {"ann@example.com": "delivered", "reject@example.com": "rejected"}
