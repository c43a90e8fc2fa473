"""What the sandbox accepted: an append-only log of recipients, and the contents of the calls.

`accepted.jsonl` has one JSON line per accepted recipient, `contents.bin` the body of each call, once. Both
are handed to the operating system before the caller is answered, so that killing the sandbox loses nothing
that was answered (a power cut may). A place in the log, in bytes, identifies an entry and orders it.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .mailgun import Mail
from .messages import Content, read_content

Keep = Literal["all", "ids"]
Entry = dict[str, Any]
"""A line of the log, with its `position` added by the reader: id, time, road, domain, message_id, recipient,
variables; `rejected` where an event takes the acceptance back; from, subject, tags, size and content (place
and length in contents.bin) unless only ids are kept."""

BLOCK = 1 << 20
_encode = json.JSONEncoder(separators=(",", ":")).encode


class StateInUseError(Exception):
    """Another sandbox writes in this folder."""


@dataclass(frozen=True, slots=True)
class Call:
    """One accepted call or SMTP transaction, before it is written."""

    road: Literal["http", "smtp"]
    domain: str
    content_type: str
    body: bytes
    sender: str
    tags: list[str]
    mails: Iterable[Mail]
    rejected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """Where one recipient's line stands in the log."""

    recipient: str
    position: int
    length: int
    rejected: bool


class Store:
    """The sandbox's memory on disk. One process writes; memory does not grow with the log."""

    def __init__(self, folder: Path, keep: Keep = "all") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.keep = keep
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._log = os.open(folder / "accepted.jsonl", flags, 0o600)
        try:
            fcntl.flock(self._log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._log)
            raise StateInUseError(f"another sandbox is using {folder}") from None
        self._contents = os.open(folder / "contents.bin", flags, 0o600)
        self._drop_torn_line()
        self.count = sum(block.count(b"\n") for _, block in self._blocks(0))
        self.content = functools.lru_cache(maxsize=8)(self._read_content)

    def close(self) -> None:
        os.close(self._log)
        os.close(self._contents)

    @property
    def end(self) -> int:
        """The place after the last entry: what follows is new."""
        return os.fstat(self._log).st_size

    def accept(self, call: Call) -> list[Line]:
        """Write a call to the log; when this returns, the operating system has it.

        One Line per recipient, in the call's order. Raises OSError (a full disk), with nothing accepted.
        """
        shared: dict[str, Any] = {
            "time": round(time.time(), 6),
            "road": call.road,
            "domain": call.domain,
        }
        if self.keep == "all":
            content = call.content_type.encode("latin-1", "replace") + b"\n" + call.body
            place = _append(self._contents, content)
            shared |= {"from": call.sender, "tags": call.tags, "size": len(call.body)}
            shared["content"] = [place, len(content)]
        head, tail = f'{{"id":"{secrets.token_hex(8)}-', '",' + _encode(shared)[1:-1] + ","
        position = start = self.end
        lines: list[Line] = []
        written: list[bytes] = []
        for number, mail in enumerate(call.mails):
            own: dict[str, Any] = {
                "message_id": mail.message_id,
                "recipient": mail.recipient,
                "variables": mail.variables,
            }
            if self.keep == "all":
                own["subject"] = mail.subject
            rejected = mail.recipient in call.rejected
            if rejected:
                own["rejected"] = True
            line = f"{head}{number}{tail}{_encode(own)[1:]}\n".encode("ascii")
            written.append(line)
            lines.append(Line(mail.recipient, position, len(line), rejected))
            position += len(line)
        if _append(self._log, b"".join(written)) != start:
            raise RuntimeError("the log grew behind the sandbox's back")
        self.count += len(lines)
        return lines

    def clear(self) -> None:
        """Forget everything, for a fresh test."""
        os.ftruncate(self._log, 0)
        os.ftruncate(self._contents, 0)
        self.content.cache_clear()
        self.count = 0

    def read(self, position: int) -> Entry | None:
        """The entry at a place; None if no entry starts there."""
        if position < 0 or (position > 0 and os.pread(self._log, 1, position - 1) != b"\n"):
            return None
        line = b""
        while b"\n" not in line:
            block = os.pread(self._log, 65_536, position + len(line))
            if not block:
                return None
            line += block
        return _entry(line.partition(b"\n")[0], position)

    def span(self, position: int, length: int) -> list[Entry]:
        """The entries of a stretch of whole lines."""
        return list(_entries(os.pread(self._log, length, position), position))

    def forward(self, since: int = 0, recipient: str = "", message_id: str = "") -> Iterator[Entry | int]:
        """Entries from a place on, oldest first; between them, after each block read, the place reached.

        A caller in an event loop can pause at those numbers. Both filters are exact, but for the case.
        """
        needles = [json.dumps(text).lower().encode() for text in (recipient, message_id) if text]
        for position, block in self._blocks(since):
            at = position
            for line in block.splitlines(keepends=True) if _may_hold(block, needles) else []:
                if _may_hold(line, needles):
                    entry = _entry(line, at)
                    if _is(entry, "recipient", recipient) and _is(entry, "message_id", message_id):
                        yield entry
                at += len(line)
            yield position + len(block)

    def backward(self, before: int | None = None, search: str = "") -> Iterator[Entry | int]:
        """Entries before a place (None: the end), newest first; numbers in between as in `forward`.

        `search` is a part of the recipient's address, in any case.
        """
        needles = [json.dumps(search)[1:-1].lower().encode()] if search else []
        end = self.end if before is None else min(before, self.end)
        while end > 0:
            start, block = self._block_ending(end)
            at = end
            for line in reversed(block.splitlines(keepends=True)) if _may_hold(block, needles) else []:
                at -= len(line)
                if _may_hold(line, needles):
                    entry = _entry(line, at)
                    if search.lower() in entry["recipient"].lower():
                        yield entry
            end = start
            yield end

    def _block_ending(self, end: int) -> tuple[int, bytes]:
        """Whole lines that end at `end`, about a block of them, and where they start."""
        size = BLOCK
        while True:
            start = max(0, end - size)
            block = os.pread(self._log, end - start, start)
            if start == 0:
                return 0, block
            cut = block.find(b"\n") + 1
            if 0 < cut < len(block):
                return start + cut, block[cut:]
            size *= 2

    def _blocks(self, position: int) -> Iterator[tuple[int, bytes]]:
        """The log from a place on, in stretches of whole lines."""
        size = BLOCK
        while True:
            block = os.pread(self._log, size, position)
            cut = block.rfind(b"\n") + 1
            if cut:
                yield position, block[:cut]
                position += cut
                size = BLOCK
            elif len(block) < size:
                return
            else:
                size *= 2

    def _read_content(self, place: int, length: int) -> Content:
        content_type, _, body = os.pread(self._contents, length, place).partition(b"\n")
        return read_content(content_type.decode("latin-1"), body)

    def _drop_torn_line(self) -> None:
        """A sandbox killed in mid-write leaves half a line, which nobody was answered for."""
        end = self.end
        while end > 0:
            start = max(0, end - BLOCK)
            cut = os.pread(self._log, end - start, start).rfind(b"\n") + 1
            if cut or start == 0:
                os.ftruncate(self._log, start + cut)
                return
            end = start


def _append(file: int, data: bytes) -> int:
    """Append all or nothing; returns the place where it starts."""
    start = os.fstat(file).st_size
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, start)
        raise
    return start


def _entry(line: bytes, position: int) -> Entry:
    entry: Entry = json.loads(line)
    entry["position"] = position
    entry["length"] = len(line) if line.endswith(b"\n") else len(line) + 1
    return entry


def _entries(block: bytes, position: int) -> Iterator[Entry]:
    for line in block.splitlines(keepends=True):
        yield _entry(line, position)
        position += len(line)


def _may_hold(text: bytes, needles: list[bytes]) -> bool:
    """A quick look that spares most lines the parsing."""
    if not needles:
        return True
    lowered = text.lower()
    return all(needle in lowered for needle in needles)


def _is(entry: Entry, key: str, wanted: str) -> bool:
    return not wanted or entry[key].lower() == wanted.lower()
