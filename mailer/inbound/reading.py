"""What a mail that came in says: pure functions of its bytes, whatever strangers put into them.

Bounces of the standard form (RFC 3464) are read here, with the codes that decide; the forms of servers that keep to no
standard by flufl.bounce. Complaints are feedback reports (RFC 5965). A mail names its delivery by the return path
(`mailer.verp`) or by our Message-ID, both sealed: nobody makes us believe that somebody else's mail came back.
"""

from __future__ import annotations

import email
import email.policy
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

import flufl.bounce

from mailer import bounces, headers, unsubscribe_links, verp
from mailer.models import Delivery, DeliveryEvent, InboundMail

Kind = InboundMail.Kind
Fact = DeliveryEvent.Type

# The library says at INFO which detector it runs, and quotes what it met where one fails.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

MOST_PARTS = 50
WORDS_BYTES = 20_000
_OUR_MESSAGE_ID = re.compile(r"<[0-9]{1,18}\.[0-9a-f]{24}@[^<>@\s]{1,254}>", re.ASCII)
_RETURN_PATH = re.compile(r"bounces\+[0-9]{1,18}-[0-9a-z]{8,40}@[^\s<>;,\"]{1,254}", re.ASCII | re.IGNORECASE)
_LEAVES = re.compile(rf"{unsubscribe_links.LOCAL_PART}\+([0-9a-z-]{{1,100}})@", re.ASCII | re.IGNORECASE)
# By which headers a mailbox tells to whom a mail came.
_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_MACHINES = ("x-autoreply", "x-autorespond", "x-autoresponder")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a mail says of a delivery: a word of `DeliveryEvent.Type`, and why."""

    type: str
    bounce_class: str = ""
    bounce_code: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a mail is, about which delivery, what it says of it, when, and the token by which somebody leaves."""

    kind: str
    delivery: int | None = None
    said: tuple[Said, ...] = field(default=())
    at: datetime | None = None
    token: str = ""


def read(raw: bytes, recipient: str) -> Found:
    """What a mail says. Never raises: what cannot be read is `UNREADABLE`."""
    try:
        # The older policy: it reads anything, and the library of bounces expects it.
        mail = email.message_from_bytes(raw, policy=email.policy.compat32)
        return _read(mail, raw, recipient)
    except Exception:
        # Strangers write it, and a parser that is older than most of them reads it.
        return Found(Kind.UNREADABLE)


def _read(mail: Message, raw: bytes, recipient: str) -> Found:
    to = " ".join([recipient, *_headers(mail, _RECIPIENTS)])
    at = _date(mail)
    delivery = _delivery(to, mail, raw)
    if said := tuple(_complaint(mail)):
        return Found(Kind.COMPLAINT, delivery, said, at)
    if said := tuple(_bounce(mail)):
        return Found(Kind.BOUNCE, delivery, said, at)
    submitted = _submitted(mail)
    if (leaves := _LEAVES.search(to)) and submitted != "auto-replied":
        return Found(Kind.UNSUBSCRIBE, None, (), at, leaves[1].lower())
    if submitted not in {"", "no"} or _is_automatic(mail):
        return Found(Kind.MACHINE, delivery, (Said(Fact.AUTORESPONDED),) if delivery else (), at)
    if said := tuple(_nonstandard_bounce(mail)):
        return Found(Kind.BOUNCE, delivery, said, at)
    return Found(Kind.OTHER, None, (), at)


# --- which delivery ------------------------------------------------------------------------------------------------


def _delivery(to: str, mail: Message, raw: bytes) -> int | None:
    """The delivery a mail is about: by the address it came to, else by what it brings back of our own headers."""
    text = " ".join([to, *_headers(mail, ("in-reply-to", "references"))]) + "\n"
    text += raw.decode("ascii", errors="replace")
    for path in _RETURN_PATH.findall(text)[:20]:
        if delivery := verp.delivery_of(path):
            return delivery
    for message_id in _OUR_MESSAGE_ID.findall(text)[:20]:
        if delivery := headers.delivery_of(message_id):
            return delivery
    return None


# --- complaints ----------------------------------------------------------------------------------------------------


def _complaint(mail: Message) -> Iterator[Said]:
    """A feedback report (RFC 5965). "Not spam" is none; "opt-out" is somebody who leaves."""
    for part in _parts(mail, "message/feedback-report"):
        kind = _fields(part).get("feedback-type", "").strip().lower()
        if kind in {"abuse", "fraud", "virus", "other"}:
            yield Said(Fact.COMPLAINED)
        elif kind.startswith("opt-out"):
            yield Said(Fact.UNSUBSCRIBED)
        return


def _fields(part: Message) -> dict[str, str]:
    """The fields of a report's part; the parser gives them as text, or as a message of their own."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [block for block in payload if isinstance(block, Message)]
        text = "\n".join(f"{name}: {value}" for block in blocks for name, value in block.items())
        text += "\n" + "\n".join(str(block.get_payload()) for block in blocks if not block.is_multipart())
    else:
        text = _text(part)
    parsed = email.message_from_string(text.strip(), policy=email.policy.compat32)
    return {name.lower(): str(value) for name, value in parsed.items()}


# --- bounces -------------------------------------------------------------------------------------------------------

_ACTIONS = {
    "fail": Fact.BOUNCED,
    "error": Fact.BOUNCED,
    "delayed": Fact.DEFERRED,
    "delivered": Fact.DELIVERED,
}


def _bounce(mail: Message) -> Iterator[Said]:
    """What a delivery status notification (RFC 3464) says of its receiver: one of ours goes to one person only."""
    for part in _parts(mail, "message/delivery-status"):
        payload = part.get_payload()
        blocks = (
            [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []
        )
        said = [one for block in blocks[:MOST_PARTS] if (one := _said(block))]
        # The worst of them: a list of receivers is somebody's alias.
        said.sort(key=lambda one: [Fact.BOUNCED, Fact.DEFERRED, Fact.DELIVERED].index(Fact(one.type)))
        yield from said[:1]
        if said:
            return


def _said(block: Message) -> Said | None:
    action = str(block.get("action", "")).strip().lower()
    fact = next((fact for word, fact in _ACTIONS.items() if action.startswith(word)), None)
    if fact is None:
        return None
    status, diagnostic = str(block.get("status", "")), str(block.get("diagnostic-code", ""))
    # The server's own words know more than a status such as 5.0.0, "for some reason".
    code = bounces.code_in(status)
    if code.endswith((".0.0", ".0")) or not code:
        code = bounces.code_in(diagnostic) or code
    return Said(fact, _class_of(fact, code, diagnostic), code if fact != Fact.DELIVERED else "")


def _nonstandard_bounce(mail: Message) -> Iterator[Said]:
    """Bounces of servers that keep to no standard (qmail, Exim, old Exchange …), as the library knows them."""
    try:
        later, never = flufl.bounce.all_failures(mail)
    except Exception:
        return  # the mail is a stranger's, and the library a stranger to it
    if not later and not never:
        return
    words = _words(mail)
    code = bounces.code_in(words)
    fact = Fact.BOUNCED if never else Fact.DEFERRED
    yield Said(fact, _class_of(fact, code, words), code)


def _class_of(fact: str, code: str, words: str) -> str:
    if fact != Fact.BOUNCED:
        return ""
    if (not code or code.endswith(".0.0")) and bounces.names_no_mailbox(words):
        return Delivery.BounceClass.HARD
    return bounces.classify("" if code.endswith(".0.0") else code, words)


# --- machines ------------------------------------------------------------------------------------------------------


def _submitted(mail: Message) -> str:
    """Whether a machine wrote it (RFC 3834): "no", "auto-generated", "auto-replied"."""
    return str(mail.get("auto-submitted", "no")).split(";")[0].strip().lower()


def _is_automatic(mail: Message) -> bool:
    """The same by the headers of those who do not say it that way."""
    precedence = str(mail.get("precedence", "")).strip().lower()
    return precedence in {"auto_reply", "auto-reply"} or any(mail.get(name) is not None for name in _MACHINES)


# --- parts of a mail -------------------------------------------------------------------------------------------------


def _parts(mail: Message, kind: str) -> Iterator[Message]:
    for count, part in enumerate(mail.walk()):
        if count > MOST_PARTS:
            return
        if part.get_content_type() == kind:
            yield part


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload[:WORDS_BYTES].decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""


def _words(mail: Message) -> str:
    """What a person would read of it first."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            return _text(part)
    return ""


def _headers(mail: Message, names: tuple[str, ...]) -> list[str]:
    return [str(value)[:2_000] for name in names for value in (mail.get_all(name) or [])[:10]]


def _date(mail: Message) -> datetime | None:
    """When it was written, as it says; None if it says nothing that can be read."""
    try:
        when = parsedate_to_datetime(str(mail.get("date", "")))
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
