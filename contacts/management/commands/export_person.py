"""What we hold of a person, as JSON on standard output: `manage.py export_person ann@example.org`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from contacts.addresses import parse
from contacts.person_export import export_person
from contacts.registry import Person


class Command(BaseCommand):
    help = "Prints everything we hold of a person as JSON. Nothing is changed or logged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the e-mail address of the person")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = Person.of_key(parse(options["address"]).key)
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        self.stdout.write(json.dumps(export_person(person), ensure_ascii=False, indent=2))
