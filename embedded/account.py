"""PostgreSQL refuses to run as root: whose account the servers take instead."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EmbeddedError


@dataclass(frozen=True)
class Account:
    """The account that owns the servers' data and runs them."""

    uid: int
    gid: int

    @classmethod
    def for_servers(cls, data: Path) -> "Account":
        """Ours; as root the owner of data made before, else `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and data.stat().st_uid != 0:
            return cls(data.stat().st_uid, data.stat().st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise EmbeddedError(
                "PostgreSQL refuses to run as root, and this machine has no account `nobody` to run it.\n"
                "Run the command as an ordinary user."
            ) from None
        return cls(nobody.pw_uid, nobody.pw_gid)

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def as_popen_arguments(self) -> dict[str, Any]:
        if self.is_ours:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, path: Path) -> bool:
        """Whether the account can reach `path` through all the folders above it. Asks, changes nothing."""
        return self.is_ours or all(self._may_pass(folder) for folder in path.resolve().parents)

    def _may_pass(self, path: Path) -> bool:
        try:
            status = path.stat()
        except FileNotFoundError:
            return True  # yet to be made, by us
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        return bool(status.st_mode & (0o010 if status.st_gid == self.gid else 0o001))

    def may_run(self, program: Path) -> bool:
        """Whether the account can reach and execute `program`."""
        return self.is_ours or (self.may_enter(program) and self._may_pass(program.resolve()))

    def own_private_folder(self, folder: Path) -> None:
        """Make `folder` (its parent must exist) a folder of mode 0700 of this account.

        Raises EmbeddedError if somebody else's stands there, as it can in a shared temporary folder.
        """
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            status = folder.lstat()
            if not folder.is_dir() or folder.is_symlink() or status.st_uid not in (self.uid, os.geteuid()):
                raise EmbeddedError(
                    f"{folder} belongs to another user. Run the command as that user, or remove it."
                ) from None
        else:
            status = folder.lstat()
        if status.st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)
        if status.st_mode & 0o777 != 0o700:
            folder.chmod(0o700)
