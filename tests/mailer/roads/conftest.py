"""A relay that does as it is told, address by address, and keeps what it accepted; and recipients for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from mailer import roads
from tests.factories import make_message

pytestmark = pytest.mark.django_db


class HangUp(Exception):  # noqa: N818
    """The relay drops the connection here."""


@dataclass
class FakeRelay:
    """Speaks SMTP on a port of its own. What an address begins with says what becomes of it:

    `unknown-`: 550 at RCPT, `grey-`: 451 at RCPT, `spam-`: 554 after the text, `full-`: 452 after the text,
    `closing-`: 421 at RCPT, `cut-`: hang up at RCPT, `lost-`: accept, then hang up, `denied-`: relaying denied.
    """

    features: list[str] = field(default_factory=lambda: ["PIPELINING", "8BITMIME", "CHUNKING"])
    greeting: bytes = b"220 fake ESMTP"
    mail_reply: bytes = b"250 2.1.0 Ok"
    auth_reply: bytes = b"235 2.7.0 Ok"
    tls: ssl.SSLContext | None = None
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._now = threading.local()  # the mail of each connection, which has a thread of its own
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    @property
    def recipients(self) -> list[str]:
        return [address for _return_path, address, _text in self.accepted]

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(HangUp, OSError, ValueError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(self.greeting + b"\r\n")
            stream = connection.makefile("rb")
            while line := stream.readline():
                self.commands.append(line.strip())
                if line.upper().startswith(b"STARTTLS") and self.tls:
                    connection.sendall(b"220 go\r\n")
                    connection = self.tls.wrap_socket(connection, server_side=True)
                    stream = connection.makefile("rb")
                    continue
                for reply in self._answer(line, stream, connection):
                    connection.sendall(reply + b"\r\n")
                    if reply.startswith(b"421"):
                        stream.read()  # a reset would take the reply with it
                        return

    def _answer(self, line: bytes, stream: BinaryIO, connection: socket.socket) -> Iterator[bytes]:
        verb, _blank, rest = line.strip().partition(b" ")
        match verb.upper():
            case b"EHLO":
                encrypted = isinstance(connection, ssl.SSLSocket)
                features = [*self.features, *(["STARTTLS"] if self.tls and not encrypted else [])]
                yield b"250-fake"
                yield from (f"250-{feature}".encode() for feature in features[:-1])
                yield f"250 {features[-1]}".encode()
            case b"AUTH":
                yield self.auth_reply
            case b"MAIL":
                self._now.sender, self._now.to = rest.partition(b"<")[2].partition(b">")[0].decode(), ""
                yield self.mail_reply
            case b"RCPT":
                known = self.mail_reply.startswith(b"250")
                address = rest.partition(b"<")[2].partition(b">")[0].decode()
                yield self._recipient(address) if known else b"503 5.5.1 MAIL first"
            case b"DATA":
                if not self._now.to:
                    yield b"554 5.5.1 No valid recipients"
                    return
                yield b"354 go"
                text = b""
                while (part := stream.readline()) not in (b".\r\n", b""):
                    text += part[1:] if part.startswith(b".") else part
                yield self._text(text, whole=part == b".\r\n")
            case b"BDAT":
                size = int(rest.split()[0])
                text = stream.read(size)
                yield (
                    self._text(text, whole=len(text) == size)
                    if self._now.to
                    else b"554 5.5.1 No valid recipients"
                )
            case b"QUIT":
                yield b"221 bye"
            case _:
                yield b"250 2.0.0 Ok"

    def _recipient(self, address: str) -> bytes:
        match address.partition("-")[0]:
            case "unknown":
                return b"550-5.1.1 No such user\r\n550 5.1.1 here: " + address.encode()
            case "grey":
                return b"451 4.7.1 Greylisted, try later"
            case "closing":
                return b"421 4.3.2 Closing"
            case "denied":
                return b"554 5.7.1 Relay access denied"
            case "cut":
                raise HangUp
        self._now.to = address
        return b"250 2.1.5 Ok"

    def _text(self, text: bytes, *, whole: bool) -> bytes:
        if not whole:
            raise HangUp
        match self._now.to.partition("-")[0]:
            case "spam":
                return b"554 5.7.1 Looks like spam"
            case "full":
                return b"452 4.2.2 Over quota"
        self.accepted.append((self._now.sender, self._now.to, text))
        if self._now.to.startswith("lost-"):
            raise HangUp
        return b"250 2.0.0 Ok: queued as 4711"


MakeRelay = Callable[..., FakeRelay]


@pytest.fixture
def relay(settings: Any) -> Iterator[MakeRelay]:
    """Starts a relay that the settings lead to."""
    started: list[FakeRelay] = []

    def make(**options: Any) -> FakeRelay:
        found = FakeRelay(**options)
        started.append(found)
        settings.SANDBOX_SMTP_PORT = found.port
        settings.MAIL_TIMEOUT = 5
        return found

    yield make
    for each in started:
        each.close()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for `localhost` that this process trusts."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


@pytest.fixture
def content(db: None) -> roads.Content:
    message = make_message(
        subject="News for {{ first_name | friend }}",
        text="Dear {{ first_name | friend }},\n.\n..two dots\n{{ unsubscribe_link }}\n",
        html="<p>Dear {{ first_name | friend }}</p>\n",
    )
    return roads.Content(message, {"List-Unsubscribe": "<{{ unsubscribe_link }}>"})


def people(*addresses: str, first: int = 1) -> list[roads.Recipient]:
    return [
        roads.Recipient(
            number,
            address,
            {"first_name": f"Person {number}", "unsubscribe_link": f"https://act.example.org/u/{number}-abc"},
        )
        for number, address in enumerate(addresses, first)
    ]
