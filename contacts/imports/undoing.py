"""Taking an import back, batch by batch: what it changed is restored, whom it brought is removed.

Nothing that came after the import is lost. A field is restored only while it still says what the import wrote; a
person whom it brought stays if anybody, they themselves included, did anything about them since. A suppression is
never lifted, and nobody is put back on a list whose address is suppressed.

What an import brought goes with its consents: it was their only proof.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest, Now

from contacts import registry, suppressions
from contacts.imports import merging, statements
from contacts.imports.staging import Beat
from contacts.models import Consent, Contact, Import, ImportBatch, ImportChange, Subscription

_PAGE = 5_000  # people a transaction

_FORECAST_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an undo would do: people removed, people restored, and people kept because they were touched since.

    kept: None where counting takes longer than a person waits; `removed` is then the most it can be.
    """

    removed: int
    restored: int
    kept: int | None


def forecast(run: Import) -> Forecast:
    """What an undo would do now. Takes a few seconds at most, whatever the size of the import."""
    brought = Contact.objects.filter(from_import=run).count()
    restored = ImportChange.objects.filter(from_import=run).exclude(after=F("before")).count()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{_FORECAST_SECONDS}s'")
            removed = _untouched(run).count()
    except OperationalError:  # the count was given up
        return Forecast(brought, restored, None)
    return Forecast(removed, restored, brought - removed)


def work(run: Import, beat: Beat, until: float) -> bool:
    """Undo until all is undone (True) or `until` of `time.monotonic` has come (False). Safe to call again.

    A batch of changes and a page of people are one transaction each: undone, or not begun. `beat` as for
    `staging.check`.
    """
    while _restore_next(run, beat):
        if time.monotonic() > until:
            return False
    last = 0
    while last := _remove_next(run, beat, last):
        if time.monotonic() > until:
            return False
    return True


def _begin(run: Import, beat: Beat, **changes: Any) -> None:
    """What every transaction of an undo begins with: the locks, in their order, and a sign of life."""
    suppressions.hold_book(shared=True)
    merging.hold_batches(run)
    beat(attempts=0, **changes)


@transaction.atomic
def _restore_next(run: Import, beat: Beat) -> bool:
    _begin(run, beat)
    batches = ImportBatch.objects.filter(from_import=run, done_at__isnull=False, undone_at=None)
    batch = batches.order_by("-number").first()
    if batch is None:
        return False
    _restore(run, batch)
    ImportBatch.objects.filter(pk=batch.pk).update(undone_at=Now())
    return True


def _restore(run: Import, batch: ImportBatch) -> None:
    """Give people we knew back what the import overwrote, in all that still stands as it wrote it."""
    words = {
        "import": run.pk,
        "list": run.mailing_list_id,
        "first": batch.first_line,
        "last": batch.last_line,
        "done": batch.done_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, words)
        cursor.execute(_RESTORE_FIELDS, words)
        if run.mailing_list_id:
            cursor.execute(_RESTORE_SUBSCRIPTIONS, words)


_LOCK = """
SELECT c.id FROM contacts_contact c JOIN contacts_importchange ch ON ch.contact_id = c.id
WHERE ch.from_import_id = %(import)s AND ch.line BETWEEN %(first)s AND %(last)s ORDER BY c.id FOR NO KEY UPDATE OF c
"""

_RESTORED = ", ".join(
    f"CASE WHEN ch.after ->> '{field}' = c.{field} THEN ch.before ->> '{field}' ELSE c.{field} END AS {field}"
    for field in statements.FIELDS
)
_RESTORE_FIELDS = f"""
WITH restored AS (
    SELECT c.id, {_RESTORED},
        (c.attributes - coalesce(a.ours, '{{}}')) || coalesce(a.theirs, '{{}}') AS attributes
    FROM contacts_importchange ch JOIN contacts_contact c ON c.id = ch.contact_id
    CROSS JOIN LATERAL (
        SELECT array_agg(key) AS ours,
            jsonb_object_agg(key, ch.before -> 'attributes' -> key)
                FILTER (WHERE ch.before -> 'attributes' ? key) AS theirs
        FROM jsonb_each(coalesce(ch.after -> 'attributes', '{{}}')) WHERE c.attributes -> key = value
    ) a
    WHERE ch.from_import_id = %(import)s AND ch.line BETWEEN %(first)s AND %(last)s
)
UPDATE contacts_contact c SET attributes = restored.attributes, updated_at = now(),
    {", ".join(f"{field} = restored.{field}" for field in statements.FIELDS)}
FROM restored WHERE restored.id = c.id AND (
    c.attributes <> restored.attributes
    OR {" OR ".join(f"c.{field} <> restored.{field}" for field in statements.FIELDS)}
)
"""

# Only a subscription that nobody changed since, and that no later import found as it should be. Those made by the import go, with the consents it brought.
_RESTORE_SUBSCRIPTIONS = """
WITH ours AS (
    SELECT s.id, s.contact_id, ch.before ->> 'subscription' AS before
    FROM contacts_importchange ch JOIN contacts_subscription s ON s.contact_id = ch.contact_id
    WHERE ch.from_import_id = %(import)s AND ch.line BETWEEN %(first)s AND %(last)s AND ch.after ? 'subscription'
        AND s.mailing_list_id = %(list)s AND s.status = ch.after ->> 'subscription' AND s.changed_at <= %(done)s
        AND ch.before -> 'subscription' <> ch.after -> 'subscription'
        AND NOT EXISTS (
            SELECT FROM contacts_importchange other JOIN contacts_import i ON i.id = other.from_import_id
            WHERE other.contact_id = ch.contact_id AND other.id > ch.id AND i.status NOT IN ('undoing', 'undone')
            AND i.mailing_list_id = %(list)s AND other.after ->> 'subscription' = s.status OFFSET 0
        )
    FOR UPDATE OF s
), mailable AS (
    SELECT ours.* FROM ours JOIN contacts_contact c ON c.id = ours.contact_id
    WHERE NOT EXISTS (
        SELECT FROM contacts_suppression p WHERE p.address_hash = c.address_hash
        AND p.scope IN ('all', 'mailings') AND (p.ends_at IS NULL OR p.ends_at > now())
    )
), forgotten AS (
    DELETE FROM contacts_consent USING ours
    WHERE contacts_consent.contact_id = ours.contact_id AND from_import_id = %(import)s
), left_again AS (
    DELETE FROM contacts_subscription USING ours
    WHERE contacts_subscription.id = ours.id AND ours.before IS NULL
)
UPDATE contacts_subscription s SET status = mailable.before, reason = '', changed_at = now()
FROM mailable WHERE mailable.id = s.id AND mailable.before IS NOT NULL
"""


@transaction.atomic
def _remove_next(run: Import, beat: Beat, after: int) -> int:
    """Remove people whom the import brought, of the next page by number; returns the last number, 0 at the end."""
    _begin(run, beat, merged_rows=Greatest(F("merged_rows") - _PAGE, 0))
    brought = Contact.objects.filter(from_import=run, pk__gt=after).order_by("pk")
    # Looked at under the lock: what was done to them until now is seen, and nothing is done to them meanwhile.
    page = list(brought.select_for_update().values_list("pk", flat=True)[:_PAGE])
    if not page:
        return 0
    with connection.cursor() as cursor:
        # By key: the planner would rather read whole tables for every page.
        cursor.execute("SET LOCAL random_page_cost = 1.1; SET LOCAL enable_seqscan = off")
        people = list(_untouched(run).filter(pk__in=page).values_list("pk", flat=True))
        # Nothing else points at them: that would be a sign of use. The changes are those of imports undone before.
        for table, column in (_CHANGES, _CONSENTS, _SUBSCRIPTIONS, _PEOPLE):
            cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", [people])
    return page[-1]


_CHANGES = ("contacts_importchange", "contact_id")
_CONSENTS = ("contacts_consent", "contact_id")
_SUBSCRIPTIONS = ("contacts_subscription", "contact_id")
_PEOPLE = ("contacts_contact", "id")


def _untouched(run: Import) -> models.QuerySet[Contact]:
    """The people whom an import brought and about whom nothing was done since."""
    of_person = {"contact": OuterRef("pk")}
    signs = [
        Exists(
            Subscription.objects.filter(
                ~Q(mailing_list=run.mailing_list_id) | Q(changed_at__gt=OuterRef("created_at")), **of_person
            )
        ),
        Exists(
            Consent.objects.filter(
                ~Q(from_import=run.pk) | Q(from_import=None), address_hash=OuterRef("address_hash")
            )
        ),
        *(
            Exists(relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")}))
            for relation in Contact._meta.related_objects
            if relation.related_model not in {Subscription, Consent, ImportChange}
        ),
        Exists(ImportChange.objects.exclude(from_import__status=Import.Status.UNDONE).filter(**of_person)),
        *registry.uses(),
    ]
    people = Contact.objects.filter(from_import=run, updated_at=F("created_at"), paused_until=None)
    for sign in signs:
        people = people.filter(~sign)
    return people
