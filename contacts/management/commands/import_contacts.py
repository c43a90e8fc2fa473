"""Bring a file of contacts in, or see what it would do: `manage.py import_contacts PATH --list SLUG`."""

from __future__ import annotations

import datetime as dt
import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from contacts.imports import columns, reporting, running, standing, uploading, words
from contacts.imports.reading.bounds import FileRefused
from contacts.imports.reading.preview import Preview
from contacts.models import Import, ImportMapping, MailingList

Status = Import.Status
_SHOWN = 1_000  # rejected rows


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as wrong:
        raise ArgumentTypeError(f"{text!r} is not a day. Example: 2024-05-01") from wrong
    if day > timezone.localdate():
        raise ArgumentTypeError(f"{text} is still to come.")
    return day


class Command(BaseCommand):
    """Does in this process what the wizard leaves to a worker, by the same code.

    Killed at any moment, it can be gone on with (`--resume`), and a worker goes on with it by itself.
    """

    help = (
        "Read contacts from a CSV or Excel file into a list. Safe to repeat: the same file creates nobody twice, and "
        "whoever unsubscribed or is suppressed stays so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="A CSV or Excel file.")
        parser.add_argument(
            "--list", metavar="SLUG", help="The list people are brought to; a new one is made."
        )
        parser.add_argument(
            "--mapping", metavar="NAME", help="A saved column mapping. Default: by the headers."
        )
        parser.add_argument("--mode", choices=Import.Mode.values, default=Import.Mode.UPDATE)
        parser.add_argument(
            "--reason",
            choices=list(standing.SUPPRESS_REASONS),
            default="do_not_contact",
            help="Why, in the mode suppress.",
        )
        parser.add_argument(
            "--consent",
            metavar="TEXT",
            default="",
            help="What these people agreed to, in the words they were shown.",
        )
        parser.add_argument("--consent-page", metavar="URL", default="", help="Where they agreed.")
        parser.add_argument(
            "--consent-date",
            metavar="YYYY-MM-DD",
            type=_day,
            help="The last day on which one of them agreed. Default: the day is not known, and none is claimed.",
        )
        parser.add_argument("--encoding", help="For example cp1252. Default: found out.")
        parser.add_argument("--separator", help="One character. Default: found out.")
        parser.add_argument("--no-header", action="store_true", help="The first line is a person.")
        parser.add_argument("--sheet", help="The name of a sheet of a workbook.")
        parser.add_argument("--date-order", choices=["dmy", "mdy"], help="How 01/02/2023 is meant.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done, and do nothing.")
        parser.add_argument("--resume", type=int, metavar="ID", help="Go on with an import that was stopped.")
        parser.add_argument("--undo", type=int, metavar="ID", help="Take back an import.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["resume"] or options["undo"]:
            run = self._go_on(options)
        elif options["path"] is None:
            raise CommandError("Which file? Example: manage.py import_contacts people.csv --list news")
        else:
            run = self._bring(options)
        self._tell(run, options)

    def _go_on(self, options: dict[str, Any]) -> Import:
        pk = options["resume"] or options["undo"]
        run = Import.objects.filter(pk=pk).first()
        if run is None:
            raise CommandError(f"There is no import {pk}.")
        moved = running.undo(run, ring=False) if options["undo"] else running.resume(run, ring=False)
        if not moved and run.status not in running.WORKING:
            raise CommandError(f"Import {pk} is {run.get_status_display()}: nothing to do.")
        self._work(run)
        return run

    def _bring(self, options: dict[str, Any]) -> Import:
        mapping = self._mapping(options)  # before anything is kept, which nobody would go on with
        run = self._receive(options)
        if run.status == Status.FAILED:
            return run
        try:
            self._understand(run, mapping)
        except FileRefused as refused:
            run.move_to(Status.FAILED, problem=refused.word, problem_detail=refused.detail)
            return run
        running.begin_check(run, ring=False)
        self._work(run)
        if run.status == Status.CHECKED and not options["dry_run"]:
            self._run(run, options)
        elif options["dry_run"]:
            Import.objects.filter(pk=run.pk).update(finished_at=run.finished_at)
        return run

    def _receive(self, options: dict[str, Any]) -> Import:
        path: Path = options["path"]
        try:
            with path.open("rb") as file:
                return uploading.receive(
                    file,
                    name=path.name,
                    mailing_list=self._list(options),
                    mode=options["mode"],
                    suppress_reason=options["reason"] if options["mode"] == Import.Mode.SUPPRESS else "",
                    consent_text=options["consent"],
                    consent_page=options["consent_page"],
                    consent_date=options["consent_date"],
                    options=self._options(options),
                )
        except OSError as problem:
            raise CommandError(f"{path} cannot be read: {problem.strerror}") from problem

    def _list(self, options: dict[str, Any]) -> MailingList | None:
        slug = options["list"]
        if not slug:
            if options["mode"] == Import.Mode.SUPPRESS or options["dry_run"]:
                return None
            raise CommandError("Which list? Example: --list news")
        return MailingList.objects.filter(slug=slug).first()  # a new one is made when the run begins

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        found = {
            key: options[key] for key in ("encoding", "separator", "sheet", "date_order") if options[key]
        }
        return {**found, "header": False} if options["no_header"] else found

    def _mapping(self, options: dict[str, Any]) -> ImportMapping | None:
        if not options["mapping"]:
            return None
        mapping = ImportMapping.objects.filter(name=options["mapping"]).first()
        if mapping is None:
            raise CommandError(f"There is no column mapping {options['mapping']!r}. Nothing was imported.")
        return mapping

    def _understand(self, run: Import, mapping: ImportMapping | None) -> None:
        if mapping:
            run.options = {**mapping.options, **run.options}
        seen = uploading.preview(run)
        if seen.problem and not (mapping and seen.problem == "no_email_column"):
            raise FileRefused(seen.problem)
        self._warn(seen)
        uploading.understand(
            run, seen, columns.apply_mapping(seen.headers, mapping.columns) if mapping else None
        )

    def _warn(self, seen: Preview) -> None:
        """Say what was guessed, and what can only be asked."""
        if not seen.certain:
            guess = {"word": "encoding_guessed", "encoding": seen.options.encoding}
            self.stderr.write(f"{words.note_text(guess)} Another one: --encoding.")
        if seen.ambiguous_dates:
            self.stderr.write(
                "Some dates can be read in two ways and are left out. Say --date-order dmy or mdy."
            )

    def _run(self, run: Import, options: dict[str, Any]) -> None:
        try:
            with transaction.atomic():  # no new list stays of a run that does not begin
                if run.mailing_list is None and (slug := options["list"]):
                    found, _new = MailingList.objects.get_or_create(slug=slug, defaults={"name": slug})
                    run.mailing_list = found
                    run.save(update_fields=["mailing_list"])
                running.begin_run(run, ring=False)
        except running.NotReady as missing:
            self._throw_away(run)
            raise CommandError(_MISSING[missing.word]) from missing
        self._work(run)

    def _work(self, run: Import) -> None:
        """Work here until nothing is left to do; if a worker has taken it, wait for that."""
        run.refresh_from_db()
        status = run.status
        while run.status == status and status in running.WORKING:
            if not running.work(run.pk):
                time.sleep(0.05)
            run.refresh_from_db()

    def _throw_away(self, run: Import) -> None:
        running.discard(run)
        running.work(run.pk)

    def _tell(self, run: Import, options: dict[str, Any]) -> None:
        try:
            self._say(run, options)
        finally:
            if options["dry_run"]:
                self._throw_away(run)

    def _say(self, run: Import, options: dict[str, Any]) -> None:
        counts = reporting.counts(run)
        if options["json"]:
            self.stdout.write(
                json.dumps(self._object(run, counts, dry=options["dry_run"]), ensure_ascii=False)
            )
        elif run.problem:
            raise CommandError(words.problem_text(run.problem) + _STEP_2.get(run.problem, ""))
        else:
            self.stdout.write(
                f"Import {run.pk}: {run.get_status_display()}{', dry run' if options['dry_run'] else ''}"
            )
            for name, count in counts.items():
                self.stdout.write(f"  {name:<12}{count:>12,}")
            for note in words.note_texts(run.notes):
                self.stdout.write(note)
            for row in reporting.rejections(run, 20):
                self.stdout.write(f"Line {row.line}: {words.reason_text(row.reason)}")

    def _object(self, run: Import, counts: dict[str, int], *, dry: bool) -> dict[str, Any]:
        return {
            "import": run.pk,
            "status": run.status,
            "dry_run": dry,
            "mode": run.mode,
            "list": run.mailing_list.slug if run.mailing_list else None,
            **counts,
            "file_error": run.problem or None,
            "detail": run.problem_detail,
            "reasons": reporting.reasons(run),
            "rejections": [[row.line, row.reason] for row in reporting.rejections(run, _SHOWN)],
            "notes": run.notes,
        }


# What the pages call step 2.
_STEP_2 = {
    "no_header": " Here: --no-header.",
    "no_email_column": " Here: --sheet, --separator or --mapping.",
    "no_rows": " Here: --sheet.",
}
_MISSING = {
    "mailing_list": "Which list? Example: --list news",
    "consent": 'What did these people agree to? Example: --consent "Yes, send me the newsletter". Nothing was imported.',
}
