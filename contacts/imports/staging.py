"""The check: a file becomes rows in PostgreSQL, repeats are marked, batches cut, and the outcome is foretold.

The reader process cleans; here its rows are copied in, block by block, and everything after that is set-based. All of
it can be cut off anywhere and goes on with the next call: a block is one transaction, and what follows the last
one changes nothing when it is done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q

from contacts.imports import merging, standing
from contacts.imports.cleaning.rows import COPY_COLUMNS
from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading import parent
from contacts.imports.reading.bounds import FileRefused
from contacts.imports.reading.protocol import Block, Done
from contacts.imports.threads import in_threads
from contacts.imports.uploading import spooled
from contacts.models import Attribute, Import, ImportBatch, ImportRow

_PURGE = 50_000
# Repeats are looked for in parts of half so many rows: two connections have a part each, in memory, for a second.
_PART = 1_000_000

Beat = Callable[..., None]


def plan_of(run: Import) -> Plan:
    """How the file of an import is to be read and understood."""
    return Plan(
        columns=run.columns,
        options=ReadOptions.from_json(run.options),
        attributes=dict(Attribute.objects.values_list("key", "kind")),
    )


def check(run: Import, beat: Beat, until: float) -> bool:
    """Work at the check until it is done, or `until` (of `time.monotonic`) has come; True when it is done.

    `beat(**changes)` writes changes of the import and renews the worker's claim; it raises if that is lost.
    Raises FileRefused if the file cannot be imported.
    """
    if not run.rows and not _read(run, beat, until):
        return False
    _mark_repeats(run, beat)
    with transaction.atomic():
        beat()
        _cut(run)
    beat(forecast=_forecast(run, beat))
    return True


def _read(run: Import, beat: Beat, until: float) -> bool:
    if not run.staged_rows:
        purge(run, beat)
    if not run.chunks.exists():
        raise FileRefused("damaged", "the file is gone")  # somebody in it was erased, see import_traces
    rows = ImportRow.objects.filter(from_import=run)
    last = rows.order_by("-line").values_list("line", flat=True).first() or 0
    with spooled(run) as path:
        read = parent.clean(
            path, plan_of(run), import_id=run.pk, secret=settings.ADDRESS_HASH_KEY, after_line=last
        )
        for part in read:  # left early, it ends the child
            if isinstance(part, Done):
                return _end_of_file(run, beat, part)
            _copy(part, beat)
            if time.monotonic() > until:
                return False
    raise FileRefused("damaged")


def _copy(block: Block, beat: Beat) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        beat(staged_rows=F("staged_rows") + block.rows, read_bytes=block.bytes_read, attempts=0)
        with cursor.copy(_COPY) as copy:
            copy.write(block.lines)


def _end_of_file(run: Import, beat: Beat, done: Done) -> bool:
    run.refresh_from_db(fields=["staged_rows"])
    if not run.staged_rows:
        raise FileRefused("no_rows")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_importrow")  # millions of rows have just come
    beat(rows=run.staged_rows, read_bytes=run.file_size, notes=[*done.notes, *_warned(run)])
    run.rows = run.staged_rows
    return True


def _warned(run: Import) -> list[dict[str, Any]]:
    """How many rows were taken with which warning, as notes of the file, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, count(*) FROM contacts_importrow, unnest(warnings) word WHERE from_import_id = %s"
            " GROUP BY word ORDER BY count(*) DESC, word",
            [run.pk],
        )
        return [{"word": "rows_warned", "warning": word, "rows": rows} for word, rows in cursor.fetchall()]


_COPY = "COPY contacts_importrow ({}) FROM STDIN".format(", ".join(f'"{name}"' for name in COPY_COLUMNS))


def purge(run: Import, beat: Beat) -> None:
    """Remove the rows of an earlier check, some at a time. Safe to repeat."""
    ImportBatch.objects.filter(from_import=run).delete()
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            beat()
            cursor.execute(
                "DELETE FROM contacts_importrow WHERE from_import_id = %(import)s AND line IN ("
                "SELECT line FROM contacts_importrow WHERE from_import_id = %(import)s ORDER BY line LIMIT %(most)s)",
                {"import": run.pk, "most": _PURGE},
            )
            if cursor.rowcount < _PURGE:
                return


def _mark_repeats(run: Import, beat: Beat) -> None:
    """Of several rows of one person the first stays. It learns from the others what it lacks, and any refusal."""
    words: dict[str, Any] = {
        "import": run.pk,
        "parts": 2 * (run.staged_rows // _PART + 1),
        "order": list(standing.WORDS),
    }
    parts = iter(range(words["parts"]))

    def mark() -> None:
        for part in parts:  # shared by the threads; nobody stands in two parts
            beat()  # before the transaction: the threads would wait for one another's
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '64MB'")
                cursor.execute(_MARK, {**words, "part": part})

    in_threads(mark)
    with transaction.atomic(), connection.cursor() as cursor:
        beat()
        cursor.execute(_LEARN, words)


_MARK = """
WITH repeated AS (
    SELECT address_key, min(line) AS first FROM contacts_importrow
    WHERE from_import_id = %(import)s AND result = '' AND address_key <> ''
        AND abs(hashtext(address_key)::bigint) %% %(parts)s = %(part)s
    GROUP BY address_key HAVING count(*) > 1
)
UPDATE contacts_importrow r SET result = 'duplicate', repeats = first FROM repeated
WHERE r.from_import_id = %(import)s AND r.result = '' AND r.address_key = repeated.address_key AND r.line > first
"""

_GAPS = ("name", "first_name", "last_name", "country", "language", "time_zone")
_LEARN = f"""
WITH later AS (
    SELECT repeats AS line,
        {", ".join(f"(array_agg({f} ORDER BY line) FILTER (WHERE {f} <> ''))[1] AS {f}" for f in _GAPS)},
        min(array_position(%(order)s, standing::text)) AS rank,
        (array_agg(consent_at ORDER BY line) FILTER (WHERE consent_at IS NOT NULL))[1] AS consent_at,
        (array_agg(proof ORDER BY line) FILTER (WHERE proof IS NOT NULL))[1] AS proof
    FROM contacts_importrow WHERE from_import_id = %(import)s AND result = 'duplicate'
    GROUP BY repeats
), known AS (
    SELECT line, jsonb_object_agg(key, value) AS attributes FROM (
        SELECT DISTINCT ON (repeats, key) repeats AS line, key, value
        FROM contacts_importrow, jsonb_each(attributes)
        WHERE from_import_id = %(import)s AND result = 'duplicate' ORDER BY repeats, key, contacts_importrow.line
    ) earliest GROUP BY line
)
UPDATE contacts_importrow r SET
    {", ".join(f"{f} = CASE r.{f} WHEN '' THEN coalesce(later.{f}, '') ELSE r.{f} END" for f in _GAPS)},
    attributes = coalesce(known.attributes, '{{}}') || r.attributes,
    standing = coalesce((%(order)s::text[])[least(later.rank, array_position(%(order)s, r.standing::text))], ''),
    consent_at = coalesce(r.consent_at, later.consent_at),
    proof = coalesce(r.proof, later.proof)
FROM later LEFT JOIN known USING (line)
WHERE r.from_import_id = %(import)s AND r.line = later.line AND (
    {" OR ".join(f"r.{f} = '' AND later.{f} IS NOT NULL" for f in _GAPS)}
    OR NOT coalesce(known.attributes, '{{}}') <@ r.attributes
    OR later.rank < coalesce(array_position(%(order)s, r.standing::text), 99)
    OR r.consent_at IS NULL AND later.consent_at IS NOT NULL OR r.proof IS NULL AND later.proof IS NOT NULL
)
"""


def _cut(run: Import) -> None:
    """Cut the rows that take part into batches: of so many rows, and of so many addresses to be suppressed."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM contacts_importbatch WHERE from_import_id = %s", [run.pk])
        cursor.execute(
            _CUT,
            {
                "import": run.pk,
                "batch": merging.BATCH,
                "most": merging.MOST_SUPPRESSIONS,
                "suppressing": list(standing.SUPPRESSING),
                "all": run.mode == Import.Mode.SUPPRESS,
            },
        )


_CUT = """
INSERT INTO contacts_importbatch (from_import_id, number, first_line, last_line, rows, created, updated, suppressed)
SELECT %(import)s, number, min(line), max(line), count(*), '{}', '{}', '{}' FROM (
    SELECT line, (row_number() OVER lines - 1) / %(batch)s
        + count(*) FILTER (WHERE %(all)s OR standing = ANY(%(suppressing)s)) OVER lines / %(most)s AS number
    FROM contacts_importrow WHERE from_import_id = %(import)s AND result = ''
    WINDOW lines AS (ORDER BY line ROWS UNBOUNDED PRECEDING)
) numbered GROUP BY number
"""


def _forecast(run: Import, beat: Beat) -> dict[str, int]:
    """What the run would do if it ran now: the counts of `Import`. Reads only."""
    parts: list[dict[str, int]] = []
    spans = iter(_spans(run))

    def foretell() -> None:
        for first, last in spans:  # shared by the threads
            beat()
            parts.append(merging.foretell(run, first, last))

    in_threads(foretell)
    found = ImportRow.objects.filter(from_import=run).aggregate(
        duplicates=Count("line", filter=Q(result=ImportRow.Result.DUPLICATE)),
        rejected=Count("line", filter=Q(result=ImportRow.Result.REJECTED)),
    )
    counts = {name: sum(part[name] for part in parts) for name in _FORETOLD}
    return {"rows": run.staged_rows, **counts, **found}


_FORETOLD = ("created", "updated", "unchanged", "suppressed")


def _spans(run: Import, most: int = 50_000) -> Sequence[tuple[int, int]]:
    """First and last lines of runs of batches, each of about `most` rows."""
    spans: list[tuple[int, int]] = []
    rows = 0
    batches = ImportBatch.objects.filter(from_import=run).order_by("number")
    for first, last, size in batches.values_list("first_line", "last_line", "rows"):
        if spans and rows + size <= most:
            spans[-1], rows = (spans[-1][0], last), rows + size
        else:
            spans.append((first, last))
            rows = size
    return spans
