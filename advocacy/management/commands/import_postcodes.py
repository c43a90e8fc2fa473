from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from advocacy.representatives import postcodes
from advocacy.representatives.records import ImportFileError


class Command(BaseCommand):
    help = (
        "Read which districts each postcode lies in, so that supporters find who represents them. "
        "Safe to repeat; the file replaces what was known of the country."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="A CSV file (also .gz).")
        parser.add_argument("--country", required=True, metavar="XX", help="ISO 3166-1, for example US.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would change, and change nothing."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = postcodes.run(options["path"], country=options["country"], dry_run=options["dry_run"])
        except ImportFileError as error:
            raise CommandError(f"{error} {error.hint}".strip()) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False))
            return
        for key, value in report.as_dict().items():
            if key != "warnings":
                self.stdout.write(f"  {key.replace('_', ' '):<14}{value:>9}")
        for warning in report.warnings:
            self.stdout.write(self.style.WARNING(f"Note: {warning}"))
