"""What it costs to store what a provider posts, and to bring it home to the deliveries.

    python benchmarks/bench_events.py [--events 200000] [--deliveries 300000] [--requests 2000]

On a database of its own, durable as in the product: a mailing that counts clicks, and reports of it (delivered, opened,
clicked, bounced), as a provider posts them in batches. Prints one JSON line: `events_per_s` applied, from the stored
reports to dates, figures and suppressions; `limit_per_s`, a COPY of the same raw events into a bare table in the same
run; their `ratio`; `cpu_us` an event and `limit_cpu_us` (this process and PostgreSQL); `stored_per_s` by posts of 500;
and `webhook_cpu_us`, the web process's computing time for a request with one event, from its bytes to the answer, with
`webhook_pg_cpu_us` beside it. A stored event is committed before the answer.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench_import import cpu_seconds
from benchmarks.database import empty_database

WEBHOOK = "/webhooks/mailgun/tracking/"
DELIVERIES = """
INSERT INTO mailer_delivery (message_id, mailing_id, contact_id, kind, address, address_hash, context, status, reason,
    attempts, lapses, due_at, provider, provider_message_id, created_at, sent_at, bounce_class, bounce_code)
SELECT %s, %s, n, 'mailing', 'person' || n || '@example.org', sha256(n::text::bytea), '{}', 'sent', '', 1, 0, now(),
    'mailgun', '', now(), to_timestamp(1794990000), '', ''
FROM generate_series(1, %s) n RETURNING id
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--deliveries", type=int, default=300_000)
    parser.add_argument("--requests", type=int, default=2_000)
    options = parser.parse_args()
    with empty_database(durable=True):
        print(json.dumps(measured(options.events, options.deliveries, options.requests)))


def measured(events: int, deliveries: int, requests: int) -> dict[str, Any]:
    from django.db import connection

    from mailer import tracking

    first = fill(deliveries)
    posts = [event_data(delivery, type) for delivery, type in facts(events, first, deliveries)]
    one_by_one, posts = posts[:requests], posts[requests:]
    made = requests_of(one_by_one)
    post_all(made[:20])  # the site loads on its first request
    webhook = timed(lambda: post_all(made[20:]))
    with connection.cursor() as cursor:
        raw = timed(lambda: raw_copy(cursor, posts))
    stored = timed(lambda: store(posts))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    applied = timed(tracking.apply_all)
    return {
        "benchmark": "events",
        "events": events,
        "deliveries": deliveries,
        "events_per_s": round(events / applied["wall"]),
        "limit_per_s": round(len(posts) / raw["wall"]),
        "ratio": round(raw["wall"] / len(posts) / (applied["wall"] / events), 3),
        "cpu_us": round(applied["cpu"] / events * 1e6, 1),
        "limit_cpu_us": round(raw["cpu"] / len(posts) * 1e6, 1),
        "stored_per_s": round(len(posts) / stored["wall"]),
        "stored_cpu_us": round(stored["cpu"] / len(posts) * 1e6, 1),
        "webhook_cpu_us": round(webhook["own"] / (requests - 20) * 1e6),
        "webhook_pg_cpu_us": round((webhook["cpu"] - webhook["own"]) / (requests - 20) * 1e6),
    }


def fill(deliveries: int) -> int:
    """A mailing that has left; the id of the first of its deliveries."""
    from django.db import connection

    from mailer.models import Mailing
    from tests.factories import make_mailing, make_message

    mailing = make_mailing(
        texts=False, status=Mailing.Status.SENT, audience=deliveries, track_clicks=True, track_opens=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(DELIVERIES, [make_message().pk, mailing.pk, deliveries])
        first = int(cursor.fetchone()[0])
        cursor.execute("ANALYZE")
    return first


def facts(events: int, first: int, deliveries: int) -> Iterator[tuple[int, str]]:
    """Nearly everybody's mail arrives; a third is opened, one in twenty clicks, one in a hundred bounces."""
    chance = random.Random(9)
    seen = set()
    while len(seen) < events:
        [type] = chance.choices(["delivered", "opened", "clicked", "failed"], [70, 24, 5, 1])
        fact = (first + chance.randrange(deliveries), type)
        if fact not in seen:
            seen.add(fact)
            yield fact


def event_data(delivery: int, type: str) -> dict[str, Any]:
    """As Mailgun posts it, of ordinary size."""
    refusal = {"code": 550, "message": "550 5.1.1 No such user", "description": ""}
    return {
        "id": f"{delivery:032x}{type}",
        "event": type,
        "timestamp": 1_795_000_000 + delivery % 7_200 + 0.25,
        "log-level": "info",
        "recipient": f"person{delivery}@example.org",
        "recipient-domain": "example.org",
        "user-variables": {"delivery_id": str(delivery)},
        "tags": [],
        "envelope": {"transport": "smtp", "sender": "bounce@mail.example", "sending-ip": "192.0.2.7"},
        "flags": {"is-routed": False, "is-authenticated": True, "is-test-mode": False},
        "message": {"headers": {"to": f"person{delivery}@example.org", "message-id": "batch@mail.example"}, "size": 31_000},
        **({"severity": "permanent", "delivery-status": refusal} if type == "failed" else {}),
    }  # fmt: skip


def requests_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A request for each event, as a web server hands it to the site."""
    from django.conf import settings
    from django.test import RequestFactory

    key = settings.ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"].encode()
    made = []
    for event in events:
        stamp, token = str(int(time.time())), secrets.token_hex(25)
        signature = hmac.new(key, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        body = {
            "signature": {"timestamp": stamp, "token": token, "signature": signature},
            "event-data": event,
        }
        made.append(RequestFactory().post(WEBHOOK, json.dumps(body), content_type="application/json").environ)
    return made


def post_all(requests: list[dict[str, Any]]) -> None:
    """Through the whole stack of the site, one after the other."""
    from config.wsgi import application

    answers: list[str] = []
    for environ in requests:
        application(environ, lambda status, *_rest: answers.append(status)).close()
    assert answers == ["200 OK"] * len(requests), set(answers)


def store(events: list[dict[str, Any]], size: int = 500) -> None:
    """As posts of many events are stored, once Anymail has read them."""
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView

    from mailer import tracking

    view = MailgunTrackingWebhookView(webhook_signing_key="")
    for start in range(0, len(events), size):
        read = [
            view.esp_to_anymail_event({"event-data": event, "signature": {}})
            for event in events[start : start + size]
        ]
        tracking.keep(read, "mailgun")


def raw_copy(cursor: Any, events: list[dict[str, Any]]) -> None:
    """The limit: the events as they are, into a logged table without an index."""
    cursor.execute("CREATE TABLE raw_events (event jsonb)")
    with cursor.copy("COPY raw_events FROM STDIN") as copy:
        for event in events:
            copy.write_row([json.dumps(event)])


def timed(work: Callable[[], Any]) -> dict[str, float]:
    """Seconds on the wall, of computing with PostgreSQL's, and of computing of this process alone."""
    before, own, began = cpu_seconds(), time.process_time(), time.perf_counter()
    work()
    return {
        "wall": time.perf_counter() - began,
        "cpu": cpu_seconds() - before,
        "own": time.process_time() - own,
    }


if __name__ == "__main__":
    main()
