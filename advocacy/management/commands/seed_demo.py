"""`manage.py seed_demo`: the demo campaigns, their representatives and the login `demo`. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from advocacy.demo.seeding import seed


class Command(BaseCommand):
    help = "Create what the demo lacks. What is there stays as people made it. Refuses to run in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-a-past",
            action="store_true",
            help="Invent letters of the last weeks, for charts and maps.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = seed(with_a_past=options["with_a_past"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Demo: {done.campaigns} campaigns, {done.people} people, newsletters: {done.newsletters} created."
        )
