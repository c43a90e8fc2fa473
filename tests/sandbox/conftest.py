"""A running sandbox, a webhook that remembers what was posted to it, and a plain HTTP caller."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from sandbox.process import Running, start

API_KEY = "the-api-key"


@dataclass
class Webhook:
    """Answers every post with `status` and keeps the posts: (headers, body)."""

    url: str = ""
    status: int = 200
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self, recipient: str = "") -> list[dict[str, Any]]:
        """The event-data of what was posted so far, in order."""
        data = [json.loads(body)["event-data"] for _, body in self.posts]
        return [event for event in data if recipient in ("", event["recipient"])]

    def wait(self, count: int, recipient: str = "", timeout: float = 60) -> list[dict[str, Any]]:
        deadline = time.monotonic() + timeout
        while len(self.events(recipient)) < count:
            assert time.monotonic() < deadline, f"{len(self.events(recipient))} of {count} events came"
            time.sleep(0.01)
        return self.events(recipient)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # five, the default, would drop a burst and cost it a second
    webhook: Webhook


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.webhook.posts.append((dict(self.headers), body))
        self.send_response(self.server.webhook.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def webhook_server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.webhook = Webhook()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory, webhook_server: _Server) -> Iterator[Running]:
    url = f"http://127.0.0.1:{webhook_server.server_port}/"
    with start(tmp_path_factory.mktemp("sandbox"), url, api_key=API_KEY) as running:
        yield running


@pytest.fixture
def webhook(webhook_server: _Server) -> Webhook:
    webhook_server.webhook = Webhook(url=f"http://127.0.0.1:{webhook_server.server_port}/")
    return webhook_server.webhook


@pytest.fixture
def sandbox(shared_sandbox: Running, webhook: Webhook) -> Iterator[Running]:
    """The sandbox, fresh: nothing accepted, no switch on, events to `webhook` after 0.05 s."""
    shared_sandbox.client.reset()
    webhook.posts.clear()
    yield shared_sandbox
    shared_sandbox.client.reset()


def post_message(
    sandbox: Running, to: str | list[str] = "ann@example.com", **fields: Any
) -> requests.Response:
    """One plain call to the messages API, without Anymail."""
    data = {"from": "Us <us@epistle.example>", "to": to, "subject": "Hello", "text": "Hello there"}
    url = f"{sandbox.url}/v3/epistle.example/messages"
    return requests.post(url, data=data | fields, auth=("api", API_KEY), timeout=20)


def post_batch(sandbox: Running, recipients: list[str], **fields: Any) -> requests.Response:
    """A batch whose delivery ids are the places of the recipients in it."""
    variables = {
        recipient: {"v:delivery_id": str(n), "name": f"P{n}"} for n, recipient in enumerate(recipients)
    }
    own = {"recipient-variables": json.dumps(variables), "v:delivery_id": "%recipient.v:delivery_id%"}
    return post_message(sandbox, recipients, **own, **fields)
