"""Reports are stored as they came, many by one statement, before anything is looked up: whoever posts them waits."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from mailer import bounces, headers
from mailer.models import DeliveryEvent
from mailer.tracking import hints, ringing

Fact = DeliveryEvent.Type
RAW_DAYS = 30

_FACTS = {
    "queued": Fact.ACCEPTED,
    "sent": Fact.ACCEPTED,
    "delivered": Fact.DELIVERED,
    "deferred": Fact.DEFERRED,
    "bounced": Fact.BOUNCED,
    "rejected": Fact.REJECTED,
    "failed": Fact.REJECTED,
    "complained": Fact.COMPLAINED,
    "opened": Fact.OPENED,
    "clicked": Fact.CLICKED,
    "unsubscribed": Fact.UNSUBSCRIBED,
    "autoresponded": Fact.AUTORESPONDED,
}


@dataclass(frozen=True, slots=True)
class Report:
    """One fact of the world about a mail of ours, ready to be stored.

    identity: what makes it this fact and no other; the same parts are the same fact, however often they come.
    raw: what was posted, as JSON, or None.
    """

    identity: Sequence[object]
    type: str
    occurred_at: datetime
    provider: str
    provider_message_id: str = ""
    delivery_ref: int | None = None
    bounce_class: str = ""
    bounce_code: str = ""
    raw: str | None = None


def keep(events: Iterable[AnymailTrackingEvent], provider: str) -> int:
    """Store a provider's reports and wake a worker. Returns how many are new; a repeat changes nothing."""
    return store([_report(event, provider) for event in events])


def store(reports: Sequence[Report]) -> int:
    """Store reports by one statement and wake a worker. Returns how many are new; a repeat changes nothing."""
    if not reports:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [f"[{','.join(_row(report) for report in reports)}]"])
        new = cursor.rowcount
    if new:
        ringing.wake()
    return new


# All in one JSON text, which PostgreSQL takes apart in a tenth of the time that a driver needs for arrays of texts full
# of quotes. In the order of their keys, so that two posts with common facts wait for each other and do not deadlock.
_STORE = """
INSERT INTO mailer_deliveryevent (event_key, type, occurred_at, provider, provider_message_id, delivery_ref,
    bounce_class, bounce_code, raw, detail)
SELECT key, type, at, provider, message, ref, class, code, raw, '' FROM json_to_recordset(%s) AS r (key text,
    type text, at timestamptz, provider text, message text, ref bigint, class text, code text, raw jsonb)
ORDER BY key ON CONFLICT (event_key) DO NOTHING
"""


def _row(report: Report) -> str:
    facts = {
        "key": _key(report),
        "type": report.type,
        "at": report.occurred_at.isoformat(),
        "provider": report.provider[:30],
        "message": _plain(report.provider_message_id)[:300],
        "ref": report.delivery_ref,
        "class": report.bounce_class,
        "code": report.bounce_code,
    }
    return f'{json.dumps(facts)[:-1]}, "raw": {report.raw or "null"}}}'


def _report(event: AnymailTrackingEvent, provider: str) -> Report:
    fact = _FACTS.get(str(event.event_type), Fact.OTHER)
    failed = fact in {Fact.BOUNCED, Fact.REJECTED}
    code = ""
    if failed or fact == Fact.DEFERRED:
        code = bounces.code_in(str(event.mta_response or ""), str(event.description or ""))
    # Providers give a repeated post a new event id, so the fact itself is the key, not the id.
    when = event.timestamp.isoformat() if event.timestamp else f"id:{event.event_id}"
    metadata = json.dumps(event.metadata or {}, sort_keys=True, default=str)
    message_id, reference = str(event.message_id or ""), _reference(event.metadata)
    # Our own Message-ID is sealed: it says more than any number that stands beside it, and a provider that takes a batch
    # answers with another one.
    if (sealed := headers.delivery_of(message_id)) is not None:
        message_id, reference = "", sealed
    return Report(
        identity=[
            provider,
            event.message_id,
            event.event_type,
            when,
            event.recipient,
            event.click_url,
            metadata,
        ],
        type=fact,
        occurred_at=event.timestamp or timezone.now(),
        provider=provider,
        provider_message_id=message_id,
        delivery_ref=reference,
        bounce_class=_class(event, provider, code) if failed else "",
        bounce_code=code,
        raw=as_json(event.esp_event),
    )


def _class(event: AnymailTrackingEvent, provider: str, code: str) -> str:
    """By the status code of the receiving server; where none is quoted, by the provider's own words."""
    said = "" if code else hints.of(provider, event.esp_event)
    return said or bounces.classify(code, f"{event.mta_response or ''} {event.description or ''}")


def _key(report: Report) -> str:
    text = "\0".join(str(part or "") for part in report.identity)
    # With a key: without one, an address could be tried against the rest of the row after it was erased.
    key = settings.ADDRESS_HASH_KEY.encode()
    return hmac.new(key, b"event:" + text.encode(errors="backslashreplace"), hashlib.sha256).hexdigest()


def _reference(metadata: Any) -> int | None:
    """The delivery id that came back with the event, if it is one: events are data from outside."""
    value = str((metadata or {}).get("delivery_id", "")) if isinstance(metadata, dict) else ""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None


_NOT_FOR_POSTGRES = re.compile(r"\\u(?:0000|d[89a-f])", re.ASCII)


def as_json(raw: Any) -> str | None:
    """The raw event as JSON that PostgreSQL can keep; None if it is nested beyond reason."""
    try:
        try:
            text = json.dumps(raw, allow_nan=False)
        except (TypeError, ValueError):
            return json.dumps(_storable(raw))
        return json.dumps(_storable(raw)) if _NOT_FOR_POSTGRES.search(text) else text
    except RecursionError:
        return None


def _plain(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _storable(value: Any) -> Any:
    """`value` without what PostgreSQL refuses: NUL, half a surrogate pair, a number that is none (NaN, infinity)."""
    match value:
        case str():
            return _plain(value)
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float():
            return value
        case dict():
            return {_storable(str(name)): _storable(part) for name, part in value.items()}
        case list() | tuple():
            return [_storable(part) for part in value]
        case _:
            return _storable(str(value))


def empty_old_raw(limit: int = 5_000) -> int:
    """Empty raw events older than 30 days (they hold addresses); the facts stay. Returns how many."""
    old = DeliveryEvent.objects.filter(raw__isnull=False, received_at__lt=Now() - timedelta(days=RAW_DAYS))
    return DeliveryEvent.objects.filter(pk__in=old.values("pk")[:limit]).update(raw=None)
