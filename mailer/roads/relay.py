"""One kept connection to an SMTP relay, on a socket of our own: many mails in flight, each reply brought home.

Commands are pipelined (RFC 2920). With CHUNKING (RFC 3030) a mail is MAIL, RCPT and BDAT in one write, and the next one
follows without waiting; without it the text waits for the relay's 354, one round trip a mail. Each mail begins with
RSET: were a MAIL refused while the transaction before it is still open, its RCPT would join that one.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import re
import select
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn, Self
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from mailer.providers import Answer, Outcome
from mailer.roads.replies import (
    ACCEPTED,
    CONTRADICTION,
    DONE,
    END,
    RCPT,
    RSET,
    TEXT,
    RelayError,
    Reply,
    broken,
    in_words,
    locked_out,
    of_temporary,
    refusal,
    unreached,
)

IDLE_SECONDS = 30  # after which a kept connection is asked whether it is still there
MAX_REPLY = 65_536  # octets; no reply is that long
_REPLY = re.compile(rb"[2-5][0-9][0-9](?:[ -].*)?", re.DOTALL)
Tls = Literal["at once", "by STARTTLS", "none"]


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mails go by SMTP, read from an address such as `smtp://user:password@relay.example:587`.

    `smtp` begins in the clear and must become TLS by STARTTLS, `smtps` is TLS from the first octet. Only to a relay on
    this machine mails may go in the clear.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: Tls = "by STARTTLS"
    connections: int = 0  # as many as suit the relay
    in_flight: int = 64

    @classmethod
    def read(cls, url: str) -> Self:
        """Raises ImproperlyConfigured for anything but such an address."""
        try:
            parts = urlsplit(url)
            options = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
            numbers = {name: int(value) for name, value in options.items()}
            port = parts.port
        except ValueError:
            raise ImproperlyConfigured(f"SMTP_RELAY_URL is not an address. Example: {EXAMPLE}") from None
        if (
            parts.scheme not in {"smtp", "smtps"}
            or not parts.hostname
            or set(numbers) - {"connections", "in_flight"}
        ):
            raise ImproperlyConfigured(f"SMTP_RELAY_URL is not the address of a relay. Example: {EXAMPLE}")
        at_once = parts.scheme == "smtps"
        tls: Tls = "at once" if at_once else "none" if _is_this_machine(parts.hostname) else "by STARTTLS"
        return cls(
            host=parts.hostname,
            port=port or (465 if at_once else 587),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
            connections=min(max(numbers.get("connections", 0), 0), 50),
            in_flight=min(max(numbers.get("in_flight", 64), 1), 1_000),
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


EXAMPLE = "SMTP_RELAY_URL=smtp://user:password@relay.example:587?connections=2&in_flight=64"


class Mail(NamedTuple):
    """One mail for the wire: lines ended by CRLF, not dot-stuffed. `tag` is the caller's own.

    `dots`: whether a line may begin with a dot; False only where that is known.
    """

    tag: int
    return_path: str
    address: str
    octets: bytes
    dots: bool = True


class _Flight:
    """A mail of which not every reply is in."""

    __slots__ = ("refusal", "stage", "tag", "whole")

    def __init__(self, tag: int) -> None:
        self.tag = tag
        self.stage = RSET
        self.refusal: Outcome | None = None
        self.whole = (
            False  # whether all of it was handed to the socket: only then the relay may have accepted it
        )


class Connection:
    """An open, greeted and authenticated connection. Once RelayError was raised, `abandon` is all that is left to do.

    `done` gathers the outcome of each mail by its tag; the caller takes them out.
    """

    def __init__(self, relay: Relay, *, name: str, timeout: float) -> None:
        """Raises RelayError if no such connection comes about; nothing was sent then."""
        self.done: list[tuple[int, Outcome]] = []
        self.features: dict[str, str] = {}
        self.used_at = time.monotonic()
        self._relay = relay
        self._flights: deque[_Flight] = deque()
        self._unsent: tuple[_Flight, Mail] | None = None  # without CHUNKING: the last mail and its text
        self._buffer = b""
        self._lines: list[bytes] = []  # of a reply that is not complete
        self._closing: Outcome | None = None
        try:
            self._socket: socket.socket = socket.create_connection((relay.host, relay.port), timeout=timeout)
        except OSError as error:
            raise RelayError(unreached(error)) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._begin(relay, name)
        except OSError as error:
            self.close()
            raise RelayError(unreached(error)) from error
        except RelayError:
            self.close()
            raise
        self.eight_bit = "8BITMIME" in self.features
        self.international = "SMTPUTF8" in self.features
        self._pipelining = "PIPELINING" in self.features
        self._chunking = self._pipelining and "CHUNKING" in self.features
        # Without CHUNKING each mail is a round trip: while one connection waits for it, the others are written to.
        self.company = relay.connections or (1 if self._chunking else 4)

    @property
    def in_flight(self) -> int:
        """Mails whose outcome is not known yet."""
        return len(self._flights)

    @property
    def is_full(self) -> bool:
        """Whether the next mail has to wait for replies."""
        return self._chunking and len(self._flights) >= self._relay.in_flight

    @property
    def is_alive(self) -> bool:
        """Whether the connection may be used again: the relay has neither closed it nor said a word meanwhile."""
        if self._flights or self._closing:
            return False
        readable, _writable, _broken = select.select([self._socket], [], [], 0)
        if readable:
            return False
        if time.monotonic() - self.used_at < IDLE_SECONDS:
            return True
        try:
            return self._command(b"NOOP").code == 250
        except (OSError, RelayError):
            return False

    def send(self, mail: Mail) -> None:
        """Hand one mail to the relay; waits only while too many are in flight. Raises RelayError."""
        envelope = b"RSET\r\nMAIL FROM:<%b>%b\r\nRCPT TO:<%b>\r\n" % (
            mail.return_path.encode("ascii"),
            self._parameters(mail),
            mail.address.encode(),
        )
        flight = _Flight(mail.tag)
        if self._chunking:
            if self.is_full:
                self._read_until(self._relay.in_flight - 1)
            self._flights.append(flight)
            self._write_both(b"%bBDAT %d LAST\r\n" % (envelope, len(mail.octets)), mail.octets)
            flight.whole = True
        else:
            self._send_by_data(flight, envelope, mail)

    def finish(self) -> None:
        """Wait for the outcome of every mail. Raises RelayError."""
        self._write_text()
        self._read_until(0)
        self.used_at = time.monotonic()

    def abandon(self, why: Outcome) -> None:
        """Close, and say of every mail in flight what is certain: without a reply a whole one is unknown.

        After a 421 the relay has read nothing more (RFC 5321 §3.8): what it had not answered by then it did not take.
        """
        for flight in self._flights:
            if flight.refusal is not None:
                outcome = flight.refusal
            elif self._closing is not None:
                outcome = self._closing
            elif flight.whole:
                outcome = Outcome(
                    Answer.UNKNOWN, reason="the connection to the relay broke before its answer"
                )
            else:
                outcome = Outcome(Answer.LATER, reason=why.reason)
            self.done.append((flight.tag, outcome))
        self._flights.clear()
        self.close()

    def close(self) -> None:
        """Close without ceremony; QUIT is sent if nothing is in flight. Never raises."""
        with contextlib.suppress(OSError):
            if not self._flights:
                self._socket.settimeout(1)
                self._socket.sendall(b"QUIT\r\n")
        with contextlib.suppress(OSError):
            self._socket.close()

    # --- the beginning -------------------------------------------------------------------------------------

    def _begin(self, relay: Relay, name: str) -> None:
        if relay.tls == "at once":
            self._to_tls()
        self._require(self._reply(), {220})
        self._greet(name)
        if relay.tls == "by STARTTLS":
            # Never in the clear over a network, whatever a relay, or somebody in its place, offers.
            if "STARTTLS" not in self.features:
                raise RelayError(locked_out("the relay offers no TLS"))
            self._require(self._command(b"STARTTLS"), {220})
            if self._buffer:
                raise RelayError(locked_out("the relay spoke before TLS began"))
            self._to_tls()
            self._greet(name)
        if relay.user:
            self._authenticate(relay.user, relay.password)

    def _to_tls(self) -> None:
        context = ssl.create_default_context()
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=self._relay.host)
        except ssl.SSLCertVerificationError as error:
            raise RelayError(locked_out("the relay's certificate is not valid")) from error

    def _greet(self, name: str) -> None:
        reply = self._command(b"EHLO " + name.encode("ascii"))
        self._require(reply, {250})
        self.features = {}
        for line in reply.words.split("\n")[1:]:
            keyword, _blank, parameters = line.partition(" ")
            self.features[keyword.upper()] = parameters.upper()

    def _authenticate(self, user: str, password: str) -> None:
        mechanisms = self.features.get("AUTH", "").split()
        if "PLAIN" in mechanisms:
            secret = base64.b64encode(f"\0{user}\0{password}".encode())
            self._require(self._command(b"AUTH PLAIN " + secret), {235})
        elif "LOGIN" in mechanisms:
            self._require(self._command(b"AUTH LOGIN"), {334})
            self._require(self._command(base64.b64encode(user.encode())), {334})
            self._require(self._command(base64.b64encode(password.encode())), {235})
        else:
            raise RelayError(locked_out("the relay offers no way to log in that we know"))

    def _command(self, line: bytes) -> Reply:
        self._socket.sendall(line + b"\r\n")
        return self._reply()

    def _require(self, reply: Reply, wanted: set[int]) -> None:
        if reply.code in wanted:
            return
        if reply.code >= 500:
            raise RelayError(locked_out(in_words(reply)))
        raise RelayError(of_temporary(reply))

    # --- mails ---------------------------------------------------------------------------------------------

    def _parameters(self, mail: Mail) -> bytes:
        parameters = b" BODY=8BITMIME" if self.eight_bit else b""
        return parameters if mail.address.isascii() else parameters + b" SMTPUTF8"

    def _send_by_data(self, flight: _Flight, envelope: bytes, mail: Mail) -> None:
        """One round trip a mail: the text of the one before travels with the commands of this one (RFC 2920 §3.1).

        The replies to these commands are read when the next mail comes: the caller writes it while they travel.
        """
        if self._pipelining:
            self._write_text(envelope + b"DATA\r\n", flight)
        else:
            self._write_text()
            self._read_until(0)
            self._flights.append(flight)
            for line in [*envelope.splitlines(keepends=True), b"DATA\r\n"]:
                self._write(line)
                self._read_until_stage(flight, flight.stage + 1)
                if flight.refusal is not None:
                    break
            if flight.stage < END:
                self._settle(flight, flight.refusal or CONTRADICTION)
        self._unsent = (flight, mail)

    def _write_text(self, commands: bytes = b"", next_flight: _Flight | None = None) -> None:
        """Write the text that is not sent yet, once the relay waits for it, and what may follow it at once."""
        text = b""
        if self._unsent is not None:
            flight, mail = self._unsent
            self._unsent = None
            self._read_until_stage(flight, END)
            if flight.stage == END:
                # Was its recipient refused, an empty text ends the transaction and reaches nobody.
                if flight.refusal is None:
                    text = _stuffed(mail.octets) if mail.dots else mail.octets
                commands = b".\r\n" + commands
                # Before it is written: should that fail half-way, the text may have been whole all the same.
                flight.whole = flight.refusal is None
        if next_flight is not None:
            self._flights.append(next_flight)
        if text:
            self._write_both(text, commands)
        elif commands:
            self._write(commands)

    def _write_both(self, head: bytes, octets: bytes) -> None:
        """Write both in one go, without a copy where the socket can do that (TLS cannot)."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._write(head + octets)
            return
        try:
            sent = self._socket.sendmsg((head, octets))
        except OSError as error:
            self._fail(error)
        if sent < len(head) + len(octets):
            self._write(head[sent:] + octets if sent < len(head) else memoryview(octets)[sent - len(head) :])

    def _write(self, octets: bytes | memoryview) -> None:
        try:
            self._socket.sendall(octets)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        if not isinstance(error, TimeoutError):
            # What the relay said before it hung up is still there to be read.
            with contextlib.suppress(RelayError):
                self._read_until(0)
        raise RelayError(broken(error)) from error

    # --- replies -------------------------------------------------------------------------------------------

    def _read_until(self, most: int) -> None:
        while len(self._flights) > most:
            self._read()

    def _read_until_stage(self, flight: _Flight, stage: int) -> None:
        while flight.stage < stage:
            self._read()

    def _read(self) -> None:
        """Wait for something from the relay and bring every whole reply home."""
        *whole, self._buffer = (self._buffer + self._receive()).split(b"\n")
        flights, chunking, done = self._flights, self._chunking, self.done
        for line in whole:
            # By far the most lines: 250 to the oldest mail, where that is what it waits for.
            if line[:4] == b"250 " and not self._lines and flights:
                flight = flights[0]
                stage = flight.stage
                if stage < RCPT:
                    flight.stage = stage + 1
                    continue
                if stage == RCPT:
                    flight.stage = END if chunking else TEXT
                    continue
                if stage == END and flight.refusal is None:
                    flights.popleft()
                    flight.stage = DONE
                    done.append((flight.tag, ACCEPTED))
                    continue
            self._understand(line)

    def _understand(self, line: bytes) -> None:
        reply = self._whole(line)
        if reply is None:
            return
        if reply.code == 421 or not self._flights:
            self._closing = of_temporary(reply)
            raise RelayError(self._closing)
        flight = self._flights[0]
        positive = reply.code == 354 if flight.stage == TEXT else 200 <= reply.code < 300
        if not positive and flight.refusal is None:
            flight.refusal = refusal(flight.stage, reply)
        if flight.stage == END:
            contradicts = positive and flight.refusal is not None and self._chunking
            self._settle(flight, CONTRADICTION if contradicts else flight.refusal or ACCEPTED)
        elif flight.stage == TEXT and not positive:
            self._settle(flight, flight.refusal or CONTRADICTION)
        else:
            flight.stage = END if flight.stage == RCPT and self._chunking else flight.stage + 1

    def _settle(self, flight: _Flight, outcome: Outcome) -> None:
        self._flights.popleft()
        flight.stage = DONE
        self.done.append((flight.tag, outcome))

    def _reply(self) -> Reply:
        """The next reply to a command that stands alone."""
        while True:
            while b"\n" in self._buffer:
                line, _end, self._buffer = self._buffer.partition(b"\n")
                if reply := self._whole(line):
                    return reply
            self._buffer += self._receive()

    def _whole(self, line: bytes) -> Reply | None:
        """The reply that this line completes; None if more lines belong to it (RFC 5321 §4.2.1)."""
        line = line.rstrip(b"\r")
        if not _REPLY.fullmatch(line):
            raise RelayError(Outcome(Answer.LATER, reason="the relay does not speak SMTP"))
        self._lines.append(line)
        if line[3:4] == b"-":
            return None
        words = "\n".join(each[4:].decode("utf-8", "replace") for each in self._lines)
        self._lines = []
        return Reply(int(line[:3]), words)

    def _receive(self) -> bytes:
        try:
            received = self._socket.recv(65_536)
        except OSError as error:
            raise RelayError(broken(error)) from error
        if not received:
            raise RelayError(Outcome(Answer.LATER, reason="the relay closed the connection"))
        if len(self._buffer) > MAX_REPLY:
            raise RelayError(Outcome(Answer.LATER, reason="the relay does not speak SMTP"))
        return received


def _stuffed(octets: bytes) -> bytes:
    """A text whose lines may begin with a dot (RFC 5321 §4.5.2)."""
    stuffed = octets.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
