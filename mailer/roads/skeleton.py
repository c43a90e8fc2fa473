"""A message compiled once for all its recipients: MIME cut into segments of bytes, with slots between them.

Each recipient then costs the encoding of their own values and one join. A body is 8bit with lines under 998 octets
(RFC 5322 §2.1.1). Where a line or somebody's value is too long for that, or the relay does not take 8bit, it is
quoted-printable, each value fenced by soft line breaks (RFC 2045 §6.7), so that no value can make a line too long.
"""

from __future__ import annotations

import binascii
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from operator import itemgetter
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from mailer import composing, headers
from mailer.links import slots
from mailer.roads import lines
from mailer.roads.contract import Content, Recipient

MAX_LINE = 990  # octets of a line of an 8bit body, the longest values included
WRAP = 500  # octets of a line of HTML, the longest values included, past which it is broken where that changes nothing
MAX_SLOT = 200  # octets of a slot of the door
MAX_VALUE = 120  # octets of a field's value on an 8bit line; a longer one makes that mail quoted-printable

MAX_KEPT = 32  # skeletons a process keeps: 40 kB each

Values = Mapping[str, str]
Encode = Callable[[Values], bytes]

_FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*(?:\|([^{}|]*))?\}\}")  # as composing.fill reads it
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_plain_address = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*").fullmatch
_special = re.compile(r"[&<>\"']").search
_control = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_needs_no_quoting = re.compile(rb"[!-<>-~](?:[ -<>-~]*[!-<>-~])?").fullmatch
_LINE_END = re.compile(r"\r\n|\r|\n")
_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']|"[^"]*"|'[^']*')*>""")
_BLANK = re.compile(r"(?<=[^ ]) (?=[^ ])")
_WHOLE = re.compile(r"<!.*?>|\{\{.*?\}\}", re.DOTALL)
_GAP = re.compile(r"""\s+(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")


class TooLongError(Exception):
    """A value does not fit into the lines of an 8bit body."""


class Slot(NamedTuple):
    """A place for one person's bytes. Slots with the same key are encoded once."""

    key: tuple[object, ...]
    encode: Encode


class Own(NamedTuple):
    """A place for what each mail has of its own: an index of _DATE, _ADDRESS, _MESSAGE_ID."""

    which: int


Piece = bytes | Slot | Own
_DATE, _ADDRESS, _MESSAGE_ID = range(3)


class Skeleton:
    """One compiled message; `render` makes a whole mail of it. No database, no network."""

    def __init__(self, content: Content, *, eight_bit: bool = True) -> None:
        """Raises ValidationError if a constant header could be read as anything but itself."""
        self._content = content
        self._eight_bit = eight_bit
        self._quoted: Skeleton | None = None
        constants: list[bytes] = []
        steps: dict[tuple[object, ...], int] = {}
        self._encoders: list[Encode] = []
        order: list[tuple[int, int]] = []  # which list, where in it
        pending = bytearray()
        for piece in [*self._pieces(), Own(-1)]:
            if isinstance(piece, bytes):
                pending += piece
                continue
            if pending:
                order.append((0, len(constants)))
                constants.append(bytes(pending))
                pending.clear()
            if isinstance(piece, Own):
                order.append((1, piece.which))
                continue
            if piece.key not in steps:
                steps[piece.key] = len(self._encoders)
                self._encoders.append(piece.encode)
            order.append((2, steps[piece.key]))
        # For each recipient one flat list is made, and picked from: constants, what is their own, their values.
        starts = (0, len(constants), len(constants) + 3)
        self._pick = itemgetter(*(starts[kind] + at for kind, at in order if at >= 0))
        self._constants = constants
        self._has_dots, self._line_starts = _dots(order, constants)
        self._message_id = headers.message_ids()

    def render(self, recipient: Recipient, date: bytes) -> bytes:
        """The mail of one recipient, lines ended by CRLF, not yet dot-stuffed. `date` is the header's value.

        Raises ValidationError for a value that may not stand where it would, MergeError for one that is missing.
        """
        return self.render_for_wire(recipient, date)[0]

    def render_for_wire(self, recipient: Recipient, date: bytes) -> tuple[bytes, bool]:
        """As `render`; and whether a line of it may begin with a dot. Looking for one would cost as much as the rest."""
        delivery_id, address, values = recipient
        if not _plain_address(address):
            headers.mailbox("", address)
        try:
            made = [encode(values) for encode in self._encoders]
        except KeyError as error:
            raise composing.MergeError(f"no value for the merge field {error.args[0]}") from None
        except TooLongError:
            return self._as_quoted().render_for_wire(recipient, date)
        own = (date, address.encode(), self._message_id(delivery_id).encode())
        dots = self._has_dots or any(made[at].startswith(b".") for at in self._line_starts)
        return b"".join(self._pick([*self._constants, *own, *made])), dots

    def _as_quoted(self) -> Skeleton:
        if self._quoted is None:
            self._quoted = Skeleton(self._content, eight_bit=False)
        return self._quoted

    def _pieces(self) -> Iterator[Piece]:
        message = self._content.message
        yield b"Date: "
        yield Own(_DATE)
        yield b"\r\n" + lines.mailbox_line("From", message.from_name, message.from_address) + b"To: "
        yield Own(_ADDRESS)
        yield b"\r\n"
        if message.reply_to:
            yield lines.mailbox_line("Reply-To", message.reply_to_name, message.reply_to)
        yield b"Message-ID: "
        yield Own(_MESSAGE_ID)
        yield b"\r\n"
        for name, value in {"Subject": message.subject, **self._content.headers}.items():
            yield from _header(name, value)
        yield b"MIME-Version: 1.0\r\n"
        if not message.html:
            yield from self._part("plain", message.text)
            yield b"\r\n"
            return
        # Not to be guessed, so that nobody's value can end a part.
        boundary = b"=_" + secrets.token_hex(12).encode()
        yield b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n\r\n'
        for kind, body in (("plain", message.text), ("html", message.html)):
            yield b"--" + boundary + b"\r\n"
            yield from self._part(kind, body)
            yield b"\r\n"
        yield b"--" + boundary + b"--\r\n"

    def _part(self, kind: str, body: str) -> Iterator[Piece]:
        """Head and body of one part, without the line end that belongs to the boundary after it."""
        body_lines = _LINE_END.split(body)
        if kind == "html":
            body_lines = [short for line in body_lines for short in _wrapped(line)]
        eight_bit = self._eight_bit and all(_longest(line) <= MAX_LINE for line in body_lines)
        encoding = "8bit" if eight_bit else "quoted-printable"
        yield f"Content-Type: text/{kind}; charset=utf-8\r\n".encode()
        yield f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        at_line_start = True
        for piece in cut("\r\n".join(body_lines)):
            if isinstance(piece, str):
                constant = piece.encode("utf-8", "replace")
                yield constant if eight_bit else _quoted(constant)
                at_line_start = piece.endswith("\n")
                continue
            name, fallback = piece
            encode = _encoder(name, fallback, kind)
            if eight_bit and is_slot(name):
                yield Slot(("slot", name), encode)  # the same octets in both parts and in headers
            elif eight_bit:
                yield Slot((kind, name, fallback), _short(encode))
            else:
                yield b"" if at_line_start else b"=\r\n"
                yield Slot((kind, name, fallback), _then(encode, _quoted))
                yield b"=\r\n"
                at_line_start = True


def compiled(content: Content, *, eight_bit: bool) -> Skeleton:
    """The skeleton of a content, kept for the chunks to come: compiling takes milliseconds, a message never changes.

    Raises ValidationError as Skeleton does.
    """
    message = content.message
    key = (
        message.pk,
        bytes(message.content_hash),
        message.erased_at,
        tuple(content.headers.items()),
        eight_bit,
    )
    skeleton = _kept.pop(key, None) or Skeleton(content, eight_bit=eight_bit)
    _kept[key] = skeleton  # at the end: what is used stays longest
    while len(_kept) > MAX_KEPT:
        del _kept[next(iter(_kept))]
    return skeleton


_kept: dict[tuple[object, ...], Skeleton] = {}


def _dots(order: Sequence[tuple[int, int]], constants: Sequence[bytes]) -> tuple[bool, frozenset[int]]:
    """Whether a constant brings a line that begins with a dot, and which encoders' values stand where a line begins."""
    has_dots, at_start = False, True
    starts: set[int] = set()
    for kind, at in order:
        if kind == 0:
            constant = constants[at]
            has_dots |= b"\n." in constant or (at_start and constant.startswith(b"."))
            at_start = constant.endswith(b"\n")
        elif kind == 2 and at_start:
            starts.add(at)  # and what follows may begin the line too, should the value be empty
    return has_dots, frozenset(starts)


def is_slot(name: str) -> bool:
    """Whether this is a slot of the door: ASCII of our own making, with nothing to escape."""
    return name in slots.NAMES


def _header(header: str, value: str) -> Iterator[Piece]:
    """A header line. With slots of the door it is cut at them; with a merge field it is encoded anew for each person."""
    pieces = list(cut(value))
    names = [piece[0] for piece in pieces if not isinstance(piece, str)]
    if not names:
        yield lines.line(header, value)
    elif all(is_slot(name) for name in names):
        lines.line(header, "".join(piece for piece in pieces if isinstance(piece, str)))
        yield f"{header}: ".encode()
        for piece in pieces:
            if isinstance(piece, str):
                yield piece.replace(">, <", ">,\r\n <").encode()
            else:
                yield Slot(("slot", piece[0]), _slot(piece[0]))
        yield b"\r\n"
    elif header == "Subject":
        yield Slot(("header", header), lambda values: lines.text_line(header, composing.fill(value, values)))
    else:
        yield Slot(("header", header), lambda values: lines.line(header, composing.fill(value, values)))


def _encoder(name: str, fallback: str, kind: str) -> Encode:
    if is_slot(name):
        return _slot(name)
    if kind == "html":
        return lambda values: _html(values[name] or fallback)
    return lambda values: _plain(values[name] or fallback)


def _slot(name: str) -> Encode:
    def encode(values: Values) -> bytes:
        value = values[name]
        if len(value) > MAX_SLOT or not value.isprintable():
            raise ValidationError(_("This address cannot stand in a mail."), code="invalid")
        try:
            return value.encode("ascii")
        except UnicodeEncodeError:
            raise ValidationError(_("This address cannot stand in a mail."), code="invalid") from None

    return encode


def _plain(value: str) -> bytes:
    if not value.isprintable():
        value = _control.sub(" ", value)
    return value.encode()


def _html(value: str) -> bytes:
    if not value.isprintable():
        value = _control.sub(" ", value)
    return (escape(value) if _special(value) else value).encode()


def _short(encode: Encode) -> Encode:
    """The encoder for an 8bit body, where a value that is too long raises TooLongError."""

    def encode_short(values: Values) -> bytes:
        made = encode(values)
        if len(made) > MAX_VALUE:
            raise TooLongError
        return made

    return encode_short


def _then(encode: Encode, change: Callable[[bytes], bytes]) -> Encode:
    return lambda values: change(encode(values))


def _quoted(octets: bytes) -> bytes:
    """Quoted-printable, lines ended by CRLF and at most 76 octets long."""
    if len(octets) < 70 and _needs_no_quoting(octets):
        return octets
    quoted = binascii.b2a_qp(octets, istext=True)
    return re.sub(rb"(?<!\r)\n", b"\r\n", quoted) if b"\n" in quoted else quoted


def cut(text: str) -> Iterator[str | tuple[str, str]]:
    """What stands between the slots, never empty, and (name, fallback) for each slot."""
    at = 0
    for match in _FIELD.finditer(text):
        if match.start() > at:
            yield text[at : match.start()]
        yield match[1], (match[2] or "").strip()
        at = match.end()
    if at < len(text):
        yield text[at:]


def _longest(line: str) -> int:
    """Octets of a line with the longest values that an 8bit body takes."""
    if "{{" not in line:
        return len(line.encode("utf-8", "replace"))
    return sum(
        len(piece.encode("utf-8", "replace"))
        if isinstance(piece, str)
        else MAX_SLOT
        if is_slot(piece[0])
        else MAX_VALUE
        for piece in cut(line)
    )


def _wrapped(line: str) -> Iterator[str]:
    """A long line of HTML broken where a break is as good as a blank: at blanks, between attributes or words.

    Not inside a quoted value, nor in a text that keeps its blanks.
    """
    if len(line) < WRAP:
        yield line
        return
    keeps_blanks = "<pre" in line or "<textarea" in line or "white-space" in line
    start = last = 0
    for gap in [*_gaps(line, in_tags_only=keeps_blanks), len(line)]:
        if last > start and _longest(line[start:gap]) > WRAP:
            yield line[start:last]
            start = last
        last = gap
    yield line[start:]


def _gaps(line: str, *, in_tags_only: bool) -> Iterator[int]:
    """Where a line may be broken, in order: each position follows a blank."""
    at = 0
    for tag in _TAG.finditer(line):
        if not in_tags_only:
            yield from _blanks(line, at, tag.start())
        yield from (tag.start() + gap.end() for gap in _GAP.finditer(tag[0]))
        at = tag.end()
    if not in_tags_only:
        yield from _blanks(line, at, len(line))


def _blanks(line: str, start: int, end: int) -> Iterator[int]:
    text = line[start:end]
    # Comments are conditions that Outlook reads, and a field in braces is one piece.
    whole = [(found.start(), found.end()) for found in _WHOLE.finditer(text)]
    for blank in _BLANK.finditer(text):
        if not any(first <= blank.start() < after for first, after in whole):
            yield start + blank.end()
