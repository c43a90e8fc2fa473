"""Mails that came in, as providers post them: proved, kept as they came, and read like any other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from django.urls import reverse

from mailer import tracking, verp
from mailer.inbound import applying
from mailer.models import Delivery, InboundMail
from tests.factories import make_delivery
from tests.mailer.inbound.bounces import mail
from tests.mailer.provider_posts import _RSA, KEYS, sns_post
from tests.mailer.test_webhooks import BASIC, every_provider_is_set_up  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


def _json(body: Any, **headers: str) -> dict[str, Any]:
    return {"data": json.dumps(body), "content_type": "application/json", "headers": headers}


def amazon_ses(raw: str, to: str) -> dict[str, Any]:
    receipt = {"recipients": [to], "action": {"type": "SNS", "encoding": "UTF-8"}}
    mail = {"source": "", "messageId": "d6iitobk", "timestamp": "2026-11-22T12:00:00.000Z"}
    return sns_post({"notificationType": "Received", "receipt": receipt, "mail": mail, "content": raw})


def mailersend(raw: str, to: str) -> dict[str, Any]:
    data = {"id": "x", "raw": raw, "recipients": {"rcptTo": [{"email": to}]}, "sender": {"email": ""}}
    body = json.dumps({"type": "inbound.message", "data": data})
    key = KEYS["MAILERSEND_INBOUND_SECRET"].encode()
    signature = hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
    return {"data": body, "content_type": "application/json", "headers": {"Signature": signature}}


def mailgun(raw: str, to: str) -> dict[str, Any]:
    from django.conf import settings

    stamp, token = str(int(time.time())), "t" * 50
    key = settings.ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"].encode()
    signature = hmac.new(key, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    form = {"recipient": to, "sender": "", "body-mime": raw}
    return {"data": {**form, "timestamp": stamp, "token": token, "signature": signature}, "headers": {}}


def mandrill(raw: str, to: str) -> dict[str, Any]:
    events = json.dumps([{"event": "inbound", "ts": 1_795_348_800, "msg": {"raw_msg": raw, "email": to}}])
    url = "http://sandbox:sandbox-webhook-secret@testserver/webhooks/mandrill/inbound/"
    key = KEYS["MANDRILL_WEBHOOK_KEY"].encode()
    signature = base64.b64encode(
        hmac.new(key, f"{url}mandrill_events{events}".encode(), hashlib.sha1).digest()
    )
    return {"data": {"mandrill_events": events}, "headers": {"X-Mandrill-Signature": signature.decode()}}


def postal(raw: str, to: str) -> dict[str, Any]:
    body = json.dumps({"id": 1, "rcpt_to": to, "mail_from": "", "message": raw, "base64": False}).encode()
    signature = base64.b64encode(_RSA.sign(body, padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303 - theirs
    return {
        "data": body,
        "content_type": "application/json",
        "headers": {"X-Postal-Signature": signature.decode()},
    }


def postmark(raw: str, to: str) -> dict[str, Any]:
    return _json(
        {"FromFull": {"Email": "", "Name": ""}, "OriginalRecipient": to, "Headers": [], "RawEmail": raw}
    )


def sendgrid(raw: str, to: str) -> dict[str, Any]:
    return {"data": {"email": raw, "envelope": json.dumps({"to": [to], "from": ""})}, "headers": {}}


def sparkpost(raw: str, to: str) -> dict[str, Any]:
    content = {"email_rfc822": raw, "email_rfc822_is_base64": False}
    message = {"protocol": "smtp", "rcpt_to": to, "msg_from": "", "content": content}
    return _json([{"msys": {"relay_message": message}}])


POSTS = {
    maker.__name__: maker
    for maker in (amazon_ses, mailersend, mailgun, mandrill, postal, postmark, sendgrid, sparkpost)
}


def post(client: Any, name: str, made: dict[str, Any], **basic: str) -> int:
    kind = {"content_type": made["content_type"]} if "content_type" in made else {}
    headers = {**made["headers"], **basic}
    return client.post(reverse(name), made["data"], headers=headers, **kind).status_code


def url_name(provider: str) -> str:
    return "mailgun_inbound_mime" if provider == "mailgun" else f"{provider}_inbound"


@pytest.mark.parametrize("provider", sorted(POSTS))
def test_a_bounce_that_a_provider_posts_is_brought_home(client, provider):
    delivery = make_delivery(kind="system", status=Delivery.Status.SENT)
    raw = mail("postfix-unknown-user", delivery.pk, sealed="none").decode()
    made = POSTS[provider](raw, verp.return_path(delivery.pk))
    if provider != "mailgun":
        assert post(client, url_name(provider), made) in {400, 401}
    assert not InboundMail.objects.exists()
    for _again in range(2):
        assert post(client, url_name(provider), made, **BASIC) == 200
    assert InboundMail.objects.count() == 1
    # Of these the recipient of the envelope is told beside the mail.
    assert applying.read_all() == 1
    tracking.apply_all(parked=True)
    delivery.refresh_from_db()
    assert delivery.bounce_class == "hard"


def test_a_token_of_mailgun_brings_one_mail_only(client):
    delivery = make_delivery(kind="system", status=Delivery.Status.SENT)
    made = mailgun(mail("postfix-unknown-user", delivery.pk).decode(), "x@y.example")
    assert post(client, "mailgun_inbound_mime", made) == 200
    made["data"]["body-mime"] = mail("arf-abuse", delivery.pk).decode()
    assert post(client, "mailgun_inbound_mime", made) == 400
    assert InboundMail.objects.count() == 1


@pytest.mark.parametrize("provider", sorted(POSTS))
def test_what_is_no_mail_is_refused_and_never_an_error_of_ours(client, provider):
    good = POSTS[provider]("From: x@y.example\r\n\r\nHello", "x@y.example")
    for raw in (
        b"",
        b"[]",
        b"{}",
        b"null",
        b"[null]",
        b'{"type": "inbound.message", "data": []}',
        b"\xff",
        b"[" * 90_000,
    ):
        made = {**good, "data": raw, "content_type": "application/json"}
        assert post(client, url_name(provider), made, **BASIC) in {200, 400}, raw


@pytest.mark.parametrize("provider", ["brevo", "mailtrap", "resend"])
def test_who_posts_a_pointer_needs_a_key_of_ours(client, provider):
    assert post(client, f"{provider}_inbound", _json({}), **BASIC) == 404
