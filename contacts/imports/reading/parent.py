"""Have the reader process read a file: the only two ways from a file to its rows."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading import protocol
from contacts.imports.reading.bounds import Bounds, FileRefused
from contacts.imports.reading.preview import Preview
from contacts.imports.reading.protocol import Block, Done

BLOCK_ROWS = 20_000
# A preview is made while a person waits, and gunicorn gives a request 30 seconds.
PREVIEW = Bounds(seconds=15, patience=20)
_ROOT = Path(__file__).resolve().parents[3]
# What the child may know: nothing of our database or secrets.
_ENVIRONMENT = {"PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "2"}


def preview(
    path: Path, options: ReadOptions | None = None, attributes: Sequence[str] = (), bounds: Bounds = PREVIEW
) -> Preview:
    """The first rows of a file and how they were read; options that are given are obeyed, the others found out.

    attributes: keys of the organisation's own fields, so that columns of their names are recognised.
    Raises FileRefused for a file that cannot be read at all.
    """
    request = {
        "task": "preview",
        "options": (options or ReadOptions()).to_json(),
        "attributes": list(attributes),
    }
    for letter, said, _ in _frames(path, request, bounds):
        if letter == protocol.PREVIEW:
            return Preview.from_json(said)
    raise FileRefused("damaged")


def clean(
    path: Path,
    plan: Plan,
    *,
    import_id: int,
    secret: str,
    after_line: int = 0,
    block_rows: int = BLOCK_ROWS,
    bounds: Bounds | None = None,
) -> Iterator[Block | Done]:
    """Blocks of cleaned rows for COPY (`cleaning.rows.COPY_COLUMNS`), and at last one Done.

    secret: settings.ADDRESS_HASH_KEY. after_line: rows up to this line were taken before; they are read over.
    Raises FileRefused. Blocks that came before stay good: a person may be told which line was reached.
    Leaving the loop early ends the child.
    """
    request = {
        "task": "clean",
        "plan": plan.to_json(),
        "import_id": import_id,
        "secret": secret,
        "after_line": after_line,
        "block_rows": block_rows,
    }
    for letter, said, payload in _frames(path, request, bounds or Bounds()):
        if letter == protocol.BLOCK:
            yield Block(lines=payload, **said)
        elif letter == protocol.DONE:
            yield Done(**said)
            return
    raise FileRefused("damaged")


def _frames(
    path: Path, request: dict[str, Any], bounds: Bounds
) -> Iterator[tuple[bytes, dict[str, Any], bytes]]:
    # Opened here and handed on: the file may have no name (`uploading.spooled`).
    with path.open("rb") as file:
        request = {**request, "path": f"/proc/self/fd/{file.fileno()}", "bounds": bounds.to_json()}
        child = subprocess.Popen(
            [sys.executable, "-m", "contacts.imports.reading.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            start_new_session=True,
            pass_fds=[file.fileno()],
        )
    assert child.stdin is not None and child.stdout is not None  # noqa: PT018, S101 — for the type checker
    read = partial(_read, child.stdout.fileno(), bounds.patience)
    try:
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.close()
        except BrokenPipeError:
            raise FileRefused(_cause(child)) from None
        while True:
            frame = protocol.read_frame(read)
            if frame is None:
                raise FileRefused(_cause(child))
            if frame[0] == protocol.REFUSED:
                raise FileRefused(**frame[1])
            yield frame
            if frame[0] in (protocol.DONE, protocol.PREVIEW):
                return
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _read(pipe: int, patience: float, size: int) -> bytes:
    """`size` bytes of the child's words, or fewer at their end. A child that says nothing for long is given up."""
    pieces = []
    while size:
        if not select.select([pipe], [], [], patience)[0]:
            raise FileRefused("too_slow")
        piece = os.read(pipe, min(size, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _cause(child: subprocess.Popen[bytes]) -> str:
    """Why a child died without a word: the limit that stopped it."""
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        return "too_slow"
    match -code:
        case signal.SIGXCPU:
            return "too_slow"
        case (
            signal.SIGABRT | signal.SIGKILL
        ):  # an allocation refused to Rust aborts; the kernel's own killer kills
            return "too_much_memory"
    return "damaged"
