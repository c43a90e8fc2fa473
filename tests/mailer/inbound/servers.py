"""An IMAP and a POP server of the least that a client may ask for, on the loopback, with a mailbox in memory."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Box:
    """Mails by number; what was marked, moved and removed; and how many octets a client took."""

    mails: dict[int, bytes]
    seen: set[int] = field(default_factory=set)
    moved: dict[int, str] = field(default_factory=dict)
    taken: int = 0
    break_after: int | None = None


class _Imap(socketserver.StreamRequestHandler):
    box: Box

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            tag, _space, rest = line.decode().strip().partition(" ")
            word = rest.upper().split(" ")
            if word[0] == "LOGOUT":
                self.say("* BYE")
                self.say(f"{tag} OK")
                return
            if word[0] == "LOGIN" and "wrong" in rest:
                self.say(f"{tag} NO no")
                continue
            if word[0] == "UID":
                self.uid(word[1], rest.split(" ", 2)[2])
            elif word[0] == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            elif word[0] == "SELECT":
                self.say(f"* {len(self.box.mails)} EXISTS")
            elif word[0] == "EXPUNGE":
                for number in self.box.moved:
                    self.box.mails.pop(number, None)
            self.say(f"{tag} OK done")

    def uid(self, command: str, rest: str) -> None:
        if command == "SEARCH":
            self.say("* SEARCH " + " ".join(str(n) for n in self.box.mails if n not in self.box.seen))
            return
        number = int(rest.split(" ")[0])
        if command == "FETCH":
            if self.box.break_after == 0:
                self.connection.close()
                raise ConnectionAbortedError
            if self.box.break_after is not None:
                self.box.break_after -= 1
            bound = re.search(r"<0\.(\d+)>", rest)
            raw = self.box.mails[number][: int(bound[1]) if bound else None]
            self.box.taken += len(raw)
            self.say(f"* {number} FETCH (UID {number} BODY[]<0> {{{len(raw)}}}")
            self.wfile.write(raw)
            self.say(")")
        elif command == "COPY":
            self.box.moved[number] = rest.split(" ", 1)[1].strip('"')
        elif command == "STORE":
            self.box.seen.add(number)


class _Pop(socketserver.StreamRequestHandler):
    box: Box

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        removed: set[int] = set()
        self.say("+OK ready")
        for line in self.rfile:
            word = line.decode().strip().split(" ")
            match word[0].upper():
                case "UIDL":
                    self.say("+OK")
                    for number in self.box.mails:
                        self.say(f"{number} uid-{number}")
                    self.say(".")
                case "TOP":
                    self.say("+OK")
                    raw = self.box.mails[int(word[1])]
                    self.box.taken += len(raw)
                    for part in raw.split(b"\r\n"):
                        self.wfile.write((b"." if part.startswith(b".") else b"") + part + b"\r\n")
                    self.say(".")
                case "DELE":
                    removed.add(int(word[1]))
                    self.say("+OK")
                case "QUIT":
                    for number in removed:
                        self.box.mails.pop(number)
                    self.say("+OK")
                    return
                case _:
                    self.say("+OK")


@contextmanager
def serving(kind: str, box: Box) -> Iterator[int]:
    """The port of a server of this kind (imap, pop3) with this mailbox."""
    handler = type("Handler", ({"imap": _Imap, "pop3": _Pop}[kind],), {"box": box})

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes, or is sent away, is what some tests are about."""

    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
