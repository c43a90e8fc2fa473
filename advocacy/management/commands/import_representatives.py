from __future__ import annotations

import datetime as dt
import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from advocacy.representatives import detect, importing


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is not a day such as 2015-11-30") from error


class Command(BaseCommand):
    help = (
        "Read representatives from a file, a folder or an archive and keep them. Safe to repeat: a second run "
        "changes nothing, and an older file never overwrites a newer one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="A file (also .gz or .tar.gz) or a folder.")
        parser.add_argument("--format", default="auto", help=f"auto, or one of: {', '.join(detect.FORMATS)}.")
        parser.add_argument("--country", default="", metavar="XX", help="Where the file does not tell it.")
        parser.add_argument(
            "--as-of",
            type=_day,
            metavar="DATE",
            help="The day the data is about, on which `current` counts. Default: the file's own, else today.",
        )
        parser.add_argument(
            "--mapping", default="", metavar="NAME", help="A saved column mapping, for a CSV file."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would change, and change nothing."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = importing.run(
                options["path"],
                format=options["format"],
                country=options["country"],
                as_of=options["as_of"],
                mapping=options["mapping"],
                dry_run=options["dry_run"],
            )
        except importing.ImportFileError as problem:
            raise CommandError(f"{problem} {problem.hint}".strip()) from problem
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False))
        else:
            self._tell(report)

    def _tell(self, report: importing.Report) -> None:
        self.stdout.write(f"{report.format}, as of {report.as_of}{', dry run' if report.dry_run else ''}")
        for key, count in (*report.counts.items(), *report.more.items()):
            self.stdout.write(f"  {key.replace('_', ' '):<14}{count:>9,}")
        for warning in report.warnings:
            self.stdout.write(self.style.WARNING(f"Note: {warning}"))
        for rejection in report.rejections:
            self.stdout.write(
                f"Not taken: {f'row {rejection.row}, ' if rejection.row else ''}"
                f"{rejection.person}, {rejection.field} {rejection.text!r}: {rejection.reason}"
            )
        left = report.counts["rejected"] - len(report.rejections)
        if left:
            self.stdout.write(f"... and {left:,} more.")
