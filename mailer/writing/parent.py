"""Have MJML compiled in a child process that may die of it: the only way from an author's MJML to HTML.

The child is kept for the next call, so that a preview costs a few milliseconds; every process has its own, and none
outlives its parent.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from mailer.writing import rich
from mailer.writing.child import HEAD

logger = logging.getLogger(__name__)

MOST_BYTES = 200_000  # of MJML
MOST_HTML = 4_000_000
MOST_DEPTH = 120  # what our layout and a block of `expert.MOST_DEPTH` make together
PATIENCE = 5.0  # seconds for an answer
MOST_CALLS = 5_000  # after which a child is replaced: whatever leaked is gone
_ROOT = Path(__file__).resolve().parents[2]
# What the child may know: nothing of our database or secrets.
_ENVIRONMENT = {"PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "2"}


class CompileError(ValueError):
    """MJML that cannot be compiled. `word`: too_long, too_deep, too_slow, too_much_memory, crashed or invalid."""

    def __init__(self, word: str, detail: str = "") -> None:
        super().__init__(f"{word}: {detail}" if detail else word)
        self.word = word
        self.detail = detail


class _Child:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mailer.writing.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        self.owner = os.getpid()
        self.calls = 0

    def ask(self, source: bytes) -> str:
        """The child's answer. Raises CompileError where it dies or says nothing in time."""
        self.calls += 1
        until = time.monotonic() + PATIENCE
        assert self.process.stdin is not None  # noqa: S101 — for the type checker
        try:
            self._write(HEAD.pack(len(source)) + source, until)
            (length,) = HEAD.unpack(self._read(HEAD.size, until))
            if length > MOST_HTML:
                raise CompileError("too_long")
            return self._read(length, until).decode()
        except BrokenPipeError:
            raise CompileError(self._cause()) from None

    def _write(self, said: bytes, until: float) -> None:
        assert self.process.stdin is not None  # noqa: S101 — for the type checker
        pipe = self.process.stdin.fileno()
        while said:
            if not select.select([], [pipe], [], max(until - time.monotonic(), 0))[1]:
                raise CompileError("too_slow")
            said = said[os.write(pipe, said[: select.PIPE_BUF]) :]

    def _read(self, size: int, until: float) -> bytes:
        assert self.process.stdout is not None  # noqa: S101 — for the type checker
        pipe, pieces = self.process.stdout.fileno(), []
        while size:
            if not select.select([pipe], [], [], max(until - time.monotonic(), 0))[0]:
                raise CompileError("too_slow")
            piece = os.read(pipe, min(size, 1 << 20))
            if not piece:
                raise CompileError(self._cause())
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _cause(self) -> str:
        """Why a child died without a word: the limit that stopped it."""
        try:
            code = self.process.wait(2)
        except subprocess.TimeoutExpired:
            return "too_slow"
        match -code:
            case signal.SIGXCPU:
                return "too_slow"
            case signal.SIGABRT | signal.SIGKILL:  # an allocation refused to Rust aborts
                return "too_much_memory"
        return "crashed"

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


_lock = threading.Lock()
_child: _Child | None = None


def compiled(source: str) -> str:
    """MJML as HTML, without a third party's font or picture. Raises CompileError.

    A child that died is replaced at the next call; nothing of the source is logged.
    """
    said = source.strip().encode("utf-8", "replace")
    if len(said) > MOST_BYTES:
        raise CompileError("too_long")
    if rich.depth(source) > MOST_DEPTH:
        raise CompileError("too_deep")
    with _lock:
        child = _running()
        try:
            answer = child.ask(said)
        except CompileError as error:
            logger.warning("The MJML compiler was stopped", extra={"cause": error.word})
            _stop()
            raise
        if child.calls >= MOST_CALLS:
            _stop()
    if answer.startswith("-"):
        raise CompileError("invalid", answer[1:300])
    return answer[1:]


def _running() -> _Child:
    global _child
    if _child is None or _child.process.poll() is not None:
        _stop()
        _child = _Child()
    return _child


def _stop() -> None:
    global _child
    if _child is not None:
        _child.end()
    _child = None


def _forget() -> None:
    """In a forked process: the child belongs to the one we came from."""
    global _child, _lock
    if _child is not None:
        for pipe in (_child.process.stdin, _child.process.stdout):
            if pipe is not None:
                pipe.close()
        _child.process.returncode = 0  # not ours to wait for
    _child, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
