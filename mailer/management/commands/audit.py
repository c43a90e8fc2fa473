"""Check the ledger's invariants: `manage.py audit`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailer import invariants


class Command(BaseCommand):
    """Prints each invariant with its number of violations. Exit code 1 if any is broken."""

    help = "Check what must be true of every delivery and letter; exit 1 if anything is not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object: invariant to ids of rows")

    def handle(self, *args: Any, **options: Any) -> None:
        found = invariants.check_all()
        if options["json"]:
            self.stdout.write(json.dumps({violation.name: list(violation.ids) for violation in found}))
        else:
            for violation in found:
                self.stdout.write(f"{len(violation.ids):>6}  {violation.name}")
        broken = [violation for violation in found if violation.ids]
        if broken:
            first = broken[0]
            raise CommandError(
                f"{len(broken)} of {len(found)} invariants are broken; the first: {first.name}, "
                f"rows {', '.join(str(pk) for pk in first.ids[:10])}",
                returncode=1,
            )
