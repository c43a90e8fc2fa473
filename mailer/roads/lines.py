"""Header lines as bytes: folded, encoded by RFC 2047 where they are not ASCII, each one line of one header."""

from __future__ import annotations

import base64
import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts import addresses
from mailer import headers

WIDTH = 76  # of a line that holds an encoded word (RFC 2047 §2)

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_plain_phrase = re.compile(rf"{_ATOM}(?: {_ATOM})*").fullmatch
_foldable = re.compile(r"[!-~]{1,70}(?: [!-~]{1,70})*").fullmatch
_HEADER_NAME = re.compile(r"[!-9;-~]{1,60}")
_BRACKETS = re.compile(r"(.*?)\s*(<[!-~]*>)")
# Headers whose values are words for people, and may therefore be encoded as a whole.
_UNSTRUCTURED = frozenset({"subject", "comments"})


def text_line(name: str, value: str) -> bytes:
    """`name: value` for a value that people read, ended by CRLF. Raises ValidationError for what breaks a line."""
    # Printable by Unicode's definition holds no control character, line separator, surrogate or override.
    if len(value) > headers.MAX_SUBJECT or not value.isprintable():
        headers.check_line(value, limit=headers.MAX_SUBJECT)
    if len(name) + len(value) < WIDTH and value.isascii() and "=?" not in value and value == value.strip():
        return f"{name}: {value}\r\n".encode()
    if "=?" not in value and _foldable(value):
        return _folded(name, value.split(" "))
    return _folded(name, encoded_words(value, WIDTH - len(name) - 2))


def line(name: str, value: str) -> bytes:
    """A whole header line, ended by CRLF. Raises ValidationError for a name or value that could become more."""
    if not _HEADER_NAME.fullmatch(name):
        raise ValidationError(_("This is not the name of a header."), code="invalid")
    headers.check_line(value, limit=headers.MAX_HEADER)
    if name.lower() in _UNSTRUCTURED:
        return text_line(name, value)
    if not value.isascii():
        parts = _BRACKETS.fullmatch(value)
        if parts is None:
            raise ValidationError(_("This header takes ASCII only."), code="not_ascii")
        return _folded(name, [*encoded_words(parts[1], WIDTH - len(name) - 2), parts[2]])
    # Between two addresses in brackets a line may be broken; a long one on its own stays whole, within 998 octets.
    return f"{name}: {value}".replace(">, <", ">,\r\n <").encode() + b"\r\n"


def mailbox_line(name: str, display_name: str, address: str) -> bytes:
    """A header with one mailbox, ended by CRLF. Raises ValidationError if either part could become something else."""
    headers.mailbox(display_name, address)
    address = addresses.parse(address).mailable
    if not address.isascii():
        raise ValidationError(_("This is not one plain address."), code="invalid")
    if not display_name:
        return f"{name}: {address}\r\n".encode()
    if _plain_phrase(display_name) and "=?" not in display_name and len(display_name) < WIDTH:
        return f"{name}: {display_name} <{address}>\r\n".encode()
    if display_name.isascii() and "=?" not in display_name:
        quoted = display_name.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}: "{quoted}" <{address}>\r\n'.encode()
    return _folded(name, [*encoded_words(display_name, WIDTH - len(name) - 2), f"<{address}>"])


def encoded_words(text: str, first: int = WIDTH) -> list[str]:
    """`text` as encoded words (RFC 2047) of UTF-8 in base64, no character cut in two; the first of at most `first`."""
    words: list[str] = []
    piece = b""
    room = _bytes_in(first)
    for character in text:
        octets = character.encode()
        if len(piece) + len(octets) > room:
            words.append(_encoded(piece))
            piece, room = b"", _bytes_in(WIDTH - 1)
        piece += octets
    return [*words, _encoded(piece)]


def _bytes_in(width: int) -> int:
    return max((width - len("=?utf-8?b??=")) // 4 * 3, 6)


def _encoded(piece: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(piece).decode()}?="


def _folded(name: str, words: list[str]) -> bytes:
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > WIDTH and not lines[-1].endswith(":"):
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode() + b"\r\n"
