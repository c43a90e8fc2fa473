"""The folder that holds everything the embedded services keep: `.epistle/` in the checkout."""

import fcntl
import hashlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .account import Account
from .errors import EmbeddedError
from .processes import birth

CHECKOUT = Path(__file__).resolve().parent.parent
LONGEST_SOCKET_PATH = 100  # the system's own limit is 104 on macOS, 108 on Linux (<sys/un.h>)


class State:
    """One state folder. Whoever holds its lock owns the servers in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.addresses = folder / "services.json"
        self._lock = folder / "lock"
        self._users = folder / "users.lock"
        self._processes = folder / "processes"

    def notice(self) -> str:
        """What the user should know about where the data are; empty if they are in the checkout."""
        if self.folder.parent == CHECKOUT or "EPISTLE_STATE" in os.environ:
            return ""
        return (
            f"Only root may enter {CHECKOUT}, and PostgreSQL refuses to run as root. The local data are\n"
            f"therefore in {self.folder}, where a restart of the machine may remove them.\n"
            "To keep them, run the command as an ordinary user or in a folder others may enter."
        )

    def make(self) -> None:
        """Make the folder. As root it can be passed through, not listed, by the account of the servers."""
        with suppress(PermissionError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.folder.lstat().st_uid == os.geteuid() and not self.folder.is_symlink():
                self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
                return
        raise EmbeddedError(
            f"{self.folder} belongs to another user, perhaps because the service was once started as root.\n"
            "Run the command as that user, or remove the folder (and the local data with it)."
        )

    @contextmanager
    def lock(self, purpose: str) -> Iterator[bool]:
        """Own the folder while the block runs; gives False at once if another process does.

        The lock ends with the process that holds it, however it ends.
        """
        self.make()
        with self._lock.open("a+") as file:
            if not self._locked_by_us(file):
                yield False
                return
            file.truncate(0)
            file.write(f"process {os.getpid()}, {purpose}")
            file.flush()
            self.addresses.unlink(missing_ok=True)
            self._stop_left_overs()
            try:
                yield True
            finally:
                self.addresses.unlink(missing_ok=True)
                self._processes.unlink(missing_ok=True)
                file.truncate(0)

    @staticmethod
    def _locked_by_us(file: IO[str]) -> bool:
        for attempt in range(3):  # `is_locked` of another process may hold it for an instant
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.02 * attempt)
            else:
                return True
        return False

    def owner(self) -> str:
        """Who holds the lock, in words."""
        return self._lock.read_text() or "another process"

    def is_locked(self) -> bool:
        """Whether some process owns the folder at this moment."""
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def publish(self, addresses: dict[str, str]) -> None:
        """Tell other commands of this checkout where the running servers are; they hold a password."""
        new = self.addresses.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(addresses))
        new.replace(self.addresses)

    def published(self) -> dict[str, str] | None:
        """The addresses of the running servers by variable; None before they answer."""
        try:
            addresses: dict[str, str] = json.loads(self.addresses.read_text())
        except FileNotFoundError:
            return None
        return addresses

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep another command's servers up while the block runs. Read their addresses inside it only."""
        with self._users.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def wait_for_users(self) -> None:
        """Withdraw the addresses and return when no other command uses our servers any more."""
        self.addresses.unlink(missing_ok=True)
        with self._users.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)

    def socket_folder(self, account: Account) -> Path:
        """A folder of mode 0700 for sockets; under the temporary folder if the path here is too long."""
        folder = self.folder / "sockets"
        if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET_PATH:
            folder = temporary_folder_for(self.folder, "sockets")
        account.own_private_folder(folder)
        return folder

    def remember(self, pid: int, stop_signal: signal.Signals) -> None:
        """Note a child, so that the next owner can end it should we be killed before we do."""
        with self._processes.open("a") as file:
            file.write(json.dumps({"pid": pid, "birth": birth(pid), "signal": int(stop_signal)}) + "\n")

    def _stop_left_overs(self, patience: float = 3) -> None:
        """End the children of an owner that was killed; on Linux most have ended by themselves."""
        left = list(self._left_overs())
        for pid, stop_signal in left:
            with suppress(ProcessLookupError):
                os.kill(pid, stop_signal)
        deadline = time.monotonic() + patience
        while any(True for _ in self._left_overs()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid, _ in self._left_overs():
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # each child leads a group of its own
        while any(True for _ in self._left_overs()):
            time.sleep(0.05)
        self._processes.unlink(missing_ok=True)

    def _left_overs(self) -> Iterator[tuple[int, int]]:
        with suppress(FileNotFoundError):
            for line in self._processes.read_text().splitlines():
                with suppress(ValueError):  # half a line: its writer was killed
                    noted = json.loads(line)
                    if noted["birth"] and birth(noted["pid"]) == noted["birth"]:
                        yield noted["pid"], noted["signal"]


def checkout_state() -> State:
    """The state folder of this checkout.

    EPISTLE_STATE names another one. As root, where only root may enter the checkout, it moves to the temporary folder: the servers run as
    another account and must reach their data.
    """
    if chosen := os.environ.get("EPISTLE_STATE"):
        return State(Path(chosen).absolute())
    folder = CHECKOUT / ".epistle"
    account = Account.for_servers(folder / "postgres")
    return State(folder if account.may_enter(folder) else temporary_folder_for(folder, "state"))


def temporary_folder_for(folder: Path, purpose: str) -> Path:
    """A path under the temporary folder that belongs to this user and `folder` and is always the same."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"epistle-{os.geteuid()}-{purpose}-{name}"
