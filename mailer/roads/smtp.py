"""The road by SMTP: skeletons filled and pipelined over kept connections. Also a Django mail backend, for single mails."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from email.utils import formatdate, parseaddr
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from anymail.message import AnymailRecipientStatus, AnymailStatus
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from mailer import composing, verp
from mailer.models import Sender
from mailer.providers import Answer, NotAccepted, Outcome
from mailer.roads import buckets, refusals, skeleton
from mailer.roads.contract import Content, Recipient, Turn
from mailer.roads.relay import Connection, Mail, Relay, RelayError
from mailer.roads.skeleton import Skeleton

_LINE_END = re.compile(rb"\r\n|\r|\n")
WINDOWS_IN_FLIGHT = 4  # of one `ask`: so the pipe is empty for a round trip only once in so many
MAX_WINDOW = 1_000
MAX_BREAKS = 3  # connections lost in one window before the rest of it is left for later
NOT_INTERNATIONAL = Outcome(
    Answer.REFUSED, reason="the relay takes no address with such letters before the @"
)
# Nothing more of a window is sent after so long: whoever leaves meanwhile waits no longer than that (30 s promised).
ASK_SECONDS = 25.0


def relay() -> Relay:
    """The relay of the settings. Outside production it is the sandbox, whatever else is set.

    Raises ImproperlyConfigured where none is set.
    """
    if not settings.PRODUCTION:
        found = Relay.read(
            f"smtp://127.0.0.1:{settings.SANDBOX_SMTP_PORT}?{urlsplit(settings.SMTP_RELAY_URL).query}"
        )
    elif settings.SMTP_RELAY_URL:
        found = Relay.read(settings.SMTP_RELAY_URL)
    else:
        raise ImproperlyConfigured(
            "SMTP_RELAY_URL is not set. Example: smtp://user:password@relay.example:587"
        )
    return found


class SmtpRoad:
    """One worker's way to the relay. Connections are opened when they are needed and kept between windows."""

    provider = "smtp"

    def __init__(self, sender: Sender) -> None:
        self._relay = relay()
        self._connections: list[Connection] = []
        self.window = min(
            max(self._relay.connections, 1) * self._relay.in_flight * WINDOWS_IN_FLIGHT, MAX_WINDOW
        )
        self._pace = buckets.Pace(sender, self.provider)

    def turn(self, people: int) -> Turn:
        return self._pace.turn(people)

    def ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        outcomes = buckets.paced(self._pace, recipients, lambda asked: self._ask(content, asked))
        if any(outcome.code for outcome in outcomes):
            ids = (recipient.delivery_id for recipient in recipients)
            refusals.report(self.provider, zip(ids, outcomes, strict=True))
        return outcomes

    def _ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(recipients)
        waiting = deque(range(len(recipients)))
        until = time.monotonic() + ASK_SECONDS
        rest = Outcome(Answer.LATER, reason="the relay was too slow")
        for _again in range(MAX_BREAKS):
            try:
                connections = self._open()
                ready = skeleton.compiled(content, eight_bit=all(each.eight_bit for each in connections))
            except RelayError as error:
                rest = error.outcome
                break
            except ValidationError as error:
                rest = _unwritten(error)
                break
            broken = self._send(connections, ready, recipients, waiting, outcomes, until)
            rest = broken or rest
            if not waiting or rest.answer is not Answer.LATER or time.monotonic() > until:
                break
        return [rest if outcome is None else outcome for outcome in outcomes]

    def _send(
        self,
        connections: Sequence[Connection],
        ready: Skeleton,
        recipients: Sequence[Recipient],
        waiting: deque[int],
        outcomes: list[Outcome | None],
        until: float,
    ) -> Outcome | None:
        """Send what is waiting, by all connections in turn. Returns what broke the last one of them, if all broke."""
        mails = self._mails(connections[0].international, ready, recipients, waiting, outcomes)
        ahead: deque[Mail] = deque()
        up = deque(connections)
        why: Outcome | None = None
        while up and time.monotonic() < until:
            # While replies travel, the next mails are written.
            if not ahead or (up[0].is_full and len(ahead) < self._relay.in_flight):
                if (mail := next(mails, None)) is not None:
                    ahead.append(mail)
                    continue
                if not ahead:
                    break
            mail = ahead.popleft()
            try:
                up[0].send(mail)
                up.rotate(-1)
            except RelayError as error:
                why = error.outcome
                broken = up.popleft()
                self._drop(broken, why)
                if all(tag != mail.tag for tag, _outcome in broken.done):
                    ahead.appendleft(mail)  # it broke over an earlier one
                if why.answer is not Answer.LATER:
                    break
        waiting.extendleft(mail.tag for mail in reversed(ahead))
        for connection in up:
            try:
                connection.finish()
            except RelayError as error:
                why = error.outcome
                self._drop(connection, why)
        for connection in connections:
            for index, outcome in connection.done:
                outcomes[index] = outcome
            connection.done.clear()
        return why

    def _mails(
        self,
        international: bool,
        ready: Skeleton,
        recipients: Sequence[Recipient],
        waiting: deque[int],
        outcomes: list[Outcome | None],
    ) -> Iterator[Mail]:
        """A mail for each who waits; who cannot have one is refused alone."""
        date, return_path = formatdate().encode(), verp.return_paths()
        while waiting:
            index = waiting.popleft()
            recipient = recipients[index]
            if not international and not recipient.address.isascii():
                outcomes[index] = NOT_INTERNATIONAL
                continue
            try:
                octets, dots = ready.render_for_wire(recipient, date)
            except (ValidationError, composing.MergeError) as error:
                outcomes[index] = _unwritten(error)
                continue
            yield Mail(index, return_path(recipient.delivery_id), recipient.address, octets, dots)

    def _open(self) -> list[Connection]:
        """The connections that are up, as many as the relay lets us have. Raises RelayError if there is none at all."""
        for connection in [connection for connection in self._connections if not connection.is_alive]:
            self._drop(connection, Outcome(Answer.LATER))
        while not self._connections or len(self._connections) < self._connections[0].company:
            try:
                self._connections.append(
                    Connection(self._relay, name=settings.MAIL_DOMAIN, timeout=settings.MAIL_TIMEOUT)
                )
            except RelayError:
                if not self._connections:
                    raise
                break  # a relay may allow fewer than we would like
        return list(self._connections)

    def _drop(self, connection: Connection, why: Outcome) -> None:
        connection.abandon(why)
        self._connections.remove(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.give_back()
        for connection in self._connections:
            connection.close()
        self._connections.clear()


class EmailBackend(BaseEmailBackend):
    """Sends single mails to the relay (`settings.MAIL_BACKEND`). Raises NotAccepted for every answer but yes."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sent = 0
        try:
            connection = Connection(relay(), name=settings.MAIL_DOMAIN, timeout=settings.MAIL_TIMEOUT)
        except RelayError as error:
            raise NotAccepted(error.outcome) from error
        try:
            for message in email_messages:
                self._send(connection, message)
                sent += 1
        finally:
            connection.close()
        return sent

    def _send(self, connection: Connection, message: EmailMessage) -> None:
        octets = _LINE_END.sub(b"\r\n", message.message().as_bytes())
        delivery_id = int(getattr(message, "metadata", {}).get("delivery_id", 0))
        return_path = verp.return_path(delivery_id) if delivery_id else parseaddr(message.from_email)[1]
        for tag, address in enumerate(message.recipients()):
            if not address.isascii() and not connection.international:
                raise NotAccepted(NOT_INTERNATIONAL)
            try:
                connection.send(Mail(tag, return_path, address, octets))
                connection.finish()
            except RelayError as error:
                connection.abandon(error.outcome)
            (_tag, outcome), *_rest = connection.done
            connection.done.clear()
            if outcome.answer is not Answer.ACCEPTED:
                if delivery_id:
                    refusals.report("smtp", [(delivery_id, outcome)])
                raise NotAccepted(outcome)
        status = AnymailStatus()
        message_id = str(message.extra_headers.get("Message-ID", ""))
        status.set_recipient_status(
            {address: AnymailRecipientStatus(message_id, "sent") for address in message.recipients()}
        )
        message.anymail_status = status  # type: ignore[attr-defined]


def _unwritten(error: Exception) -> Outcome:
    return Outcome(Answer.REFUSED, reason=f"the mail could not be written: {type(error).__name__}")
