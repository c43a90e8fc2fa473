"""Erase again whom a restored backup has brought back: `manage.py replay_erasures erasures.jsonl`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts import erasing

_HASH_BYTES = 32


class Command(BaseCommand):
    help = (
        "Erases everybody in a log of erasures (see export_erasures). Run it after a backup was restored, before any "
        "worker starts. Safe to repeat. ADDRESS_HASH_KEY must be the one the log was written with."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = options["file"].read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from error
        # All of it is read before anything is erased: a broken file erases nobody.
        hashes = [_read(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
        counts = erasing.replay(list(dict.fromkeys(hashes)))
        for table, rows in sorted(counts.items()):
            self.stdout.write(f"{rows:>8}  {table}")
        self.stdout.write(f"{len(set(hashes))} erasures replayed.")


def _read(number: int, line: str) -> bytes:
    try:
        found = bytes.fromhex(json.loads(line)["hash"])
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"Line {number} is no entry of a log of erasures.") from error
    if len(found) != _HASH_BYTES:
        raise CommandError(f"Line {number} holds no hash of {_HASH_BYTES} bytes.")
    return found
