"""Addresses we must not write to: suppress, and ask. The ratchet turns one way (invariant I11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from contacts.models import Suppression

_LOCK_SPACE = 0x65_70_69_73  # keeps our advisory locks apart from other users of the database
_BOOK_SPACE = _LOCK_SPACE + 1


def blocks(address_hash: bytes, scope: Suppression.Scope) -> Suppression | None:
    """The suppression that forbids mail of this scope to the address, or None if we may write."""
    return (
        Suppression.objects.filter(address_hash=address_hash, scope__in={scope, Suppression.Scope.ALL})
        .filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
        .first()
    )


@transaction.atomic
def suppress(
    address_hash: bytes,
    reason: Suppression.Reason,
    *,
    scope: Suppression.Scope = Suppression.Scope.ALL,
    evidence: dict[str, Any] | None = None,
    ends_at: datetime | None = None,
) -> bool:
    """Stop writing to an address. False if that was already so; a repeat changes nothing.

    A repeat may lengthen what ends, never shorten it. Waits for a claim of the same address that is under way,
    and every later claim sees it (invariant I4).
    """
    hold(address_hash)
    standing, created = Suppression.objects.get_or_create(
        address_hash=address_hash,
        scope=scope,
        reason=reason,
        defaults={"evidence": evidence or {}, "ends_at": ends_at},
    )
    if created or standing.ends_at is None or (ends_at is not None and ends_at <= standing.ends_at):
        return created
    if standing.ends_at <= timezone.now():
        # It begins anew: what was sent between its end and now was allowed (invariant I4).
        standing.created_at = Now()
    standing.ends_at = ends_at
    standing.save(update_fields=["created_at", "ends_at"])
    return True


def hold(*address_hashes: bytes, shared: bool = False) -> None:
    """Lock addresses until the transaction ends: shared by who is about to write, alone by who forbids it.

    Taken in one order whatever the order of the call. Only the order of two transactions is at stake, so a collision of two hashes costs a short wait, nothing more.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    numbers = sorted({_lock_number(address_hash) for address_hash in address_hashes})
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(%s, number) FROM unnest(%s::int[]) number",  # noqa: S608 - one of two names above
            [_LOCK_SPACE, numbers],
        )


def hold_book(*, shared: bool = False) -> None:
    """Lock the address book as a whole until the transaction ends: shared by who writes thousands of people at once
    (a batch of an import cannot hold each address), alone by who erases one. Take it before any other lock.

    So a batch either sees that somebody was erased, or is over before they are.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, 0)", [_BOOK_SPACE])


def _lock_number(address_hash: bytes) -> int:
    return int.from_bytes(bytes(address_hash[:4]), "big", signed=True)


def suppressed_among(address_hashes: Iterable[bytes], scope: Suppression.Scope) -> set[bytes]:
    """Those of the hashes that may not be written to, in one query."""
    rows = (
        Suppression.objects.filter(
            address_hash__in=list(address_hashes), scope__in={scope, Suppression.Scope.ALL}
        )
        .filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
        .values_list("address_hash", flat=True)
    )
    return {bytes(row) for row in rows}
