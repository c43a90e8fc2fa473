"""The provider of the unit tests: a small HTTP server that answers as it is told, behind Anymail's real backend.

Journeys use the whole sandbox; here each test needs to say exactly what comes back on the wire.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from kombu import pools

from accounts import budgets
from mailer import throttle
from sandbox.forms import read_form
from tests.advocacy.conftest import Outbox


class Provider:
    """Answers like Mailgun unless told otherwise; keeps every request it read."""

    def __init__(self) -> None:
        self.requests: list[dict[str, list[str]]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None
        self.close_without_answer = False
        self.while_asked: Any = None

    @property
    def form(self) -> dict[str, list[str]]:
        return self.requests[-1]


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = read_form(
                self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))
            )
            told.requests.append({name: form.values(name) for name, _value in form.fields})
            if told.while_asked:
                told.while_asked()
            if told.close_without_answer:
                self.close_connection = True
                return
            ok = {"id": told.form.get("h:Message-Id", ["<x@y>"])[0], "message": "Queued. Thank you."}
            body = told.body if told.body is not None else json.dumps(ok).encode()
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings.SANDBOX_URL = url
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_URL": f"{url}/v3", "REQUESTS_TIMEOUT": (10, 10)}
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_hold() -> Iterator[None]:
    throttle.valkey().flushdb()
    yield
    throttle.valkey().flushdb()


@contextmanager
def broker_at(url: str) -> Iterator[None]:
    """Point the doorbell at another address."""
    from config.celery import app

    before = app.conf.broker_url

    def turn_to(address: str) -> None:
        pools.reset()  # closed pools of the old address would be given out again
        app._pool = None
        app.conf.broker_url = address
        app.__dict__.pop("amqp", None)

    turn_to(url)
    try:
        yield
    finally:
        turn_to(before)


@pytest.fixture
def no_broker() -> Iterator[None]:
    """Nothing listens where the broker was."""
    with broker_at("redis://127.0.0.1:9/0"):
        yield


@pytest.fixture
def silent_broker() -> Iterator[None]:
    """A broker that takes connections and never answers, as a frozen machine does."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        broker_at(f"redis://127.0.0.1:{listener.getsockname()[1]}/0"),
    ):
        yield


@pytest.fixture
def outbox(settings: Any) -> Outbox:
    """Mail stays in memory: what matters is which mails there are and what they say."""
    settings.MAIL_BACKEND = "anymail.backends.test.EmailBackend"
    mail.outbox = []
    return Outbox()


@pytest.fixture
def fresh_budgets() -> Iterator[None]:
    """The budgets of the public forms, unspent."""
    budgets.forget_connections()
    throttle.valkey().flushdb()
    yield
    budgets.forget_connections()
