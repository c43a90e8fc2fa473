"""Import representatives: the one way in, for the command and for the staff desk alike.

    run(path, *, format="auto", country="", as_of=None, mapping="", dry_run=False, by=None, name="") -> Report

A preview is `run(..., dry_run=True)`: everything is read, compared and counted, and nothing is changed;
`Report.legislatures` and `Report.rejections` are there to be shown. Each run, also a dry one, leaves one
`RepresentativeImport` row (`Report.saved`); a file that cannot be taken raises ImportFileError and leaves none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from advocacy.models import ColumnMapping, RepresentativeImport
from advocacy.representatives import detect, places
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import (
    MAX_ID,
    MAX_NAME,
    ImportFileError,
    PersonRecord,
    Reading,
    Rejection,
)
from advocacy.representatives.storing import Store, Stored

if TYPE_CHECKING:
    from accounts.models import User

__all__ = ["KEYS", "ImportFileError", "Report", "run"]

KEYS = ("people", "mandates", "current", "created", "updated", "unchanged", "ended", "routes", "rejected")
MAX_REJECTIONS = 1_000  # kept in full; the count goes on
_ONE_IMPORT_AT_A_TIME = 0x45500001  # our number for pg_advisory_xact_lock


@dataclass(slots=True)
class Report:
    """What a run read and changed. `counts` has exactly KEYS; people = created + updated + unchanged."""

    format: str
    source: str
    as_of: dt.date
    dry_run: bool
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 0))
    more: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    legislatures: list[dict[str, Any]] = field(default_factory=list)
    saved: RepresentativeImport | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.counts,
            **self.more,
            "format": self.format,
            "as_of": self.as_of.isoformat(),
            "dry_run": self.dry_run,
            "warnings": self.warnings,
            "rejections": [rejection.as_dict() for rejection in self.rejections],
            "legislatures": self.legislatures,
        }


def run(
    path: str | Path,
    *,
    format: str = "auto",
    country: str = "",
    as_of: dt.date | None = None,
    mapping: str = "",
    dry_run: bool = False,
    by: User | None = None,
    name: str = "",
) -> Report:
    """Read what is at `path` and keep it, all or nothing. Safe to repeat: the same file again changes nothing.

    `as_of` is the day the data is about and on which `current` counts (default: the file's own day where it
    tells one, else today). `name` is what an uploaded file was called. Raises ImportFileError.
    """
    path = Path(path)
    reading = Reading(country=_country(country), mapping=_mapping(mapping))
    found = _files(path, name, format, mapped=reading.mapping is not None)
    parts: list[Report] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_IMPORT_AT_A_TIME])
        for format_name, files in _groups(found):
            parts.append(_read(format_name, files, reading, as_of, dry_run=dry_run))
        if dry_run:
            transaction.set_rollback(True)
    report = reduce(_sum, parts)
    if left := detect.passed_over(path, found):
        report.warnings.append(_left(left))
    report.saved = _save(report, name or path.name, by)
    return report


def _country(code: str) -> str:
    code = code.strip().upper()
    if code and not places.is_country(code):
        raise ImportFileError(
            _("A country is two letters (ISO 3166-1), for example KE; not %(code)s.") % {"code": code[:20]}
        )
    return code


def _mapping(name: str) -> ColumnMapping | None:
    if not name:
        return None
    mapping = ColumnMapping.objects.filter(name=name).first()
    if mapping is None:
        known = ", ".join(ColumnMapping.objects.order_by("name").values_list("name", flat=True)[:20])
        raise ImportFileError(
            _("There is no column mapping %(name)s. There are: %(known)s.")
            % {"name": name, "known": known or "-"}
        )
    return mapping


def _left(names: list[str]) -> str:
    shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    return _("Not read: %(names)s. A run reads one set of data; please give the others one by one.") % {
        "names": shown
    }


def _files(path: Path, name: str, wanted: str, *, mapped: bool) -> list[tuple[str, DataFile]]:
    if wanted != "auto" and wanted not in detect.READERS:
        raise ImportFileError(
            _("There is no format %(format)s. Known are: %(formats)s.")
            % {"format": wanted, "formats": ", ".join(("auto", *detect.FORMATS))}
        )
    if wanted != "auto" and not path.is_dir():
        if not path.is_file():
            raise ImportFileError(_("There is no file or folder %(path)s.") % {"path": name or path.name})
        return [(wanted, DataFile(path, name or path.name))]
    found = detect.find(path, name, mapped=mapped)
    if wanted != "auto" and {format_name for format_name, _file in found} != {wanted}:
        raise ImportFileError(
            _("%(path)s is not in the format %(format)s.") % {"path": path.name, "format": wanted}
        )
    return found


def _groups(found: list[tuple[str, DataFile]]) -> Iterator[tuple[str, list[DataFile]]]:
    """Files of one format together, but a legislature of EveryPolitician for itself: each has a date of its own."""

    def key(entry: tuple[str, DataFile]) -> tuple[str, str]:
        format_name, file = entry
        alone = format_name in {"popolo", "everypolitician-csv"}
        return format_name, str(file.path.parent) if alone else ""

    for (format_name, _folder), entries in groupby(found, key):
        yield format_name, [file for _name, file in entries]


def _read(
    format_name: str, files: list[DataFile], reading: Reading, as_of: dt.date | None, *, dry_run: bool
) -> Report:
    reader = detect.READERS[format_name]
    today = timezone.localdate()
    with _as_expected(format_name, files[0]):
        own_dates = [day for file in files if (day := reader.own_date(file))]
        as_of = as_of or min(max(own_dates, default=today), today)
        report = Report(format_name, _source(reader, files[0], reading), as_of, dry_run)
    store = Store(report.source, as_of)
    reading.covers = set()
    for file in files:
        for person in _people(reader, format_name, file, reading):
            _keep(person, store, report)
    kinds = reader.route_kinds(reading) if hasattr(reader, "route_kinds") else reader.ROUTE_KINDS
    stored = store.finish(reading.covers, kinds)
    if getattr(reader, "COUNTED_BY_RECORDS", False):
        stored.count_by_records()
    _tell(report, stored, reading)
    return report


def _people(reader: ModuleType, format_name: str, file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    with _as_expected(format_name, file):
        yield from reader.read(file, reading)


@contextmanager
def _as_expected(format_name: str, file: DataFile) -> Iterator[None]:
    """A value of another kind than its format has (a number for a list of names) is the file's fault, not ours."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ImportFileError(
            _(
                "%(name)s is not quite in the format %(format)s: a value in it is of another kind than expected."
            )
            % {"name": file.name, "format": format_name}
        ) from error


def _source(reader: ModuleType, file: DataFile, reading: Reading) -> str:
    return reader.source(file, reading) if hasattr(reader, "source") else reader.SOURCE


def _keep(person: PersonRecord, store: Store, report: Report) -> None:
    """Hand one person on, unless they cannot be told apart or named; note what was rejected of them."""
    rejected = list(person.rejected)
    taken = False
    if not person.source_id or len(person.source_id) > MAX_ID:
        rejected = [Rejection(person.name[:80], "id", person.source_id, _("The person has no usable id."))]
    elif not person.name or len(person.name) > MAX_NAME:
        reason = _("The name is missing or longer than 200 characters.")
        rejected = [Rejection(person.name[:80], "name", person.name, reason)]
    else:
        taken = True
        if person.image_url and not person.image_url.startswith(("https://", "http://")):
            person.image_url = ""
    report.counts["rejected"] += len(rejected)
    rejected = [replace(one, row=person.row) for one in rejected]
    report.rejections += rejected[: MAX_REJECTIONS - len(report.rejections)]
    if taken:
        store.add(person)


def _tell(report: Report, stored: Stored, reading: Reading) -> None:
    for key in KEYS:
        if key != "rejected":
            report.counts[key] = getattr(stored, key)
    report.more = {
        key: getattr(stored, key) for key in ("records", "with_email", "with_web_form", "repeated", "older")
    }
    report.legislatures = stored.legislatures
    for name, ended, left in stored.ended_by_legislature[:20]:
        if ended > max(left, 10):
            reading.warn(
                _("%(legislature)s: %(ended)s mandates were missing and closed, more than the file has.")
                % {"legislature": name, "ended": ended}
            )
    report.warnings = list(reading.warnings)


def _sum(first: Report, second: Report) -> Report:
    """Two parts of one run as one report."""
    first.counts = {key: first.counts[key] + second.counts[key] for key in KEYS}
    first.more = {key: first.more[key] + second.more[key] for key in first.more}
    first.warnings = second.warnings
    first.rejections = (first.rejections + second.rejections)[:MAX_REJECTIONS]
    first.legislatures = sorted(
        first.legislatures + second.legislatures, key=lambda entry: -entry["current"]
    )[:20]
    first.as_of = max(first.as_of, second.as_of)
    if first.format != second.format:
        first.format = "everypolitician"
    return first


def _save(report: Report, name: str, by: User | None) -> RepresentativeImport:
    return RepresentativeImport.objects.create(
        file_name=name[:300],
        format=report.format,
        as_of=report.as_of,
        counts={**report.counts, **report.more},
        rejected=[rejection.as_dict() for rejection in report.rejections],
        dry_run=report.dry_run,
        by=by,
    )
