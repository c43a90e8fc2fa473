"""`manage.py reset_second_factor NAME`: let somebody in again whose app, passkey and recovery codes are all lost."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.signin import second_factor


class Command(BaseCommand):
    help = "Remove every second factor of a member of staff and end their sessions; it stands in the log of staff acts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name of the account")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError("There is no such account.")
        count = second_factor.reset(user, by=user)
        self.stdout.write(f"{count} factors removed.")
