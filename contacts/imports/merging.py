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
from contacts.imports import standing
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
        cursor.execute(_FORETELL, {**_words(run), "first": first, "last": last})
        counts = cursor.fetchone()
    return dict(zip(("created", "updated", "unchanged", "suppressed"), counts, strict=True))


def foretell_changes(
    run: Import, first: int, last: int, most: int
) -> list[tuple[int, int, dict[str, Any], dict[str, Any]]]:
    """Line, contact, before and after of at most `most` people of these lines whom the run would change. Reads only."""
    with connection.cursor() as cursor:
        cursor.execute(_FORETELL_CHANGES, {**_words(run), "first": first, "last": last, "most": most})
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
        self._do(_TABLE)
        self._do("DELETE FROM merging")  # of an earlier batch of the same transaction: those of a test
        self._do(_LOOK)
        known, suppressing = self._found(
            "SELECT count(*) FILTER (WHERE known), count(*) FILTER (WHERE suppressing)"
        )
        if suppressing:
            self._do(_HOLD)
        if known:
            self._lock(known)
        if suppressing:
            self._do(_SUPPRESS)
        if stores:
            self._do(_ADD)
        if known and self.run.mode == Import.Mode.UPDATE:
            if self.words["bound"]:
                self._do(_KEEP)
            self._do(_UPDATE)
        if stores and self.run.mailing_list_id:
            self._do(_SUBSCRIBE)
            if known:
                self._do(_RESUBSCRIBE)
            self._do(_CONSENT)
        if known and stores:
            self._do(_CHANGES)
        self._do(_DONE)

    def _lock(self, known: int) -> None:
        """Nobody edits, erases or unsubscribes them until the commit; who is gone already is looked up anew."""
        if self._do(_LOCK_CONTACTS) != known:
            raise Disturbed
        self._do(_LOCK_SUBSCRIPTIONS)
        self._do(_WISH_OF_KNOWN)

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

# One row a person of the batch. It stays with the connection and is emptied by every commit.
#   contact: whom the row is about; for the unknown the number they get.   adding: they are stored.
#   blocked: may not be mailed, whatever the row says.                     erased: must not be stored.
#   held: the subscription as it stands.   wish: what it becomes, null where it stays as it is.
#   kept: the file says something else of them, and they are not only on the lists of who brought it.
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS merging (
    line integer, address_hash bytea, contact bigint, known boolean, standing text, suppressing boolean,
    consent_at timestamptz, proof jsonb, blocked boolean, erased boolean, adding boolean,
    held text, wish text, reason text, suppressed_now boolean DEFAULT false, before jsonb, after jsonb,
    kept boolean DEFAULT false
) ON COMMIT DELETE ROWS
"""

FIELDS = ("name", "first_name", "last_name", "country", "language", "time_zone")
# `c` is known by more than the lists that whoever brought the file is bound to.
_BEYOND = """(%(bound)s::bigint[] IS NOT NULL AND (
    NOT EXISTS (SELECT FROM contacts_subscription o
        WHERE o.contact_id = c.id AND o.mailing_list_id = ANY(%(bound)s::bigint[]))
    OR EXISTS (SELECT FROM contacts_subscription o
        WHERE o.contact_id = c.id AND o.mailing_list_id <> ALL(%(bound)s::bigint[]))
))"""
# `r` says something else than `c`: a blank is no news.
_OTHERWISE = " OR ".join(
    [
        *(f"r.{field} NOT IN ('', c.{field})" for field in FIELDS),
        "c.attributes || r.attributes <> c.attributes",
    ]
)
# It may be written down as well: of people known beyond, only what nothing is known of.
_NEWS = f"""(({_OTHERWISE}) AND (NOT {_BEYOND} OR {
    " OR ".join(
        [
            *(f"c.{field} = '' AND r.{field} <> ''" for field in FIELDS),
            "r.attributes || c.attributes <> c.attributes",
        ]
    )
}))"""

# What the row says, taken with the mode.
_STANDING = """
CROSS JOIN LATERAL (
    SELECT standing, standing = ANY(%(suppressing)s) AS suppressing FROM (SELECT CASE
        WHEN r.standing = ANY(%(suppressing)s) THEN r.standing
        WHEN %(mode)s = 'suppress' THEN %(otherwise)s
        WHEN %(mode)s = 'unsubscribe' THEN 'unsubscribed'
        ELSE r.standing END AS standing) named
) s
"""

# What suppressions say of the address; nearly always nothing, so the second question is hardly ever asked. Who said
# "it was not me" of a sign-up is asked nothing for a year, and no file signs them up meanwhile.
_SUPPRESSIONS = """
    FROM contacts_suppression WHERE address_hash = r.address_hash
        AND (scope IN ('all', 'mailings') OR reason = 'not_me')
        AND (ends_at IS NULL OR ends_at > now())
"""
_SUPPRESSED = f"""
CROSS JOIN LATERAL (SELECT EXISTS (SELECT {_SUPPRESSIONS}) AS suppressed OFFSET 0) p
CROSS JOIN LATERAL (SELECT p.suppressed AND EXISTS (SELECT {_SUPPRESSIONS} AND reason = 'erased') AS erased) x
"""

# Of a row `r` with its contact `c` (if any), standing `s` and suppression `x`.
_FACTS = """
    r.line, s.standing, s.suppressing, c.id IS NOT NULL AS known,
    s.suppressing OR p.suppressed AS blocked,
    s.standing = 'erased' OR x.erased AS erased,
    c.id IS NULL AND s.standing <> 'erased' AND NOT x.erased AND %(mode)s <> 'suppress' AS adding
"""

# Who left stays away; a refusal counts in every mode; a file without consent takes none away that was given to us.
_WISH = """
CASE
    WHEN %(list)s IS NULL OR %(mode)s = 'suppress' THEN NULL
    WHEN NOT known THEN CASE
        WHEN NOT adding THEN NULL WHEN blocked OR standing <> '' THEN 'unsubscribed' ELSE 'confirmed' END
    WHEN held = 'unsubscribed' THEN NULL
    WHEN standing = ANY(%(refusals)s) THEN 'unsubscribed'
    WHEN %(mode)s = 'add' THEN NULL
    WHEN blocked OR standing <> '' THEN CASE WHEN held IS NULL THEN 'unsubscribed' END
    WHEN held = 'confirmed' THEN NULL
    ELSE 'confirmed' END
"""

_CREATED = "adding OR suppressed_now AND (NOT known OR %(mode)s = 'suppress')"
_UPDATED = """
known AND %(mode)s <> 'suppress' AND (after IS NOT NULL OR wish IS NOT NULL OR suppressed_now)
"""
_NOT_MAILABLE = "blocked OR coalesce(wish, held) = 'unsubscribed' OR %(list)s IS NULL AND standing <> ''"

# One look-up a row, and never a scan of all contacts a batch: hence LATERAL with its fence (OFFSET 0).
_LOOK = f"""
INSERT INTO merging (line, standing, suppressing, known, blocked, erased, adding, address_hash, contact, consent_at,
    proof, wish, reason)
SELECT line, standing, suppressing, known, blocked, erased, adding, address_hash, contact, consent_at, proof,
    CASE WHEN NOT known THEN {_WISH} END,
    CASE WHEN blocked THEN 'suppressed' WHEN standing <> '' THEN %(meanings)s::jsonb -> standing ->> 0 END
FROM (
    SELECT {_FACTS}, r.address_hash, coalesce(c.id, nextval('contacts_contact_id_seq')) AS contact, r.consent_at,
        r.proof, NULL AS held
    FROM contacts_importrow r {_STANDING}
    LEFT JOIN LATERAL (
        SELECT id FROM contacts_contact WHERE address_key = r.address_key OFFSET 0
    ) c ON true {_SUPPRESSED}
    WHERE r.from_import_id = %(import)s AND r.line BETWEEN %(first)s AND %(last)s AND r.result = ''
    ORDER BY r.line
) found
"""

# The lock of `suppressions.hold`: for every address to be suppressed, in its order, before any row is locked.
_HOLD = """
SELECT pg_advisory_xact_lock(%(space)s, number) FROM (
    SELECT DISTINCT ('x' || encode(substr(address_hash, 1, 4), 'hex'))::bit(32)::integer AS number
    FROM merging WHERE suppressing ORDER BY 1
) numbers
"""

_LOCK_CONTACTS = """
SELECT id FROM contacts_contact WHERE id IN (SELECT contact FROM merging WHERE known)
ORDER BY id FOR NO KEY UPDATE
"""

_LOCK_SUBSCRIPTIONS = """
WITH standing AS (
    SELECT contact_id, status FROM contacts_subscription
    WHERE mailing_list_id = %(list)s AND contact_id IN (SELECT contact FROM merging WHERE known)
    ORDER BY contact_id FOR NO KEY UPDATE
)
UPDATE merging SET held = standing.status FROM standing WHERE contact = standing.contact_id AND known
"""

_WISH_OF_KNOWN = f"UPDATE merging SET wish = {_WISH} WHERE known"

# As `suppressions.suppress`: a repeat may lengthen what ends, and begins anew what had ended.
_SUPPRESS = """
WITH written AS (
    INSERT INTO contacts_suppression AS old (address_hash, reason, scope, evidence)
    SELECT address_hash, %(meanings)s::jsonb -> standing ->> 1, %(meanings)s::jsonb -> standing ->> 2,
        jsonb_build_object('import', %(import)s::bigint, 'line', line)
    FROM merging WHERE suppressing ORDER BY address_hash
    ON CONFLICT (address_hash, scope, reason) DO UPDATE SET ends_at = NULL,
        created_at = CASE WHEN old.ends_at <= now() THEN now() ELSE old.created_at END
    WHERE old.ends_at IS NOT NULL
    RETURNING address_hash
)
UPDATE merging SET suppressed_now = true FROM written WHERE merging.address_hash = written.address_hash
"""

# All of a batch bears the time of its transaction: the undo tells by it what came later. (The default of these columns
# is the time of each statement.)
_ADD = """
INSERT INTO contacts_contact (id, address, address_key, address_hash, name, first_name, last_name, country, language,
    time_zone, attributes, organisation_id, source, from_import_id, created_at, updated_at)
SELECT m.contact, r.address, r.address_key, r.address_hash, r.name, r.first_name, r.last_name, r.country, r.language,
    r.time_zone, r.attributes, %(organisation)s, %(source)s, %(import)s, now(), now()
FROM merging m JOIN contacts_importrow r USING (line)
WHERE m.adding AND r.from_import_id = %(import)s AND r.line BETWEEN %(first)s AND %(last)s
ORDER BY m.contact
"""


def _differing(side: str, value: str) -> str:
    """JSON of the fields in which `r` brings something else than `c` has, as one of the two has them."""
    fields = ", ".join(
        f"'{field}', CASE WHEN r.{field} NOT IN ('', c.{field}) AND (c.{field} = '' OR NOT {_BEYOND})"
        f" THEN {side}.{field} END"
        for field in FIELDS
    )
    return f"""jsonb_strip_nulls(jsonb_build_object({fields}, 'attributes', (
        SELECT jsonb_object_agg(key, {value}) FROM jsonb_each(r.attributes)
        WHERE c.attributes -> key IS DISTINCT FROM value AND (c.attributes -> key IS NULL OR NOT {_BEYOND})
    )))"""


_BEFORE = _differing("c", "c.attributes -> key")
_AFTER = _differing("r", "value")
_UPDATE = f"""
WITH news AS (
    SELECT m.line, c.id, {_BEFORE} AS before, {_AFTER} AS after
    FROM merging m
    JOIN contacts_contact c ON c.id = m.contact
    JOIN contacts_importrow r ON r.line = m.line AND r.from_import_id = %(import)s
        AND r.line BETWEEN %(first)s AND %(last)s
    WHERE m.known AND NOT m.erased AND ({_NEWS})
), changed AS (
    UPDATE contacts_contact c SET updated_at = now(),
        {", ".join(f"{field} = coalesce(after ->> '{field}', c.{field})" for field in FIELDS)},
        attributes = c.attributes || coalesce(after -> 'attributes', '{{}}')
    FROM news WHERE news.id = c.id
)
UPDATE merging SET before = news.before, after = news.after FROM news WHERE news.line = merging.line
"""

_KEEP = f"""
UPDATE merging SET kept = true
FROM contacts_contact c, contacts_importrow r
WHERE known AND NOT erased AND c.id = contact AND r.line = merging.line AND r.from_import_id = %(import)s
    AND r.line BETWEEN %(first)s AND %(last)s AND {_BEYOND} AND ({
    " OR ".join(
        [
            *(f"c.{field} <> '' AND r.{field} NOT IN ('', c.{field})" for field in FIELDS),
            "c.attributes || r.attributes <> r.attributes || c.attributes",
        ]
    )
})
"""

_SUBSCRIBE = """
INSERT INTO contacts_subscription (contact_id, mailing_list_id, status, reason, changed_at)
SELECT contact, %(list)s, wish, CASE wish WHEN 'unsubscribed' THEN reason ELSE '' END, now()
FROM merging WHERE wish IS NOT NULL AND held IS NULL ORDER BY contact
"""

_RESUBSCRIBE = """
UPDATE contacts_subscription s
SET status = wish, reason = CASE wish WHEN 'unsubscribed' THEN m.reason ELSE '' END, changed_at = now()
FROM merging m
WHERE s.contact_id = m.contact AND s.mailing_list_id = %(list)s AND m.wish IS NOT NULL AND m.held IS NOT NULL
    AND s.contact_id = ANY(ARRAY(SELECT contact FROM merging WHERE wish IS NOT NULL AND held IS NOT NULL))
"""

# The proof of a consent stands with the import; a row brings what it says beyond that. Nobody who already was on
# the list consents again by a file, so the same file twice says nothing new. A day that nobody tells stays unknown; a
# refusal counts from the moment we learn of it.
_CONSENT = """
INSERT INTO contacts_consent (address_hash, contact_id, mailing_list_id, purpose, granted, text, page, source,
    from_import_id, proof, given_at)
SELECT address_hash, contact, %(list)s, 'newsletter', wish = 'confirmed', '', '', %(source)s,
    %(import)s, coalesce(proof, '{}'),
    CASE WHEN wish = 'confirmed' THEN coalesce(consent_at, %(consent_date)s::date) ELSE now() END
FROM merging WHERE wish = 'confirmed' OR wish = 'unsubscribed' AND standing = ANY(%(withdrawn)s)
ORDER BY contact
"""

# Whom another import brought or changed, and this one found as the file has them, is noted too, so that an undo of the
# other takes nothing away that this one says as well.
_TOUCHED = """(
    EXISTS (SELECT FROM contacts_contact c WHERE c.id = contact AND c.from_import_id IS NOT NULL OFFSET 0)
    OR EXISTS (SELECT FROM contacts_importchange c WHERE c.contact_id = contact OFFSET 0)
)"""
_SAID = """
    (wish IS NOT NULL OR CASE held WHEN 'confirmed' THEN standing = '' AND NOT blocked
        WHEN 'unsubscribed' THEN standing = ANY(%(refusals)s) ELSE false END)
"""
_CHANGES = f"""
INSERT INTO contacts_importchange (from_import_id, line, contact_id, before, after)
SELECT %(import)s, line, contact,
    coalesce(before, '{{}}') || CASE WHEN {_SAID} THEN jsonb_build_object('subscription', held) ELSE '{{}}' END,
    coalesce(after, '{{}}')
        || CASE WHEN {_SAID} THEN jsonb_build_object('subscription', coalesce(wish, held)) ELSE '{{}}' END
FROM merging WHERE known AND (after IS NOT NULL OR wish IS NOT NULL OR {_TOUCHED})
"""

# What became of each line, once; the rows of the file are not written again.
_DONE = f"""
UPDATE contacts_importbatch SET done_at = now(), created = found.created, updated = found.updated,
    suppressed = found.suppressed, kept = found.kept
FROM (SELECT
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE {_CREATED}), '{{}}') AS created,
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE {_UPDATED}), '{{}}') AS updated,
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE {_NOT_MAILABLE}), '{{}}') AS suppressed,
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE kept), '{{}}') AS kept
    FROM merging) found
WHERE id = %(batch)s
"""

# The same questions without an answer written down. Many rows at a time, so the planner chooses how to join.
_FORETOLD = f"""
SELECT *, {_WISH} AS wish FROM (
    SELECT {_FACTS}, c.id AS contact, h.status AS held,
        c.id IS NOT NULL AND %(mode)s = 'update' AND s.standing <> 'erased' AND NOT x.erased AS updating,
        s.suppressing AND NOT EXISTS (
            SELECT FROM contacts_suppression same WHERE same.address_hash = r.address_hash
            AND same.reason = %(meanings)s::jsonb -> s.standing ->> 1
            AND same.scope = %(meanings)s::jsonb -> s.standing ->> 2 AND same.ends_at IS NULL
        ) AS suppressed_now, {{more}}
    FROM contacts_importrow r {_STANDING}
    LEFT JOIN contacts_contact c ON c.address_key = r.address_key
    LEFT JOIN contacts_subscription h ON h.contact_id = c.id AND h.mailing_list_id = %(list)s {_SUPPRESSED}
    WHERE r.from_import_id = %(import)s AND r.line BETWEEN %(first)s AND %(last)s AND r.result = ''
) facts
"""
_FORETELL = f"""
SELECT count(*) FILTER (WHERE {_CREATED}), count(*) FILTER (WHERE {_UPDATED}),
    count(*) FILTER (WHERE NOT coalesce({_CREATED}, false) AND NOT coalesce({_UPDATED}, false)),
    count(*) FILTER (WHERE {_NOT_MAILABLE})
FROM (
    SELECT *, CASE WHEN updating AND news THEN true END AS after
    FROM ({_FORETOLD.format(more=f"coalesce({_NEWS}, false) AS news")}) known
) found
"""
_FORETELL_CHANGES = f"""
SELECT line, contact,
    CASE WHEN updating THEN before ELSE '{{}}' END
        || CASE WHEN wish IS NULL THEN '{{}}' ELSE jsonb_build_object('subscription', held) END,
    CASE WHEN updating THEN after ELSE '{{}}' END
        || CASE WHEN wish IS NULL THEN '{{}}' ELSE jsonb_build_object('subscription', wish) END
FROM ({_FORETOLD.format(more=f"{_BEFORE} AS before, {_AFTER} AS after")}) found
WHERE known AND %(mode)s <> 'suppress' AND (wish IS NOT NULL OR updating AND after <> '{{}}')
ORDER BY line LIMIT %(most)s
"""
