"""The mailbox to which bounces of mail by SMTP come back, read by IMAP or POP (BOUNCE_MAILBOX_URL).

Each mail is stored by us before the mailbox hears of it. Nothing is removed from an IMAP mailbox: what was stored is
marked as seen, or moved where `?move_to=` says. POP knows no marks: what we understood is removed, and what we did not
stays, remembered by its number. A mail is fetched up to a bound, however large it is.
"""

from __future__ import annotations

import imaplib
import poplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mailer.inbound import keeping, reading
from mailer.models import InboundMail

DOOR = "mailbox"
BATCH = 500
TIMEOUT = 30
# The lines of a mail that POP is asked for: enough for what a bounce says (a line has 998 octets at most).
_POP_LINES = 2_000
_PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110}
_LOCAL = {"localhost", "127.0.0.1", "::1"}


class MailboxError(Exception):
    """The mailbox cannot be read. Says why, without its password or an address."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where the mailbox is: `imaps://user:password@mail.example.org/INBOX?move_to=Read`, `pop3s://…`; imap and pop3 use
    STARTTLS, except on this machine itself."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str
    move_to: str

    @classmethod
    def of(cls, url: str) -> Mailbox:
        """Raises MailboxError for what is no such address."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise MailboxError(
                "BOUNCE_MAILBOX_URL is not understood. Example: imaps://user:password@mail.example.org/INBOX"
            ) from None
        if not parts.hostname or parts.username is None or parts.password is None:
            raise MailboxError("BOUNCE_MAILBOX_URL needs a host, a user and a password.")
        return cls(
            parts.scheme,
            parts.hostname,
            port,
            unquote(parts.username),
            unquote(parts.password),
            unquote(parts.path.strip("/")) or "INBOX",
            parse_qs(parts.query).get("move_to", [""])[0],
        )


def read(url: str, limit: int = BATCH) -> int:
    """Fetch and store mails that are new in the mailbox, at most `limit`. Returns how many were new to us.

    Safe to repeat and to stop at any moment: a mail that was stored and not marked is known by its content. Raises
    MailboxError if the mailbox cannot be read.
    """
    mailbox = Mailbox.of(url)
    fetch = _fetch_imap if mailbox.scheme.startswith("imap") else _fetch_pop
    try:
        return sum(fetch(mailbox, limit))
    except (OSError, imaplib.IMAP4.error, poplib.error_proto) as error:
        raise MailboxError(f"the mailbox could not be read: {type(error).__name__}") from None


# --- IMAP ------------------------------------------------------------------------------------------------------------


def _fetch_imap(mailbox: Mailbox, limit: int) -> Iterator[bool]:
    with _imap(mailbox) as server:
        _said(server.select(_quoted(mailbox.folder)))
        [found] = _said(server.uid("SEARCH", "UNSEEN"))
        for uid in (found or b"").split()[:limit]:
            raw = _imap_mail(server, uid.decode())
            if raw is None:
                continue
            yield keeping.keep(raw, recipient="", door=DOOR)
            if mailbox.move_to:
                _said(server.uid("COPY", uid.decode(), _quoted(mailbox.move_to)))
            flags = r"(\Seen \Deleted)" if mailbox.move_to else r"(\Seen)"
            _said(server.uid("STORE", uid.decode(), "+FLAGS.SILENT", flags))
        if mailbox.move_to:
            _said(server.expunge())


@contextmanager
def _imap(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    server: imaplib.IMAP4
    if mailbox.scheme == "imaps":
        server = imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT
        )
    else:
        server = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    try:
        if mailbox.scheme == "imap" and mailbox.host not in _LOCAL:
            server.starttls(ssl.create_default_context())
        server.login(mailbox.user, mailbox.password)
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _imap_mail(server: imaplib.IMAP4, uid: str) -> bytes | None:
    """The beginning of a mail, up to the bound; None if it went meanwhile. Looking does not mark it."""
    parts = _said(server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{keeping.KEPT_BYTES}>)"))
    return next((part[1] for part in parts if isinstance(part, tuple) and isinstance(part[1], bytes)), None)


def _said(answer: tuple[str, Any]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return data


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# --- POP -------------------------------------------------------------------------------------------------------------


def _fetch_pop(mailbox: Mailbox, limit: int) -> Iterator[bool]:
    with _pop(mailbox) as server:
        listed = [line.decode("ascii", errors="replace").split(maxsplit=1) for line in server.uidl()[1]]
        known = set(
            InboundMail.objects.filter(
                door=DOOR, number__in=[number for _place, number in listed]
            ).values_list("number", flat=True)
        )
        for place, number in [one for one in listed if one[1] not in known][:limit]:
            raw = b"\r\n".join(server.top(int(place), _POP_LINES)[1])
            is_new = keeping.keep(raw, recipient="", door=DOOR, number=number)
            if reading.read(raw[: keeping.KEPT_BYTES], "").kind not in {
                InboundMail.Kind.OTHER,
                InboundMail.Kind.UNREADABLE,
            }:
                server.dele(int(place))
            yield is_new


@contextmanager
def _pop(mailbox: Mailbox) -> Iterator[poplib.POP3]:
    server: poplib.POP3
    if mailbox.scheme == "pop3s":
        server = poplib.POP3_SSL(
            mailbox.host, mailbox.port, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        server = poplib.POP3(mailbox.host, mailbox.port, timeout=TIMEOUT)
    try:
        if mailbox.scheme == "pop3" and mailbox.host not in _LOCAL:
            server.stls(ssl.create_default_context())
        server.user(mailbox.user)
        server.pass_(mailbox.password)
        yield server
        server.quit()  # only now does the server remove what was marked
    finally:
        server.close()
