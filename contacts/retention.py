"""What the address book forgets by time, each night. The whole of it, with the reasons: docs/retention.md.

A rule works in batches, each its own transaction, and counts what it took after each; so a night that was cut short
goes on with the next one, and no table is held for long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce, Greatest, Now
from django.db.models.lookups import GreaterThan

from accounts import audit, invitations
from contacts import export_requests
from contacts.models import Consent, Import, ImportChange, ImportChunk, ImportRow

logger = logging.getLogger(__name__)

Status = Import.Status
Rule = Callable[[], Iterator[int]]

FILE_DAYS = timedelta(days=7)
ROW_DAYS = timedelta(days=30)
UNDO_DAYS = timedelta(days=90)
NETWORK_DAYS = timedelta(days=30)
# One call works so long: a task has two minutes.
SECONDS = 60.0
BATCH = 5_000
_LINES = 20_000

_WAITING = [Status.UPLOADED, Status.CHECKED, Status.FAILED]
_AT_WORK = [Status.CHECKING, Status.RUNNING, Status.UNDOING]


def forget(seconds: float = SECONDS) -> bool:
    """Apply every rule of the address book. False if time ran out first; call it again then. Safe to run twice at once."""
    return in_time(
        [
            files,
            rows,
            changes,
            networks,
            sessions,
            invitations.forget,
            audit.forget_reasons,
            export_requests.forget_purposes,
        ],
        seconds,
    )


def in_time(rules: Sequence[Rule], seconds: float) -> bool:
    """Work through the rules until they find nothing more. False if `seconds` were over before."""
    until = time.monotonic() + seconds
    for rule in rules:
        total = 0
        for touched in rule():
            total += touched
            if time.monotonic() > until:
                logger.info("forgetting goes on later", extra={"rule": rule.__name__, "rows": total})
                return False
        if total:
            logger.info("forgotten", extra={"rule": rule.__name__, "rows": total})
    return True


def may_be_undone(run: Import) -> bool:
    """Whether what the import replaced is still known; after `UNDO_DAYS` it is too late."""
    cut_off = Now() - UNDO_DAYS
    return Import.objects.filter(pk=run.pk).filter(_touched_since(cut_off)).exists()


# --- imports ------------------------------------------------------------------------------------------------------


def files() -> Iterator[int]:
    """Files nobody went on with. An import that only waits is thrown away with its file and rows; of every other one
    only the file goes, which nothing needs any more."""
    idle = _idle(FILE_DAYS)
    for run in idle.filter(status__in=_WAITING).order_by("pk"):
        if run.move_to(Status.DISCARDED, claim=None, lease_until=None):
            yield from _rows_of(run)
    for pk in list(idle.exclude(status__in=_AT_WORK).values_list("pk", flat=True)):
        if removed := ImportChunk.objects.filter(from_import=pk).delete()[0]:
            yield removed


def rows() -> Iterator[int]:
    """Staged rows of imports that ended. One that was stopped and left alone ends by it: what it did stays."""
    for run in _idle(ROW_DAYS).filter(status=Status.STOPPED).order_by("pk"):
        run.move_to(Status.DISCARDED, claim=None, lease_until=None)
    staged = ImportRow.objects.filter(from_import=OuterRef("pk"))
    for run in _idle(ROW_DAYS).exclude(status__in=_AT_WORK).filter(Exists(staged)).order_by("pk"):
        yield from _rows_of(run)


def changes() -> Iterator[int]:
    """What imports replaced, once it is too late to undo them."""
    replaced = ImportChange.objects.filter(from_import=OuterRef("pk"))
    for pk in list(
        _idle(UNDO_DAYS).exclude(status__in=_AT_WORK).filter(Exists(replaced)).values_list("pk", flat=True)
    ):
        of_import = ImportChange.objects.filter(from_import=pk)
        while some := list(of_import.order_by("line").values_list("pk", flat=True)[:BATCH]):
            yield ImportChange.objects.filter(pk__in=some).delete()[0]


def _rows_of(run: Import) -> Iterator[int]:
    """Remove the staged rows of an import, some lines at a time."""
    staged = ImportRow.objects.filter(from_import=run)
    while (first := staged.order_by("line").values_list("line", flat=True).first()) is not None:
        yield staged.filter(line__lt=first + _LINES).delete()[0]


def _idle(days: timedelta) -> models.QuerySet[Import]:
    """Imports that nothing has happened to for so long."""
    return Import.objects.exclude(_touched_since(Now() - days))


def _touched_since(moment: models.Expression) -> models.Q:
    last = Greatest(
        "created_at",
        Coalesce("started_at", "created_at"),
        Coalesce("finished_at", "created_at"),
        Coalesce("undone_at", "created_at"),
    )
    return models.Q(GreaterThan(last, moment))


# --- people -------------------------------------------------------------------------------------------------------

# Keys of a consent's proof that hold an address of the network it was given from.
_NETWORK_KEYS = ["ip", "consent_ip", "confirmed_ip"]


def networks() -> Iterator[int]:
    """The network addresses in the proofs of consents. That, when and by what somebody agreed stays."""
    after = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_NETWORKS, [_NETWORK_KEYS, after, _NETWORK_KEYS, NETWORK_DAYS.days, BATCH])
            pks = [row[0] for row in cursor.fetchall()]
        if not pks:
            return
        after = max(pks)
        yield len(pks)


_NETWORKS = f"""
UPDATE {Consent._meta.db_table} SET proof = proof - %s::text[] WHERE id IN (
    SELECT id FROM {Consent._meta.db_table}
    WHERE id > %s AND proof ?| %s::text[] AND now() - make_interval(days => %s) > coalesce(
        given_at, (SELECT created_at FROM {Import._meta.db_table} WHERE id = from_import_id)
    )
    ORDER BY id LIMIT %s FOR UPDATE
) RETURNING id
"""  # noqa: S608


def sessions() -> Iterator[int]:
    """Sessions of staff that are over."""
    if over := Session.objects.filter(expire_date__lt=Now()).delete()[0]:
        yield over
