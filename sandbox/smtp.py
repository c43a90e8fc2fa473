"""The SMTP side: a sink with the same log, the same outcomes and, where SMTP can say it, the same faults."""

from __future__ import annotations

import asyncio
import re
from email import policy
from email.parser import BytesHeaderParser

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from . import mailgun, messages, outcomes
from .desk import Desk, HangUpError
from .store import Call

MAX_SIZE = 40 * 1024 * 1024


def protocol(desk: Desk) -> SMTP:
    """A protocol for one connection, for `loop.create_server`."""
    return _Sink(
        _Handler(desk),
        data_size_limit=MAX_SIZE,
        enable_SMTPUTF8=True,
        hostname="sandbox.example",
        ident="Epistle provider sandbox",
        auth_require_tls=False,
        authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
            success=isinstance(data, LoginPassword)
        ),
    )


class _Sink(SMTP):
    """aiosmtpd's server, which can be told to hang up, with CHUNKING (RFC 3030)."""

    _chunks: bytes | None = None  # of a mail whose last chunk has not come

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def smtp_BDAT(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by their names
        """`BDAT size [LAST]`. The octets are read whatever becomes of them: a caller that pipelines has sent them."""
        size, _blank, last = (arg or "").strip().upper().partition(" ")
        if not size.isascii() or not size.isdigit() or last not in ("", "LAST"):
            await self.push("501 5.5.4 Syntax: BDAT size [LAST]")
            return
        chunk = await self._take(int(size))
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            self._chunks = None
            await self.push("503 5.5.1 Error: need RCPT command")
        elif chunk is None or len(self._chunks or b"") + len(chunk) > MAX_SIZE:
            self._chunks = None
            await self.push("552 5.3.4 Error: Too much mail data")
            self._set_post_data_state()
        elif not last:
            self._chunks = (self._chunks or b"") + chunk
            await self.push(f"250 2.0.0 {size} octets received")
        else:
            envelope.content = envelope.original_content = (self._chunks or b"") + chunk
            self._chunks = None
            status = await self._call_handler_hook("DATA")
            if self.transport is not None:
                await self.push(status)
            self._set_post_data_state()

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        self._chunks = None
        await super().smtp_RSET(arg)

    async def _take(self, size: int) -> bytes | None:
        """The octets of a chunk; None, and they are thrown away, where they are more than a mail may have."""
        if size <= MAX_SIZE:
            return bytes(await self._reader.readexactly(size))
        while size > 0:
            size -= len(await self._reader.readexactly(min(size, 65_536)))
        return None


class _Handler:
    """What the sandbox does at each stage; aiosmtpd calls the methods by their names."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # aiosmtpd reads command by command from a buffer, so that pipelined commands (RFC 2920) just work.
        return [*responses[:-1], "250-PIPELINING", "250-CHUNKING", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if outcomes.name_of(address) == "reject":
            return "550 5.7.1 Not delivering to this address"
        if self._desk.switches.take("defer", [address]):
            return "451 4.7.1 Greylisted, please try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: _Sink, session: Session, envelope: Envelope) -> str:  # noqa: N802
        call = _call(envelope)
        try:
            verdict = await self._desk.before(envelope.rcpt_tos, lambda: server.transport is None)
        except HangUpError:
            server.hang_up()
            return "421 4.3.2 Closing"
        if verdict is not None:
            return _refusal(verdict.status)
        try:
            await self._desk.accept(call)
        except OSError:
            return "452 4.3.1 The sandbox cannot write its log"
        return await self._answer(server, envelope)

    async def _answer(self, server: _Sink, envelope: Envelope) -> str:
        try:
            fault = await self._desk.after(envelope.rcpt_tos)
        except HangUpError:
            server.hang_up()
            return "421 4.3.2 Closing"
        name = fault.name if fault else ""
        if name == "accept_then_close":
            server.hang_up()
        elif name == "drip" and fault:
            await asyncio.sleep(fault.seconds)
        return {
            "accept_then_500": "451 4.3.0 Something went wrong after accepting",
            "garbage": "what was I saying",
        }.get(name, "250 2.0.0 Queued. Thank you.")


def _call(envelope: Envelope) -> Call:
    content = envelope.content
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content or b"")
    source = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(source)
    domain = (envelope.mail_from or "").rpartition("@")[2] or "sandbox.example"
    message_id = str(headers.get("Message-ID") or "").strip()
    known_as = mailgun.bracketed(message_id) if message_id else mailgun.new_message_id(domain)
    variables = mailgun.read_variables_header(str(headers.get("X-Mailgun-Variables") or ""))
    subject = messages.decoded_header(headers.get("Subject") or "")
    return Call(
        road="smtp",
        domain=domain,
        content_type=messages.RAW,
        body=source,
        sender=messages.decoded_header(headers.get("From") or envelope.mail_from or ""),
        tags=[str(tag) for tag in headers.get_all("X-Mailgun-Tag") or []],
        mails=[
            mailgun.Mail(recipient, known_as, variables, subject)
            for recipient in dict.fromkeys(envelope.rcpt_tos)
        ],
    )


def _refusal(status: int) -> str:
    if status == 429:
        return "451 4.7.1 Too many messages, slow down"
    if status in (401, 403):
        return "535 5.7.8 Authentication credentials invalid"
    return "451 4.3.0 Temporarily unavailable" if status >= 500 else "554 5.5.0 Refused"
