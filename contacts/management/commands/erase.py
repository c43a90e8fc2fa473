"""Erase a person: `manage.py erase ann@example.org`, with `--dry-run` to see what would go."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from contacts import erasing
from contacts.addresses import parse
from contacts.registry import Person


class Command(BaseCommand):
    help = "Erases everything we hold of a person but the keyed hash of the address. There is no way back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the e-mail address of the person")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = Person.of_key(parse(options["address"]).key)
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        counts = erasing.forecast(person) if options["dry_run"] else erasing.erase(person)
        for table, rows in counts.items():
            self.stdout.write(f"{rows:>8}  {table}")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed: this was a dry run.")
        elif counts:
            self.stdout.write(
                "Erased. The keyed hash of the address stays, so that nobody writes to it again."
            )
        else:
            self.stdout.write(
                "We held nothing of this address. It is remembered, so that nobody writes to it."
            )
