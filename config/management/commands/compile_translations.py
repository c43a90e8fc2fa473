"""`manage.py compile_translations`: make the .mo files gettext reads. Part of every deployment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config import translations


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/django.po where they have changed."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{translations.compile()} catalogues compiled.")
