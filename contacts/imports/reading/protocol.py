"""What the reader process and its parent say to each other.

To the child: one line of JSON on its stdin (`Request`); the secret of the address hash goes no other way. From the
child, on stdout, frames: a letter, the length of a JSON object and of a payload (two unsigned integers of 32 bits,
big-endian), the object, the payload.

    B  a block of rows: `Block`; the payload is its lines for COPY, in the columns of cleaning.rows.COPY_COLUMNS
    P  a preview: the object is `preview.Preview`
    D  done: `Done`
    E  the file is refused: {"word", "detail"}

A child that dies without D, P or E was stopped by a limit. Nothing of the file is ever written to stderr.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

_HEAD = struct.Struct(">cII")
BLOCK, PREVIEW, DONE, REFUSED = b"B", b"P", b"D", b"E"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that are taken together: all of them are safe once the payload is stored, so `last_line` is a checkpoint.

    lines: text for COPY, in UTF-8. rows: how many; rejected: of them, by reason. last_line: of the last row.
    bytes_read: how far the file was read.
    """

    lines: bytes
    rows: int
    rejected: Mapping[str, int]
    last_line: int
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Done:
    """The end of the file. rows, rejected, warned: of this pass (below `after_line` nothing is counted).

    notes: about the file as a whole, each {"word": …, …}: see `child.notes`.
    """

    rows: int
    rejected: Mapping[str, int]
    warned: Mapping[str, int]
    notes: Sequence[Mapping[str, Any]]


def write_frame(stream: IO[bytes], letter: bytes, said: Mapping[str, Any], payload: bytes = b"") -> None:
    head = json.dumps(said).encode()
    stream.write(_HEAD.pack(letter, len(head), len(payload)) + head)
    stream.write(payload)
    stream.flush()


def read_frame(read: Callable[[int], bytes]) -> tuple[bytes, dict[str, Any], bytes] | None:
    """The next frame; None at the end, or where a child died in the middle of one. `read` gives n bytes, or fewer
    at the end."""
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    letter, said_length, length = _HEAD.unpack(head)
    said, payload = read(said_length), read(length)
    if len(said) < said_length or len(payload) < length:
        return None
    return letter, json.loads(said), payload
