"""What is told of an import: how far it is, what it would do and did, row by row, and what it would overwrite."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.db.models import Count, F, Sum
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.spreadsheets import harmless
from contacts.imports import merging, words
from contacts.models import Import, ImportBatch, ImportChange, ImportRow

Status = Import.Status
_PAGE = 10_000
_SEARCHED = 10  # batches
KEPT = "kept_as_known"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the step at hand is. `done` of `total`: bytes of the file while it is checked, else rows.

    rate: rows a second since the step began (or went on); seconds_left: None where nobody can say yet.
    """

    step: str
    done: int
    total: int
    rate: float
    seconds_left: float | None

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


def progress(run: Import) -> Progress:
    """Where the import stands now; two small queries, whatever its size."""
    elapsed = (timezone.now() - run.started_at).total_seconds() if run.started_at else 0.0
    if run.status == Status.CHECKING:
        return _progress(run, run.read_bytes, run.file_size, run.staged_rows, run.read_bytes, elapsed)
    batches = ImportBatch.objects.filter(from_import=run)
    total = _rows(batches)
    if run.status == Status.UNDOING:
        undone = max(0, total - run.merged_rows)
        return _progress(run, undone, total, undone, undone, elapsed)
    finished = batches.exclude(done_at=None)
    lately = _rows(finished.filter(done_at__gte=run.started_at)) if run.started_at else 0
    return _progress(run, _rows(finished), total, lately, lately, elapsed)


def _progress(run: Import, done: int, total: int, rows: int, work: int, elapsed: float) -> Progress:
    pace = work / elapsed if elapsed > 0 else 0.0
    return Progress(
        step=run.status,
        done=done,
        total=total,
        rate=rows / elapsed if elapsed > 0 else 0.0,
        seconds_left=max(0, total - done) / pace if pace else None,
    )


def _rows(batches: Any) -> int:
    return int(batches.aggregate(rows=Sum("rows"))["rows"] or 0)


def counts(run: Import) -> dict[str, int]:
    """The counts of the report once the import has run, until then those that the check foretold."""
    if run.status in {Status.DONE, Status.UNDOING, Status.UNDONE, Status.FAILED}:
        return {name: getattr(run, name) for name in Import.COUNTS}
    return {name: int(run.forecast.get(name, 0)) for name in Import.COUNTS}


# --- row by row -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row: created, updated, unchanged, duplicate, rejected, undone or waiting.

    reason: why rejected, or the line that a duplicate repeats. mailable: False if the person may not be mailed on
    the list. address: empty for rejected rows, whose cells are in the file of rejected rows.
    """

    line: int
    result: str
    reason: str
    warnings: Sequence[str]
    mailable: bool
    address: str


def results(run: Import) -> Iterator[Result]:
    """One for each row of the file, in its order. Memory: one batch."""
    batches = ImportBatch.objects.filter(from_import=run).order_by("number").iterator(chunk_size=1)
    batch = _Outcome(next(batches, None))
    for row in _staged(run, "line", "result", "reason", "repeats", "warnings", "address"):
        while row["line"] > batch.last_line:
            batch = _Outcome(next(batches, None))
        result, reason = row["result"], row["reason"]
        if result == ImportRow.Result.DUPLICATE:
            reason = str(row["repeats"] or "")
        yield Result(
            line=row["line"],
            result=result or batch.result(row["line"]),
            reason=reason,
            warnings=[*(row["warnings"] or ()), *([KEPT] if row["line"] in batch.kept else ())],
            mailable=not result and row["line"] not in batch.suppressed,
            address=row["address"],
        )


class _Outcome:
    """What a batch did, by line. None stands for the lines after the last batch."""

    def __init__(self, batch: ImportBatch | None) -> None:
        self.last_line: float = batch.last_line if batch else float("inf")
        self._batch = batch
        self._created = set(batch.created) if batch else set()
        self._updated = set(batch.updated) if batch else set()
        self.suppressed = set(batch.suppressed) if batch else set()
        self.kept = set(batch.kept) if batch else set()

    def result(self, line: int) -> str:
        if self._batch is None or self._batch.done_at is None:
            return "waiting"
        if self._batch.undone_at is not None:
            return "undone"
        return "created" if line in self._created else "updated" if line in self._updated else "unchanged"


def _staged(run: Import, *columns: str, **which: Any) -> Iterator[dict[str, Any]]:
    """The rows by line, a page at a time: a download may take longer than a transaction should."""
    rows = ImportRow.objects.filter(from_import=run, **which).order_by("line").values(*columns)
    last = 0
    while page := list(rows.filter(line__gt=last)[:_PAGE]):
        yield from page
        last = page[-1]["line"]


def result_file(run: Import) -> Iterator[str]:
    """The results as a CSV file, piece by piece: one line for each row of the file, harmless for spreadsheets."""
    head = [
        gettext("line"),
        gettext("address"),
        gettext("result"),
        gettext("reason"),
        gettext("may be mailed"),
        gettext("warnings"),
    ]
    rows = (
        [
            row.line,
            harmless(row.address),
            str(RESULTS[row.result]),
            str(words.reason_text(row.reason)) if row.result == "rejected" else row.reason,
            _answer(row),
            " ".join(words.warning_text(word) for word in row.warnings),
        ]
        for row in results(run)
    )
    return _csv(head, rows)


def _answer(row: Result) -> str:
    """Whether the person of a row may be mailed; nothing where the row stands for nobody, or for one of another line."""
    if row.result in {"rejected", "duplicate", "waiting", "undone"}:
        return ""
    return gettext("yes") if row.mailable else gettext("no")


RESULTS: dict[str, Any] = {
    "created": _("new"),
    "updated": _("changed"),
    "unchanged": _("as it was"),
    "duplicate": _("stands in the file before, on the line named as reason"),
    "rejected": _("rejected"),
    "undone": _("undone"),
    "waiting": _("not yet imported"),
}


def rejected_file(run: Import) -> Iterator[str]:
    """The rejected rows as a CSV file that can be corrected and dropped in again.

    Their cells as they stood, under the names of their columns; before them the line and the reason, which a second
    import leaves out. They come first, since a rejected row may have more cells than there are columns.
    """
    # A file without a heading gets one of our own words, which a second import knows.
    names = [header or field for header, field in zip_longest(run.headers, run.columns, fillvalue="")]
    head = [gettext("line"), gettext("reason"), *names]
    rows = (
        [row["line"], str(words.reason_text(row["reason"])), *(harmless(cell) for cell in row["cells"] or [])]
        for row in _staged(run, "line", "reason", "cells", result=ImportRow.Result.REJECTED)
    )
    return _csv(head, rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Pieces of a CSV file of about a page, in the form Excel opens by itself (byte-order mark, CRLF)."""
    text = io.StringIO()
    writer = csv.writer(text)
    text.write("\ufeff")
    writer.writerow([harmless(name) for name in head])
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % 1_000 == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


# --- what it overwrites ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of somebody we know: `before` as it stands (or stood), `after` as the file has it.

    field: of `Contact`, "attribute:<key>" or "subscription" (None before: was not on the list).
    """

    line: int
    contact: int
    field: str
    before: Any
    after: Any


def differences(run: Import, limit: int = 50) -> list[Difference]:
    """What the import changes of people we know, of the first `limit` of them: foretold, or as it was done."""
    changes = ImportChange.objects.filter(from_import=run).exclude(after=F("before")).order_by("line")[:limit]
    if run.status in {Status.RUNNING, Status.STOPPED, Status.DONE, Status.UNDOING, Status.UNDONE}:
        found = [(change.line, change.contact_id, change.before, change.after) for change in changes]
    else:
        found = _foretold(run, limit)
    return [
        Difference(line, contact, field, old, new)
        for line, contact, before, after in found
        for field, old, new in _fields(before, after)
    ]


def _foretold(run: Import, limit: int) -> list[tuple[int, int, dict[str, Any], dict[str, Any]]]:
    """Of the first batches only: a page that shows examples does not look for them through a million rows."""
    found: list[tuple[int, int, dict[str, Any], dict[str, Any]]] = []
    batches = ImportBatch.objects.filter(from_import=run).order_by("number")[:_SEARCHED]
    for first, last in batches.values_list("first_line", "last_line"):
        found += merging.foretell_changes(run, first, last, limit - len(found))
        if len(found) >= limit:
            break
    return found


def _fields(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for field, new in after.items():
        if new == before.get(field):
            continue  # found as it was
        if field == "attributes":
            old_values = before.get("attributes", {})
            yield from ((f"attribute:{key}", old_values.get(key), value) for key, value in new.items())
        else:
            yield field, before.get(field), new


def rejections(run: Import, limit: int = 50) -> list[ImportRow]:
    """The first rejected rows, with line, reason and cells."""
    return list(
        ImportRow.objects.filter(from_import=run, result=ImportRow.Result.REJECTED).order_by("line")[:limit]
    )


def reasons(run: Import) -> dict[str, int]:
    """How many rows were rejected for which reason, the most frequent first."""
    rows = ImportRow.objects.filter(from_import=run, result=ImportRow.Result.REJECTED)
    return dict(
        rows.order_by().values_list("reason").annotate(found=Count("line")).order_by("-found", "reason")
    )
