"""One batch of an import into the address book: one transaction, a dozen statements, whatever the number of rows.

Everything is decided and written by PostgreSQL over the whole batch. What a batch did stands in its own row, so
the rows of the file are never written again; what it changed of people we knew stands in `ImportChange`.

The rules, in the order of their strength:

- An address that is suppressed stays so, and who unsubscribed stays unsubscribed, whatever a file says.
- A refusal in the file takes effect for everybody, known or not, in every mode.
- An erased person is not stored; their address is remembered as a keyed hash.
- Of people who also stand on a list that is not theirs a member of staff who is bound to some lists replaces nothing:
  their file fills what is blank (`contacts.list_rights`).
- Only then a file may add: unknown people, and in the mode "update" what it knows more of known ones. A blank
  never overwrites, attributes are merged key by key.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper

from contacts import suppressions
from contacts.imports import standing, statements
from contacts.imports.standing import MEANINGS
from contacts.models import Import, ImportBatch, ListRight

logger = logging.getLogger(__name__)

BATCH = 10_000
# Each address to be suppressed is an advisory lock until the commit, and PostgreSQL's table of locks is small.
MOST_SUPPRESSIONS = 1_000
TRANSACTION_SECONDS = 5
_TRIES = 5
_LOCK_SPACE = 0x69_6D_70_72  # the locks of batches, apart from those of addresses


class Disturbed(Exception):  # noqa: N818 - somebody else wrote the same people; the batch is done again
    """Others changed people of the batch between our look and our lock. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges batches of one import; holds what is the same for all of them."""

    run: Import

    def merge_next(self) -> bool:
        """Merge one batch that nobody else is at. False if there is none, or the import is not running any more.

        The batch is done when this returns, and not begun if it raises or the process dies. Raises
        `django.db.Error` if the database cannot do it; trying again later is safe.
        """
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return self._merge_next()
            except (Disturbed, DatabaseError) as problem:
                if last or (isinstance(problem, DatabaseError) and not _is_conflict(problem)):
                    raise
                logger.info("a batch met another writer and begins again", extra={"import": self.run.pk})
        return False

    @transaction.atomic
    def _merge_next(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_SETTINGS)
            suppressions.hold_book(shared=True)
            hold_batches(self.run, shared=True)
            if not Import.objects.filter(pk=self.run.pk, status=Import.Status.RUNNING).exists():
                return False
            batch = (
                ImportBatch.objects.filter(from_import=self.run, done_at=None)
                .select_for_update(skip_locked=True)
                .order_by("number")
                .first()
            )
            if batch is None:
                return False
            _Batch(self.run, batch, cursor).merge()
        return True


def _is_conflict(problem: DatabaseError) -> bool:
    """Whether somebody wrote the same at the same moment: the same person, or the same rows in another order."""
    return getattr(problem.__cause__, "sqlstate", "") in {
        "23505",
        "40P01",
    }  # unique_violation, deadlock_detected


def hold_batches(run: Import, *, shared: bool = False) -> None:
    """Lock the batches of an import until the transaction ends: shared by who merges one, alone by who undoes one.

    An undo begins only when no batch is half way. It is not the row of the import that is locked: progress is
    written there.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_LOCK_SPACE, run.pk % 2**31])


@transaction.atomic
def foretell(run: Import, first: int, last: int) -> dict[str, int]:
    """How many of these lines the run would count as what, if it ran now. Reads only."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS_OF_FORECAST)
        cursor.execute(statements.FORETELL, {**_words(run), "first": first, "last": last})
        counts = cursor.fetchone()
    return dict(zip(("created", "updated", "unchanged", "suppressed"), counts, strict=True))


def foretell_changes(
    run: Import, first: int, last: int, most: int
) -> list[tuple[int, int, dict[str, Any], dict[str, Any]]]:
    """Line, contact, before and after of at most `most` people of these lines whom the run would change. Reads only."""
    with connection.cursor() as cursor:
        cursor.execute(
            statements.FORETELL_CHANGES, {**_words(run), "first": first, "last": last, "most": most}
        )
        return [
            (line, pk, json.loads(before), json.loads(after)) for line, pk, before, after in cursor.fetchall()
        ]


def _words(run: Import) -> dict[str, Any]:
    """The parameters that all statements about an import share."""
    return {
        "import": run.pk,
        "list": run.mailing_list_id,
        "organisation": run.organisation_id,
        "mode": run.mode,
        "source": f"import {run.pk}",
        "consent_date": run.consent_date,
        "bound": _bound(run),
        "space": suppressions.LOCK_SPACE,
        "otherwise": standing.SUPPRESS_REASONS.get(run.suppress_reason, "do_not_contact"),
        "suppressing": list(standing.SUPPRESSING),
        "refusals": list(standing.REFUSALS),
        "withdrawn": list(standing.WITHDRAWN),
        "meanings": json.dumps(
            {word: [meaning.reason, *(meaning.suppression or ())] for word, meaning in MEANINGS.items()}
        ),
    }


def _bound(run: Import) -> list[int] | None:
    """The lists that whoever brought the file is bound to; None for who works with all."""
    lists = (
        ListRight.objects.filter(user=run.created_by_id) if run.created_by_id else ListRight.objects.none()
    )
    return sorted(lists.values_list("mailing_list", flat=True)) or None


class _Batch:
    """The statements of one batch."""

    def __init__(self, run: Import, batch: ImportBatch, cursor: CursorWrapper) -> None:
        self.run, self.cursor = run, cursor
        self.words = {
            **_words(run),
            "batch": batch.pk,
            "first": batch.first_line,
            "last": batch.last_line,
        }

    def merge(self) -> None:
        stores = self.run.mode != Import.Mode.SUPPRESS
        self._do(statements.TABLE)
        self._do("DELETE FROM merging")  # of an earlier batch of the same transaction: those of a test
        self._do(statements.LOOK)
        known, suppressing = self._found(
            "SELECT count(*) FILTER (WHERE known), count(*) FILTER (WHERE suppressing)"
        )
        if suppressing:
            self._do(statements.HOLD)
        if known:
            self._lock(known)
        if suppressing:
            self._do(statements.SUPPRESS)
        if stores:
            self._do(statements.ADD)
        if known and self.run.mode == Import.Mode.UPDATE:
            if self.words["bound"]:
                self._do(statements.KEEP)
            self._do(statements.UPDATE)
        if stores and self.run.mailing_list_id:
            self._do(statements.SUBSCRIBE)
            if known:
                self._do(statements.RESUBSCRIBE)
            self._do(statements.CONSENT)
        if known and stores:
            self._do(statements.CHANGES)
        self._do(statements.DONE)

    def _lock(self, known: int) -> None:
        """Nobody edits, erases or unsubscribes them until the commit; who is gone already is looked up anew."""
        if self._do(statements.LOCK_CONTACTS) != known:
            raise Disturbed
        self._do(statements.LOCK_SUBSCRIPTIONS)
        self._do(statements.WISH_OF_KNOWN)

    def _found(self, counts: str) -> tuple[int, ...]:
        self.cursor.execute(f"{counts} FROM merging")
        return self.cursor.fetchone()

    def _do(self, statement: str) -> int:
        self.cursor.execute(statement, self.words)
        return self.cursor.rowcount


# Every statement is about ten thousand rows by their keys, beside tables of millions: the planner, which does not know
# how many rows the temporary table holds, is kept from reading those from end to end.
_SETTINGS = f"""
SET LOCAL statement_timeout = '{TRANSACTION_SECONDS}s'; SET LOCAL random_page_cost = 1.1;
SET LOCAL enable_memoize = off; SET LOCAL jit = off
"""

# A third less computing, measured: the threads of the check have the cores already, so parallel workers only join the
# same tables once more; no address comes twice, so nothing is remembered in vain; and what is hashed fits into memory.
_SETTINGS_OF_FORECAST = """
SET LOCAL random_page_cost = 1.1; SET LOCAL enable_memoize = off; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL work_mem = '64MB'
"""
