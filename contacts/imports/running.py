"""The life of an import: who may move it where, which worker is at it, and what is done next.

A person begins, stops, resumes, discards or undoes; each is one guarded UPDATE, so a second click changes nothing and
returns False. A worker claims an import for as long as it gives signs of life (database time), works for a minute at
most and rings for the next. One that was killed says nothing: after the lease the sweeper rings for another.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, Func, IntegerField, OuterRef, Q, Sum
from django.db.models.functions import Least, Now

from contacts import doorbell, import_traces, retention
from contacts.imports import merging, staging, undoing
from contacts.imports.merging import Merger
from contacts.imports.reading.bounds import FileRefused
from contacts.imports.threads import in_threads
from contacts.models import Import, ImportBatch, ImportChunk, ImportRow
from contacts.signals import import_settled

logger = logging.getLogger(__name__)
Status = Import.Status

WORKING = (Status.CHECKING, Status.RUNNING, Status.UNDOING)
SLICE = 60.0  # seconds a worker stays with one import; others wait behind it
ATTEMPTS = 5  # workers in a row that may die without getting anything done


class Lost(Exception):  # noqa: N818 - what happened to the claim
    """The import was stopped, or another worker has taken it over. What was committed stays."""


class NotReady(Exception):  # noqa: N818 - said to a person
    """The import may not run yet. `word` is one of mailing_list, consent."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def begin_check(run: Import, *, ring: bool = True) -> bool:
    """Have the file read and the outcome foretold. What an earlier check found is forgotten. False if it cannot begin."""
    return _begin(run, Status.CHECKING, ring, **_NOTHING_YET, problem="", problem_detail="")


def begin_run(run: Import, *, ring: bool = True) -> bool:
    """Let a checked import change the address book. False if it was begun already, or not checked.

    Raises NotReady if there is no list to bring people to, or nothing shows that they agreed.
    """
    if missing := lacks(run):
        raise NotReady(missing)
    return _begin(run, Status.RUNNING, ring, only=Status.CHECKED)


def lacks(run: Import) -> str:
    """What an import needs before it may run: "mailing_list", "consent", or "" for nothing."""
    if run.mode == Import.Mode.SUPPRESS:
        return ""
    if run.mailing_list_id is None:
        return "mailing_list"
    brings_people = run.mode in {Import.Mode.UPDATE, Import.Mode.ADD}
    if brings_people and not run.consent_text.strip() and _somebody_to_mail(run):
        return "consent"
    return ""


def _somebody_to_mail(run: Import) -> bool:
    """Whether a row would put somebody on the list by the import's own word."""
    return ImportRow.objects.filter(from_import=run, result="", standing="").exists()


def resume(run: Import, *, ring: bool = True) -> bool:
    """Go on with a stopped import where it was."""
    return _begin(run, Status.RUNNING, ring, only=Status.STOPPED)


def undo(run: Import, *, ring: bool = True) -> bool:
    """Take back what an import did, see `undoing`. False unless it is done or stopped, or if it is too late for it
    (`retention.may_be_undone`)."""
    if not retention.may_be_undone(run):
        return False
    return _begin(run, Status.UNDOING, ring)


def stop(run: Import) -> bool:
    """Stop after the batch in hand, for which nobody waits here; a check goes back to its beginning."""
    if run.move_to(Status.STOPPED, **_FREE):
        return True
    return _moved(run, Status.UPLOADED, only=Status.CHECKING, **_NOTHING_YET)


def discard(run: Import) -> bool:
    """Give an import up: its file and rows are removed. What a stopped one did stays, and its report."""
    moved = run.move_to(Status.DISCARDED, **_FREE, finished_at=Now())
    if moved:
        doorbell.wake(_task(), run.pk)
    return moved


_FREE: dict[str, Any] = {"claim": None, "lease_until": None, "attempts": 0}
_NOTHING_YET: dict[str, Any] = {
    **_FREE,
    **dict.fromkeys(("staged_rows", "read_bytes", "merged_rows", *Import.COUNTS), 0),
    "forecast": {},
    "notes": [],
}


def _begin(run: Import, status: str, ring: bool, only: str = "", **changes: Any) -> bool:
    moved = _moved(run, status, only=only, **{**_FREE, "started_at": Now(), "finished_at": None, **changes})
    if moved and ring:
        doorbell.wake(_task(), run.pk)
    return moved


def _moved(run: Import, status: str, *, only: str = "", **changes: Any) -> bool:
    """`move_to`, from one status alone where several lead to the new one."""
    sources = [only] if only else Import.sources_of(status)
    moved = Import.objects.filter(pk=run.pk, status__in=sources).update(status=status, **changes)
    run.refresh_from_db()
    return bool(moved)


def _task() -> Any:
    from contacts import tasks  # the tasks call this module

    return tasks.work_on_import


# --- the worker's side --------------------------------------------------------------------------------------


def work(import_id: int) -> bool:
    """Work at an import for a slice of time. True if there is more to do. Safe to call twice and at once.

    A file that cannot be read, and an import that fails again and again, end with their problem on the row; anything
    else that goes wrong is raised, and the sweeper tries again.
    """
    run = _claim(import_id)
    if run is None:
        return False
    shift = Shift(run, time.monotonic() + SLICE)
    try:
        more = _WORK[Status(run.status)](shift)
    except Lost:
        return False
    except FileRefused as refused:
        _fail(run, refused.word, refused.detail)
        return False
    shift.release()
    return more


def sweep() -> int:
    """Ring for imports that nobody is at, and for given-up ones that still have their file. Returns how many."""
    waiting = Import.objects.filter(_unclaimed(), status__in=WORKING)
    given_up = Import.objects.filter(
        _unclaimed(), Exists(ImportChunk.objects.filter(from_import=OuterRef("pk"))), status=Status.DISCARDED
    )
    found = [*waiting.values_list("pk", flat=True), *given_up.values_list("pk", flat=True)]
    for pk in found:
        if not doorbell.ring(_task(), pk):
            break
    return len(found)


def _unclaimed() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)


def _claim(import_id: int) -> Import | None:
    """Take the import for this worker; None if another is at it or there is nothing to do."""
    claim = uuid.uuid4()
    taken = (
        Import.objects.filter(_unclaimed(), pk=import_id)
        .filter(Q(status__in=WORKING) | Q(status=Status.DISCARDED))
        .update(claim=claim, lease_until=_lease(), attempts=Least(F("attempts") + 1, ATTEMPTS + 1))
    )
    if not taken:
        return None
    run = Import.objects.select_related("mailing_list").get(pk=import_id)
    if run.claim != claim:
        return None
    # What is being undone or thrown away cannot be stopped: it is tried until it works.
    if run.attempts > ATTEMPTS and run.status in (Status.CHECKING, Status.RUNNING):
        _give_up(run)
        return None
    return run


def _give_up(run: Import) -> None:
    """Nothing gets done however often it is tried: leave it to a person."""
    logger.error("an import fails again and again and was stopped", extra={"import": run.pk})
    detail = f"stopped after {ATTEMPTS} attempts"
    if run.status == Status.CHECKING:
        _fail(run, "damaged", detail)
    else:
        _end(run, Status.STOPPED, problem_detail=detail)


@transaction.atomic
def _fail(run: Import, problem: str, detail: str) -> None:
    if _end(run, Status.FAILED, problem=problem, problem_detail=detail[:300], finished_at=Now()):
        _tell(run)


def _end(run: Import, status: str, **changes: Any) -> bool:
    """Leave a claimed import at `status`. False if it is ours no longer: it may have been begun anew meanwhile."""
    mine = Import.objects.filter(pk=run.pk, status=run.status, claim=run.claim)
    return bool(mine.update(status=status, **_FREE, **changes))


def _tell(run: Import) -> None:
    transaction.on_commit(
        lambda: import_settled.send(sender=Import, import_id=run.pk),
        robust=True,
    )


@dataclass(slots=True)
class Shift:
    """A worker's time with an import."""

    run: Import
    until: float

    @property
    def over(self) -> bool:
        return time.monotonic() > self.until

    def beat(self, **changes: Any) -> None:
        """Renew the claim and write `changes`. Raises Lost if it is ours no longer."""
        mine = Import.objects.filter(pk=self.run.pk, status=self.run.status, claim=self.run.claim)
        if not mine.update(lease_until=_lease(), **changes):
            raise Lost

    def release(self) -> None:
        Import.objects.filter(pk=self.run.pk, claim=self.run.claim).update(**_FREE)


def _check(shift: Shift) -> bool:
    if not staging.check(shift.run, shift.beat, shift.until):
        return True
    _end(shift.run, Status.CHECKED, finished_at=Now())
    return False


def _merge(shift: Shift) -> bool:
    """Merge batch after batch. Where one cannot be merged, none is begun after it."""
    failed = threading.Event()

    def merge() -> None:
        merger = Merger(shift.run)
        try:
            while not shift.over and not failed.is_set() and merger.merge_next():
                shift.beat(merged_rows=_merged(shift.run), attempts=0)
        except BaseException:
            failed.set()
            raise

    in_threads(merge)
    return not settle(shift.run)


def _merged(run: Import) -> int:
    done = ImportBatch.objects.filter(from_import=run, done_at__isnull=False).aggregate(rows=Sum("rows"))
    return int(done["rows"] or 0)


@transaction.atomic
def settle(run: Import) -> bool:
    """End a run whose batches are all done: write its counts, let its file go. False if some are not. Safe to repeat."""
    Import.objects.select_for_update(no_key=True).get(pk=run.pk)
    if ImportBatch.objects.filter(from_import=run, done_at=None).exists():
        return False
    counts = counted(run)
    if run.move_to(Status.DONE, **_FREE, **counts, merged_rows=_merged(run), finished_at=Now()):
        ImportChunk.objects.filter(from_import=run).delete()
        import_traces.forget_erased(run)
        _tell(run)
    return True


def counted(run: Import) -> dict[str, int]:
    """The counts of `Import` as its rows and finished batches have them."""
    rows = ImportRow.objects.filter(from_import=run).aggregate(
        rows=Count("line"),
        duplicates=Count("line", filter=Q(result=ImportRow.Result.DUPLICATE)),
        rejected=Count("line", filter=Q(result=ImportRow.Result.REJECTED)),
    )
    done = ImportBatch.objects.filter(from_import=run, done_at__isnull=False).aggregate(
        merged=Sum("rows", default=0),
        created=_lines("created"),
        updated=_lines("updated"),
        suppressed=_lines("suppressed"),
    )
    merged = done.pop("merged")
    return {**rows, **done, "unchanged": merged - done["created"] - done["updated"]}


def _lines(column: str) -> Sum:
    return Sum(Func(F(column), function="cardinality", output_field=IntegerField()), default=0)


def _undo(shift: Shift) -> bool:
    if not undoing.work(shift.run, shift.beat, shift.until):
        return True
    with transaction.atomic():
        if _end(shift.run, Status.UNDONE, undone_at=Now()):
            ImportChunk.objects.filter(from_import=shift.run).delete()
            _tell(shift.run)
    return False


def _throw_away(shift: Shift) -> bool:
    """Remove the file, and the rows unless some of them did something that a report must tell."""
    run = shift.run
    with transaction.atomic():
        merging.hold_batches(run)  # one may be in hand still; none is begun after
        did_something = ImportBatch.objects.filter(from_import=run, done_at__isnull=False).exists()
    if not did_something:
        staging.purge(run, shift.beat)
    ImportChunk.objects.filter(from_import=run).delete()
    return False


_WORK: dict[Status, Callable[[Shift], bool]] = {
    Status.CHECKING: _check,
    Status.RUNNING: _merge,
    Status.UNDOING: _undo,
    Status.DISCARDED: _throw_away,
}
