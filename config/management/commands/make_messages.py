"""`manage.py make_messages`: bring locale/ to what the sources say, and count what is still to translate."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config import translations


class Command(BaseCommand):
    help = "Find every text in the sources and bring locale/*/LC_MESSAGES/django.po up to date."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for language, missing in translations.make().items():
            self.stdout.write(f"{language}: {missing} texts to translate")
