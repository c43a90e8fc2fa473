"""What must be true of imports and of the keys PostgreSQL does not check, as queries that must return no rows.

mailer registers them for `manage.py audit`; contacts may not import it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from contacts.models import Import, ImportBatch, ImportChunk

Status = Import.Status
_LIMIT = 1_000
_GRACE = timedelta(minutes=5)


def queries() -> dict[str, Callable[[], Sequence[int]]]:
    """Each invariant with the query of the rows that break it."""
    return {
        "F19 the counts of an import add up to its rows": _counts,
        "F19 an import that is done has done all its batches": _half_done,
        "F19 no import that should be worked at lies unnoticed": _forgotten,
        "F19 nobody who unsubscribed was put back by an import": _revived,
        "F19 whoever an import subscribed has its consent": _without_consent,
        "F19 a file is kept no longer than its import needs it": _kept,
        "K1 every subscription has its contact and its list": _orphaned_subscriptions,
        "K1 every consent of a contact has its contact": _orphaned_consents,
    }


def _counts() -> Sequence[int]:
    ended = Import.objects.filter(status__in=[Status.DONE, Status.UNDOING, Status.UNDONE], merged_rows__gt=0)
    parts = F("created") + F("updated") + F("unchanged") + F("duplicates") + F("rejected")
    return _ids(ended.exclude(rows=parts) | Import.objects.filter(status=Status.DONE).exclude(rows=parts))


def _half_done() -> Sequence[int]:
    undone = ImportBatch.objects.filter(from_import=OuterRef("pk"), done_at=None)
    return _ids(Import.objects.filter(Exists(undone), status=Status.DONE))


def _forgotten() -> Sequence[int]:
    working = Import.objects.filter(status__in=[Status.CHECKING, Status.RUNNING, Status.UNDOING])
    return _ids(
        working.filter(Q(lease_until__lt=Now() - _GRACE) | Q(lease_until=None, started_at__lt=Now() - _GRACE))
    )


def _kept() -> Sequence[int]:
    chunks = ImportChunk.objects.filter(from_import=OuterRef("pk"))
    return _ids(Import.objects.filter(Exists(chunks), status__in=[Status.DONE, Status.UNDONE]))


def _revived() -> Sequence[int]:
    """Changes from "unsubscribed" to anything: an import may not make one."""
    return _found(
        "SELECT id FROM contacts_importchange WHERE before ->> 'subscription' = 'unsubscribed' LIMIT %s"
    )


def _without_consent() -> Sequence[int]:
    """Confirmed by the import that made the contact, and no consent of any kind: nothing shows that they agreed."""
    return _found(
        """
        SELECT s.id FROM contacts_contact c
        JOIN contacts_import i ON i.id = c.from_import_id
        JOIN contacts_subscription s ON s.contact_id = c.id AND s.mailing_list_id = i.mailing_list_id
        WHERE s.status = 'confirmed' AND NOT EXISTS (
            SELECT FROM contacts_consent a WHERE a.contact_id = c.id AND a.granted
        ) LIMIT %s
        """
    )


def _orphaned_subscriptions() -> Sequence[int]:
    return _found(
        """
        SELECT s.id FROM contacts_subscription s
        WHERE NOT EXISTS (SELECT FROM contacts_contact c WHERE c.id = s.contact_id)
           OR NOT EXISTS (SELECT FROM contacts_mailinglist m WHERE m.id = s.mailing_list_id) LIMIT %s
        """
    )


def _orphaned_consents() -> Sequence[int]:
    return _found(
        """
        SELECT a.id FROM contacts_consent a WHERE a.contact_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM contacts_contact c WHERE c.id = a.contact_id) LIMIT %s
        """
    )


def _found(statement: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_LIMIT])
        return [row[0] for row in cursor.fetchall()]


def _ids(rows: object) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:_LIMIT])  # type: ignore[attr-defined]
