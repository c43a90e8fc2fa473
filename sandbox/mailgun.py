"""Mailgun's HTTP API, as far as Anymail speaks it: reading a call, and writing event payloads.

Sources: https://documentation.mailgun.com/docs/mailgun/api-reference (Messages, Events, Webhooks) and
Anymail 15.2's `backends/mailgun.py` and `webhooks/mailgun.py`. Pure functions; nothing here waits or writes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any

from .forms import File, Form
from .outcomes import Step

MAX_RECIPIENTS = 1000
"""Recipients of one call, as Mailgun documents for batch sending."""

_HEADER_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322, section 3.6.8
_RECIPIENT_FIELD = re.compile(r"%recipient\.([^%\r\n]+)%")


class RefusedError(Exception):
    """The call is wrong, nothing of it is accepted; `status` and the text are Mailgun's answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Mail:
    """One accepted copy: what the log says of one recipient."""

    recipient: str
    message_id: str
    variables: Mapping[str, Any]
    subject: str


@dataclass(frozen=True)
class Submission:
    """One call to the messages API, understood."""

    domain: str
    sender: str
    subject: str
    to: list[str]  # bare addresses, each of which gets a copy of its own when there are recipient variables
    copies: list[str]  # cc and bcc
    shown_to: list[str]  # the To values as they were given, names included
    shown_cc: list[str]
    headers: dict[str, str]
    variables: dict[str, str]
    recipient_variables: dict[str, dict[str, Any]] | None
    tags: list[str]
    text: str
    html: str
    amp_html: str
    files: list[File]
    message_id: str

    @property
    def answered_id(self) -> str:
        """The id in the answer to the call; one for all, also when each recipient has a Message-ID of their own."""
        return new_message_id(self.domain) if "%recipient" in self.message_id else self.message_id

    @property
    def is_batch(self) -> bool:
        return self.recipient_variables is not None

    def values_for(self, recipient: str) -> dict[str, Any]:
        """The recipient variables of one address; empty where none were given."""
        values = (self.recipient_variables or {}).get(recipient)
        return values if isinstance(values, dict) else {}

    def mails(self) -> Iterator[Mail]:
        """One Mail per recipient, placeholders filled."""
        subject = filler(self.subject)
        message_id = filler(self.message_id)
        variables = [(key, filler(value)) for key, value in self.variables.items()]
        for recipient in [*self.to, *self.copies]:
            values = self.values_for(recipient)
            yield Mail(
                recipient,
                bracketed(message_id(recipient, values)),
                {key: fill(recipient, values) for key, fill in variables},
                subject(recipient, values),
            )


def read_submission(domain: str, form: Form) -> Submission:
    """Understand a call to `POST /v3/{domain}/messages`. Raises RefusedError as Mailgun answers 400."""
    to = _addresses(form.values("to"), "to")
    copies = _addresses(form.values("cc"), "cc") + _addresses(form.values("bcc"), "bcc")
    if not form.first("from"):
        raise RefusedError("from parameter is missing")
    if not to:
        raise RefusedError("to parameter is missing")
    if len(to) + len(copies) > MAX_RECIPIENTS:
        raise RefusedError(f"to parameter exceeds the limit of {MAX_RECIPIENTS} recipients")
    if not any(form.first(name) for name in ("text", "html", "amp-html", "template")):
        raise RefusedError(
            "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
        )
    headers = {key[2:]: value for key, value in form.fields if key.startswith("h:")}
    for name, value in [("from", form.first("from")), ("subject", form.first("subject")), *headers.items()]:
        if re.search(r"[\r\n\0]", name + value):
            raise RefusedError(f"{name} parameter holds a line break")
        if not _HEADER_NAME.fullmatch(name):
            raise RefusedError(f"{name} is not the name of a header")
    return Submission(
        domain=domain,
        sender=", ".join(form.values("from")),
        subject=form.first("subject"),
        to=to,
        copies=copies,
        shown_to=form.values("to"),
        shown_cc=form.values("cc"),
        headers={k: v for k, v in headers.items() if k.lower() not in ("message-id", "x-mailgun-variables")},
        variables=_custom_data(form, headers),
        recipient_variables=_recipient_variables(form),
        tags=form.values("o:tag"),
        text=form.first("text"),
        html=form.first("html"),
        amp_html=form.first("amp-html"),
        files=form.files,
        message_id=_message_id(headers, domain),
    )


def new_message_id(domain: str) -> str:
    """A fresh Message-ID in Mailgun's form."""
    return f"<{time.strftime('%Y%m%d%H%M%S', time.gmtime())}.1.{secrets.token_hex(8)}@{domain}>"


def bracketed(message_id: str) -> str:
    """A Message-ID in the angle brackets that some callers leave out; a placeholder stays as it is."""
    return message_id if message_id.startswith(("<", "%recipient")) else f"<{message_id}>"


def filler(template: str) -> Callable[[str, Mapping[str, Any]], str]:
    """A function of (recipient, recipient's variables) that fills `%recipient.key%` and `%recipient%`.

    A placeholder without a value stays as it is, so that the inbox shows what was forgotten.
    """
    if "%recipient" not in template:
        return lambda recipient, values: template
    only = _RECIPIENT_FIELD.fullmatch(template)
    if only:
        key = only[1]
        return lambda recipient, values: str(values.get(key, template))

    def fill(recipient: str, values: Mapping[str, Any]) -> str:
        filled = _RECIPIENT_FIELD.sub(lambda m: str(values.get(m[1], m[0])), template)
        return filled.replace("%recipient%", recipient).replace("%recipient_email%", recipient)

    return fill


def _addresses(values: list[str], parameter: str) -> list[str]:
    plain = []
    for value in filter(None, map(str.strip, values)):
        if "<" not in value and "," not in value and '"' not in value:
            plain.append(value)
        else:
            plain += [address for _, address in getaddresses([value])]
    for address in plain:
        local, at, domain = address.rpartition("@")
        if not (at and local and domain) or any(c in address for c in " \r\n\t\0<>"):
            raise RefusedError(f"{parameter} parameter is not a valid address. please check documentation")
    return plain


def _message_id(headers: dict[str, str], domain: str) -> str:
    given = next((value.strip() for key, value in headers.items() if key.lower() == "message-id"), "")
    if not given:
        return new_message_id(domain)
    return bracketed(given)


def _custom_data(form: Form, headers: dict[str, str]) -> dict[str, str]:
    data = {key[2:]: value for key, value in form.fields if key.startswith("v:")}
    extra = next((value for key, value in headers.items() if key.lower() == "x-mailgun-variables"), "")
    return read_variables_header(extra) | data


def read_variables_header(value: str) -> dict[str, Any]:
    """Custom data given as JSON in an `X-Mailgun-Variables` header; empty where it is not a JSON object."""
    try:
        data = json.loads(value or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _recipient_variables(form: Form) -> dict[str, dict[str, Any]] | None:
    raw = form.first("recipient-variables")
    if not raw:
        return None
    try:
        data = json.loads(raw)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise RefusedError("recipient-variables parameter is not a valid JSON object")
    return data


# Events


def sign(signing_key: str, token: str, timestamp: int) -> dict[str, str]:
    """The `signature` block of a webhook: HMAC-SHA256 of timestamp + token by the webhook signing key."""
    signature = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": str(timestamp), "token": token, "signature": signature}


def event_id(entry: Mapping[str, Any], step: Step) -> str:
    """The id of what happened to one accepted message: the same in each post and in the events API."""
    key = f"{entry['id']}/{step.event}/{step.severity}"
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def event_token(entry: Mapping[str, Any], step: Step) -> str:
    """Mailgun's 50 hex digits; Anymail takes it for the event's id, so that a repeat must bring it again."""
    return hashlib.sha256(f"token/{event_id(entry, step)}".encode()).hexdigest()[:50]


def event_data(entry: Mapping[str, Any], step: Step, happened: float, url: str = "") -> dict[str, Any]:
    """The `event-data` of one event, with the fields a real payload of that kind has.

    `happened` is in seconds since the epoch, `url` is what was clicked.
    """
    recipient = entry["recipient"]
    domain = recipient.rpartition("@")[2]
    data: dict[str, Any] = {
        "id": event_id(entry, step),
        "event": step.event,
        "timestamp": happened,
        "log-level": step.log_level,
        "recipient": recipient,
        "recipient-domain": domain,
        "tags": entry.get("tags", []),
        "campaigns": [],
        "user-variables": entry.get("variables", {}),
        "flags": {
            "is-routed": False,
            "is-authenticated": True,
            "is-system-test": False,
            "is-test-mode": False,
        },
        "message": {"headers": {"message-id": entry["message_id"].strip("<>")}},
    }
    if step.event in ("opened", "clicked", "unsubscribed"):
        data |= {"ip": "192.0.2.1", "client-info": _CLIENT, "geolocation": _NOWHERE}
        if step.event == "clicked":
            data["url"] = url
        return data
    data["message"]["headers"] |= {
        "to": recipient,
        "from": entry.get("from", ""),
        "subject": entry.get("subject", ""),
    }
    data["message"] |= {"attachments": [], "size": entry.get("size", 0)}
    data["envelope"] = {
        "sender": f"bounce@{entry['domain']}",
        "targets": recipient,
        "transport": "smtp" if entry["road"] == "smtp" else "http",
        "sending-ip": "192.0.2.25",
    }
    if step.event == "rejected":
        data["reject"] = {"reason": step.reason, "description": ""}
    if step.severity:
        data |= {"severity": step.severity, "reason": step.reason}
    if step.event in ("delivered", "failed"):
        data["delivery-status"] = _delivery_status(step, domain)
    return data


def _delivery_status(step: Step, domain: str) -> dict[str, Any]:
    status: dict[str, Any] = {
        "attempt-no": 1,
        "code": step.code,
        "message": step.message,
        "description": "",
        "session-seconds": 0.1,
        "mx-host": f"mx.{domain}",
        "tls": True,
        "certificate-verified": True,
        "utf8": True,
    }
    if step.enhanced_code:
        status["enhanced-code"] = step.enhanced_code
    if step.severity == "permanent":
        status["bounce-type"] = "hard"
    if step.severity == "temporary":
        status["retry-seconds"] = 600
    return status


_CLIENT = {
    "client-name": "Sandbox",
    "client-type": "browser",
    "client-os": "Linux",
    "device-type": "desktop",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Sandbox/1.0",
    "bot": "",
}
_NOWHERE = {"country": "Unknown", "region": "Unknown", "city": "Unknown"}
