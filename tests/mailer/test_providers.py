"""What each thing that a provider or a network can do comes to. Real sockets, Anymail's real backend."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives

from mailer import providers
from mailer.providers import Answer

Serve = Callable[[socket.socket], None]
OK = b'{"id": "<1@epistle.example>", "message": "Queued. Thank you."}'


def mail(size: int = 10) -> EmailMultiAlternatives:
    return EmailMultiAlternatives("Act", "x" * size, "letters@epistle.example", ["sam@office.example"])


def read_request(connection: socket.socket) -> bytes:
    """A whole request: its head and as much body as it announces."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(
        next(
            line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + body


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def replying(raw: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(raw)

    return serve


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN: the other side reads "connection reset by peer"."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def reset_in_the_body(connection: socket.socket) -> None:
    connection.recv(1_000)
    reset(connection)


def reset_after_the_body(connection: socket.socket) -> None:
    read_request(connection)
    reset(connection)


def keep_silent(connection: socket.socket) -> None:
    read_request(connection)
    connection.settimeout(5)
    connection.recv(1)


@pytest.fixture
def wire(settings: Any) -> Iterator[Callable[[Serve], list[bytes]]]:
    """Put `serve` behind the provider's address: it is given each connection. Returns who connected, in order."""
    closing: list[socket.socket] = []

    def listen(serve: Serve, scheme: str = "http") -> list[bytes]:
        connections: list[bytes] = []
        listener = socket.create_server(("127.0.0.1", 0))
        closing.append(listener)

        def loop() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append(b"")
                with connection:
                    connection.settimeout(5)
                    try:
                        serve(connection)
                    except OSError:
                        continue

        threading.Thread(target=loop, daemon=True).start()
        point_at(settings, f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        return connections

    yield listen
    for listener in closing:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def point_at(settings: Any, url: str) -> None:
    """Ask at `url`, and wait one second for a connection, which the kernel answers, but longer for our answers."""
    settings.SANDBOX_URL = url
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_URL": f"{url}/v3", "REQUESTS_TIMEOUT": (1, 10)}


def test_an_acceptance_names_the_message(wire):
    wire(replying(answer("200 OK", OK)))
    assert providers.ask(mail()) == providers.Outcome(Answer.ACCEPTED, message_id="<1@epistle.example>")


@pytest.mark.parametrize(
    "serve",
    [
        reset_in_the_body,
        reset_after_the_body,
        replying(b""),
        replying(b"\x00\xff\x00garbage\r\n\r\n"),
        replying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + OK),
        replying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nbroken"),
        replying(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"'),
        replying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
        replying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n" + OK),
        replying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n" + OK),
        replying(answer("200 OK", b"<" * 5_000_000)),
        replying(answer("200 OK", b"null")),
        replying(answer("200 OK", b'{"id": "", "message": "Queued"}')),
        replying(answer("200 OK", b'{"id": null, "message": "Queued"}')),
        replying(answer("204 No Content")),
        replying(answer("500 Oops", b"oops")),
        replying(answer("502 Bad Gateway")),
        replying(answer("504 Gateway Time-out")),
        replying(answer("302 Found", b"", "Location: /elsewhere")),
        replying(answer("303 See Other", b"", "Location: /elsewhere")),
    ],
)
def test_without_a_definite_answer_the_fate_of_a_mail_is_unknown(wire, serve):
    connections = wire(serve)
    assert providers.ask(mail(300_000)).answer is Answer.UNKNOWN
    assert len(connections) == 1  # nothing below us tries again


def test_a_provider_that_keeps_silent_leaves_the_fate_of_a_mail_unknown(wire, settings):
    connections = wire(keep_silent)
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": (1, 0.5)}
    assert providers.ask(mail()).answer is Answer.UNKNOWN
    assert len(connections) == 1


def test_a_refused_connection_is_provably_no_acceptance(settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    point_at(settings, f"http://127.0.0.1:{port}")
    assert providers.ask(mail()).answer is Answer.LATER


def test_a_name_that_is_not_found_is_provably_no_acceptance(settings):
    point_at(settings, "http://nowhere.invalid")
    assert providers.ask(mail()).answer is Answer.LATER


def test_a_connection_that_is_never_taken_is_provably_no_acceptance(settings):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        point_at(settings, f"http://127.0.0.1:{full.getsockname()[1]}")
        assert providers.ask(mail()).answer is Answer.LATER
        for one in waiting:
            one.close()


@pytest.fixture
def in_production(settings: Any) -> None:
    settings.PRODUCTION = True


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_a_certificate_we_do_not_trust_is_provably_no_acceptance(wire, in_production, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    served: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            served.append(read_request(secured))

    wire(serve, "https")
    assert providers.ask(mail()).answer is Answer.LATER
    assert served == []


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key, in one file."""
    path = folder / "self-signed.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    certificate = folder / "certificate.pem"
    subprocess.run([*command, "-keyout", path, "-out", certificate], check=True, capture_output=True)
    path.write_text(path.read_text() + certificate.read_text())
    return path


def test_a_proxy_that_opens_no_tunnel_is_provably_no_acceptance(wire, in_production, settings, monkeypatch):
    def refuse(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    wire(refuse)
    monkeypatch.setenv("https_proxy", settings.SANDBOX_URL)
    point_at(settings, "https://api.provider.example")
    assert providers.ask(mail()).answer is Answer.LATER


def test_the_proxy_of_a_laptop_is_not_asked_for_the_sandbox(wire, monkeypatch):
    wire(replying(answer("200 OK", OK)))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert providers.ask(mail()).answer is Answer.ACCEPTED


@pytest.mark.parametrize("status", [503, 408, 425])
def test_a_service_that_did_not_take_the_request_is_asked_later(wire, status):
    wire(replying(answer(f"{status} No")))
    assert providers.ask(mail()).answer is Answer.LATER


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 407])
def test_a_fault_of_our_account_is_no_fault_of_the_mail(wire, status):
    wire(replying(answer(f"{status} No", b"Domain not found: epistle.example")))
    assert providers.ask(mail()).answer is Answer.LOCKED_OUT


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_is_not_followed_with_a_letter_in_the_hand(wire, settings, status):
    elsewhere = wire(replying(answer("200 OK", OK)))
    wire(replying(answer(f"{status} Moved", b"", f"Location: {settings.SANDBOX_URL}/v3/other")))
    assert providers.ask(mail()).answer is Answer.LOCKED_OUT
    assert elsewhere == []


@pytest.mark.parametrize("status", [400, 406, 413, 422])
def test_a_refusal_of_the_mail_is_final(wire, status):
    wire(replying(answer(f"{status} No", b'{"message": "no"}')))
    assert providers.ask(mail()).answer is Answer.REFUSED


def test_a_refusal_before_the_body_was_read_is_a_refusal_all_the_same(wire):
    def refuse(connection: socket.socket) -> None:
        connection.recv(500)
        connection.sendall(answer("413 Too Large"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass

    wire(refuse)
    assert providers.ask(mail(2_000_000)).answer is Answer.REFUSED


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7.0),
        ("0", 1.0),
        ("9" * 400, 3600.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1.0),
        ("Wed, 21 Oct 9999 07:28:00 GMT", 3600.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 60.0),
        ("\u00b2", 60.0),
        ("soon", 60.0),
        ("-5", 60.0),
        ("1.5", 60.0),
    ],
)
def test_the_wait_a_provider_asks_for_is_read_whatever_it_writes(wire, header, wait):
    wire(replying(answer("429 Slow down", b"", f"Retry-After: {header}")))
    outcome = providers.ask(mail())
    assert (outcome.answer, outcome.wait) == (Answer.SLOW_DOWN, wait)


def test_settings_that_are_not_complete_cost_no_mail(settings):
    settings.ANYMAIL = {name: value for name, value in settings.ANYMAIL.items() if name != "MAILGUN_API_KEY"}
    assert providers.ask(mail()).answer is Answer.LOCKED_OUT


@pytest.mark.parametrize(
    ("sandbox", "target"),
    [
        ("http://127.0.0.1:8025", "https://api.mailgun.net/v3"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025.evil.example/v3"),
        ("https://api.mailgun.net", "https://api.mailgun.net/v3"),
    ],
)
def test_a_development_machine_cannot_mail_a_real_provider(settings, sandbox, target):
    settings.SANDBOX_URL = sandbox
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_URL": target}
    with pytest.raises(ImproperlyConfigured):
        providers.mail_backend()
