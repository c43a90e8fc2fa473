"""`manage.py make_messages`: bring locale/ to what the sources say, and count what is still to translate."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import languages, translations


class Command(BaseCommand):
    help = "Find every text in the sources and bring locale/*/LC_MESSAGES/django.po up to date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--language", default="", help="Begin a catalogue for this language, for example sw or pt-br."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begin = options["language"].replace("_", "-").lower()
        if begin == languages.SOURCE or (begin and not languages.is_known(begin)):
            raise CommandError(
                f"{options['language']!r} is no language to translate into. Example: --language sw, or --language pt-br"
            )
        for language, missing in translations.make(begin=begin).items():
            self.stdout.write(f"{language}: {missing} texts to translate")
