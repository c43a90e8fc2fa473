"""What people change of themselves: their language, and a pause. Each change says what it was before."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from contacts import suppressions
from contacts.models import Contact, ContactChange

SOURCE = "preferences"


def change_language(contact: Contact, language: str) -> bool:
    """Write to somebody in another language. False if that was so already; a repeat changes nothing."""
    return _change(contact, "language", language)


def pause(contact: Contact, until: date | None) -> bool:
    """Send no newsletter before that day, or go on at once. False if that was so already.

    Waits for a claim of the same address that is under way, and every later one sees it (invariant I4).
    """
    return _change(contact, "paused_until", until)


@transaction.atomic
def _change(contact: Contact, field: str, value: Any) -> bool:
    suppressions.hold(bytes(contact.address_hash))
    standing = Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()
    if standing is None:  # erased, or made one with another, while this waited
        return False
    before = getattr(standing, field)
    if before == value:
        return False
    Contact.objects.filter(pk=contact.pk).update(**{field: value, "updated_at": Now()})
    contact.refresh_from_db(fields=[field, "updated_at"])
    note(contact, {field: [_plain(before), _plain(value)]})
    return True


def note(contact: Contact, changes: dict[str, list[Any]]) -> None:
    """Keep what somebody changed of themselves: {field: [before, after]}."""
    ContactChange.objects.create(contact=contact, source=SOURCE, changes=changes)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
