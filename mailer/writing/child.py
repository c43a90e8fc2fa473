"""The compiler process: `python -m mailer.writing.child`. It turns MJML into HTML, one request after another.

mjml-python is native code that a deep document kills (SIGSEGV), so it runs where nothing else does: a process that
starts without Django, holds itself to its memory, and to some seconds of computing for each request.

On stdin and stdout: the length of what follows (an unsigned integer of 32 bits, big-endian), then UTF-8. An answer begins
with "+" before HTML or "-" before the words of the error. It ends when its stdin does.
"""

from __future__ import annotations

import os
import resource
import signal
import struct
import sys
from typing import IO

HEAD = struct.Struct(">I")
MEMORY = 512 << 20  # of address space; compiling 200 kB takes 30 MB
SECONDS = 3  # of computing, for one request


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold somebody's text
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends us
    import mjml

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (request := _read(source)) is not None:
        _allow(SECONDS)
        try:
            answer = "+" + mjml.mjml2html(request, fonts={}, disable_comments=False)
        except (ValueError, MemoryError) as error:
            answer = f"-{error}"
        said = answer.encode()
        sink.write(HEAD.pack(len(said)) + said)
        sink.flush()
    return 0


def _allow(seconds: int) -> None:
    """So much computing from now on; at its end the kernel kills us (SIGXCPU)."""
    used = sum(os.times()[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + seconds + 1, resource.RLIM_INFINITY))


def _read(source: IO[bytes]) -> str | None:
    head = source.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    body = source.read(length)
    return body.decode() if len(body) == length else None


if __name__ == "__main__":
    sys.exit(main())
