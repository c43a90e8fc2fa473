"""What each provider posts of a delivery, by its own documentation: the least that is always there, with invented people.

`post(provider, …)` gives what Django's test client needs. Signed with the keys of `KEYS`, as the provider would.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SECRET = "sandbox:sandbox-webhook-secret"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
AT = 1_795_348_800  # 2026-11-22, noon
_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
_PUBLIC = _RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
KEYS: dict[str, Any] = {
    "MAILERSEND_SIGNING_SECRET": "mailersend-secret",
    "MAILERSEND_INBOUND_SECRET": "mailersend-inbound",
    "MAILTRAP_TRACKING_SECRET": "mailtrap-secret",
    "MANDRILL_WEBHOOK_KEY": "mandrill-key",
    "POSTAL_WEBHOOK_KEY": "".join(_PUBLIC.decode().strip().splitlines()[1:-1]),
    "UNISENDER_GO_API_KEY": "unisender-key",
    "AMAZON_SES_TOPICS": [TOPIC],
}


@dataclass(frozen=True)
class Facts:
    """One thing that happened: `delivered` or `bounced` (5.1.1), of a delivery."""

    what: str
    delivery: int
    address: str
    message_id: str

    @property
    def metadata(self) -> dict[str, str]:
        return {"delivery_id": str(self.delivery)}


NO_SUCH_USER = "550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown"


def _json(body: Any, **headers: str) -> dict[str, Any]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"data": text, "content_type": "application/json", "headers": headers}


def _hmac(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def amazon_ses(facts: Facts) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = {
        "delivered": {
            "eventType": "Delivery",
            "delivery": {"recipients": [facts.address], "smtpResponse": "250 OK"},
        },
        "bounced": {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [
                    {"emailAddress": facts.address, "diagnosticCode": f"smtp; {NO_SUCH_USER}"}
                ],
            },
        },
    }
    mail = {
        "messageId": facts.message_id,
        "destination": [facts.address],
        "headers": [{"name": "X-Metadata", "value": json.dumps(facts.metadata)}],
    }
    return sns_post({**kinds[facts.what], "mail": mail})


def sns_post(event: Any, **fields: Any) -> dict[str, Any]:
    """What Amazon's notification service makes of an event."""
    body = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": json.dumps(event),
        "Timestamp": "2026-11-22T12:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        **fields,
    }
    names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
    if body["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{body[name]}\n" for name in names).encode()
    body.setdefault(
        "Signature", base64.b64encode(_RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())).decode()
    )
    return _json(
        body, **{"x-amz-sns-message-type": body["Type"], "x-amz-sns-message-id": body["MessageId"]}
    ) | {"content_type": "text/plain; charset=UTF-8"}


def amazon_certificate() -> bytes:
    """The certificate of the key that `sns_post` signs with."""
    import datetime as dt

    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, _RSA.public_key(), 1, day, day + dt.timedelta(days=400))
    return made.sign(_RSA, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def brevo(facts: Facts) -> dict[str, Any]:
    return _json(
        {
            "event": {"delivered": "delivered", "bounced": "hard_bounce"}[facts.what],
            "email": facts.address,
            "id": 1,
            "date": "2026-11-22 12:00:00",
            "ts_epoch": AT * 1_000,
            "message-id": facts.message_id,
            "X-Mailin-custom": json.dumps(facts.metadata),
            "reason": "Unknown user" if facts.what == "bounced" else "sent",
        }
    )


def mailersend(facts: Facts) -> dict[str, Any]:
    kind = {"delivered": "delivered", "bounced": "hard_bounced"}[facts.what]
    body = json.dumps(
        {
            "type": f"activity.{kind}",
            "domain_id": "7z3m5jgrogdpyo6n",
            "created_at": "2026-11-22T12:00:00.000000Z",
            "data": {
                "object": "activity",
                "id": "62f114f8165fe0d8db0288e3",
                "type": kind,
                "created_at": "2026-11-22T12:00:00.000000Z",
                "email": {
                    "object": "email",
                    "message": {"object": "message", "id": facts.message_id},
                    "recipient": {"object": "recipient", "email": facts.address},
                },
                "morph": {"object": "recipient_bounce", "reason": "Host or domain name not found"}
                if facts.what == "bounced"
                else None,
            },
        }
    ).encode()
    return _json(body, Signature=_hmac(KEYS["MAILERSEND_SIGNING_SECRET"], body))


def mailgun(facts: Facts) -> dict[str, Any]:
    from django.conf import settings

    stamp, token = str(int(time.time())), f"{facts.delivery}{facts.what}".ljust(50, "0")
    key = settings.ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"]
    refused = {"code": 550, "message": NO_SUCH_USER, "description": ""}
    return _json(
        {
            "signature": {
                "timestamp": stamp,
                "token": token,
                "signature": _hmac(key, f"{stamp}{token}".encode()),
            },
            "event-data": {
                "id": "CPgfbmQMTCKtHW6uIWtuVe",
                "event": {"delivered": "delivered", "bounced": "failed"}[facts.what],
                "severity": "permanent",
                "timestamp": float(AT),
                "recipient": facts.address,
                "user-variables": facts.metadata,
                "message": {"headers": {"message-id": facts.message_id.strip("<>")}},
                **({"delivery-status": refused} if facts.what == "bounced" else {}),
            },
        }
    )


def mailjet(facts: Facts) -> dict[str, Any]:
    bounce = {"hard_bounce": True, "blocked": False, "error_related_to": "recipient", "error": "user unknown"}
    return _json(
        [
            {
                "event": {"delivered": "sent", "bounced": "bounce"}[facts.what],
                "time": AT,
                "MessageID": facts.message_id,
                "email": facts.address,
                "Payload": json.dumps(facts.metadata),
                **(bounce if facts.what == "bounced" else {"smtp_reply": "sent (250 2.0.0 OK)"}),
            }
        ]
    )


def mailtrap(facts: Facts) -> dict[str, Any]:
    bounce = {"bounce_category": "badmailbox", "response": NO_SUCH_USER, "response_code": 550}
    body = json.dumps(
        {
            "events": [
                {
                    "event": {"delivered": "delivery", "bounced": "bounce"}[facts.what],
                    "timestamp": AT,
                    "sending_stream": "bulk",
                    "message_id": facts.message_id,
                    "email": facts.address,
                    "event_id": "bede7236-2284-43d6-a953-1fdcafd0fdbc",
                    "custom_variables": facts.metadata,
                    **(bounce if facts.what == "bounced" else {}),
                }
            ]
        }
    ).encode()
    return _json(body, **{"Mailtrap-Signature": _hmac(KEYS["MAILTRAP_TRACKING_SECRET"], body)})


def mandrill(facts: Facts) -> dict[str, Any]:
    bounce = {"bounce_description": "bad_mailbox", "diag": f"smtp;{NO_SUCH_USER}"}
    events = json.dumps(
        [
            {
                "event": {"delivered": "send", "bounced": "hard_bounce"}[facts.what],
                "ts": AT,
                "_id": facts.message_id,
                "msg": {
                    "ts": AT,
                    "_id": facts.message_id,
                    "email": facts.address,
                    "metadata": facts.metadata,
                    "state": "sent",
                    **(bounce if facts.what == "bounced" else {}),
                },
            }
        ]
    )
    url = f"http://{SECRET}@testserver/webhooks/mandrill/tracking/"
    signed = f"{url}mandrill_events{events}".encode()
    signature = hmac.new(KEYS["MANDRILL_WEBHOOK_KEY"].encode(), signed, hashlib.sha1).digest()
    return {
        "data": {"mandrill_events": events},
        "headers": {"X-Mandrill-Signature": base64.b64encode(signature).decode()},
    }


def postal(facts: Facts) -> dict[str, Any]:
    message = {"id": facts.message_id, "token": "8fqyYYU0", "direction": "outgoing", "to": facts.address}
    payload = {"status": "Sent", "details": "Message accepted", "output": "250 OK", "message": message}
    if facts.what == "bounced":
        payload = {"original_message": message, "bounce": {"id": 12, "direction": "incoming"}}
    body = json.dumps({"event": "Message", "timestamp": AT, "payload": payload, "uuid": "0fcc8a28"}).encode()
    signature = _RSA.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - theirs
    return _json(body, **{"X-Postal-Signature": base64.b64encode(signature).decode()})


def postmark(facts: Facts) -> dict[str, Any]:
    at = "2026-11-22T12:00:00Z"
    common = {"MessageID": facts.message_id, "Metadata": facts.metadata, "MessageStream": "broadcast"}
    if facts.what == "bounced":
        bounce = {"Type": "HardBounce", "TypeCode": 1, "Email": facts.address, "BouncedAt": at, "ID": 42}
        return _json({"RecordType": "Bounce", **bounce, "Details": f"smtp;{NO_SUCH_USER}", **common})
    return _json({"RecordType": "Delivery", "Recipient": facts.address, "DeliveredAt": at, **common})


def resend(facts: Facts) -> dict[str, Any]:
    bounce = {"message": "The recipient's email provider sent a hard bounce message.", "type": "Permanent"}
    return _json(
        {
            "type": f"email.{facts.what}",
            "created_at": "2026-11-22T12:00:00.000Z",
            "data": {
                "email_id": facts.message_id,
                "to": [facts.address],
                "headers": [{"name": "X-Metadata", "value": json.dumps(facts.metadata)}],
                **({"bounce": bounce} if facts.what == "bounced" else {}),
            },
        },
        **{"svix-id": "msg_2Xk", "svix-timestamp": str(AT)},
    )


def sendgrid(facts: Facts) -> dict[str, Any]:
    bounce = {"type": "bounce", "reason": NO_SUCH_USER, "status": "5.1.1"}
    return _json(
        [
            {
                "event": {"delivered": "delivered", "bounced": "bounce"}[facts.what],
                "email": facts.address,
                "timestamp": AT,
                "anymail_id": facts.message_id,
                "smtp-id": "<x@ismtpd>",
                "sg_event_id": "ZyjAM5rnQmuI1KFInHQ3Nw",
                "sg_message_id": "hrfRONuVTwS6-v1d.filter0425p1mdw1",
                **facts.metadata,
                **(bounce if facts.what == "bounced" else {"response": "250 OK"}),
            }
        ]
    )


def sparkpost(facts: Facts) -> dict[str, Any]:
    event = {
        "type": {"delivered": "delivery", "bounced": "bounce"}[facts.what],
        "event_id": "92356927693813856",
        "timestamp": str(AT),
        "transmission_id": facts.message_id,
        "raw_rcpt_to": facts.address,
        "rcpt_meta": facts.metadata,
        **({"bounce_class": "10", "raw_reason": NO_SUCH_USER} if facts.what == "bounced" else {}),
    }
    return _json([{"msys": {"message_event": event}}])


def unisender_go(facts: Facts) -> dict[str, Any]:
    status = {"delivered": "delivered", "bounced": "hard_bounced"}[facts.what]
    data = {
        "job_id": facts.message_id,
        "metadata": facts.metadata,
        "email": facts.address,
        "status": status,
        "event_time": "2026-11-22 12:00:00",
        "delivery_info": {"delivery_status": "err_user_unknown"} if facts.what == "bounced" else {},
    }
    events = [{"event_name": "transactional_email_status", "event_data": data}]
    key = KEYS["UNISENDER_GO_API_KEY"]
    body = json.dumps({"auth": key, "events_by_user": [{"user_id": 456, "events": events}]}).encode()
    return _json(body.replace(key.encode(), hashlib.md5(body).hexdigest().encode()))  # noqa: S324 - theirs


POSTS: dict[str, Callable[[Facts], dict[str, Any]]] = {
    maker.__name__: maker
    for maker in (
        amazon_ses, brevo, mailersend, mailgun, mailjet, mailtrap, mandrill, postal, postmark, resend, sendgrid,
        sparkpost, unisender_go,
    )
}  # fmt: skip
SIGNED = ["amazon_ses", "mailersend", "mailgun", "mailtrap", "mandrill", "postal", "unisender_go"]
