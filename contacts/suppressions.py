"""Addresses we must not write to: suppress, ask, and the two legal doors out (RELIABILITY §3).

The ratchet turns one way (invariant I11): a suppression goes by the person's own proven word, or by an act of staff
with its reason. A complaint needs both, and whom we erased nobody brings back but they themselves. The database holds
this too: a trigger refuses to remove, narrow or shorten a row without a `Lift` that says how.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from contacts.models import Consent, Lift, Suppression

LOCK_SPACE = 0x65_70_69_73  # keeps our advisory locks apart from other users of the database
_BOOK_SPACE = LOCK_SPACE + 1
DESK = "desk"  # the source of a consent that staff wrote down


def blocks(address_hash: bytes, scope: Suppression.Scope) -> Suppression | None:
    """The suppression that forbids mail of this scope to the address, or None if we may write."""
    return (
        Suppression.objects.filter(address_hash=address_hash, scope__in={scope, Suppression.Scope.ALL})
        .filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
        .first()
    )


def is_erased(address_hash: bytes) -> bool:
    """Whether the person asked to be erased, and nobody has opened the way back since (`lift`): then no row may hold
    the address again. Ask it while you hold the address, so that no erasure is under way."""
    return Suppression.objects.filter(
        address_hash=address_hash, reason=Suppression.Reason.ERASED, scope=Suppression.Scope.ALL
    ).exists()


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


def suppress_many(
    found: Sequence[tuple[bytes, Suppression.Reason, dict[str, Any]]],
    *,
    scope: Suppression.Scope = Suppression.Scope.ALL,
) -> int:
    """Stop writing to many addresses for ever, each with its reason and evidence, by one statement.

    As `suppress`, for each. Returns how many changed; of two for one address the first is kept. Safe to repeat.
    """
    if not found:
        return 0
    first = {(address_hash, str(reason)): evidence for address_hash, reason, evidence in reversed(found)}
    with transaction.atomic(), connection.cursor() as cursor:
        hold(*(address_hash for address_hash, _reason in first))
        cursor.execute(
            _SUPPRESS_MANY,
            [
                scope,
                [address_hash for address_hash, _reason in first],
                [reason for _address_hash, reason in first],
                [json.dumps(evidence) for evidence in first.values()],
            ],
        )
        return int(cursor.rowcount)


# What had an end loses it; what had ended begins anew (see `suppress`).
_SUPPRESS_MANY = """
INSERT INTO contacts_suppression AS s (address_hash, reason, evidence, scope)
SELECT address_hash, reason, evidence::jsonb, %s FROM unnest(%s::bytea[], %s::text[], %s::text[])
    AS f (address_hash, reason, evidence) ORDER BY address_hash, reason
ON CONFLICT (address_hash, scope, reason) DO UPDATE SET ends_at = NULL,
    created_at = CASE WHEN s.ends_at <= now() THEN now() ELSE s.created_at END
WHERE s.ends_at IS NOT NULL
"""


# What staff alone cannot lift: the person has to ask for our mail again.
NEEDS_THE_PERSON = frozenset({Suppression.Reason.COMPLAINT, Suppression.Reason.ERASED})


@transaction.atomic
def lift(row: Suppression, *, by: User, why: str) -> Lift | None:
    """Lift a suppression by an act of staff; `why` says who asked and how. None if it was gone, or opened, already.

    Where the person's word is needed too (`NEEDS_THE_PERSON`) and stands after the suppression, it goes. Without it
    only their way back is opened: what remains is `MAILINGS`, so the mail that confirms their own sign-up may leave,
    and nothing else; their confirmation then lifts the rest (`lift_by_consent`).

    Raises ValueError without a reason.
    """
    if not why.strip():
        raise ValueError("an act of staff needs its reason")
    hold(bytes(row.address_hash))
    standing = Suppression.objects.select_for_update().filter(pk=row.pk).first()
    if standing is None:
        return None
    asked = _asked_since(standing) if standing.reason in NEEDS_THE_PERSON else None
    if standing.reason in NEEDS_THE_PERSON and asked is None:
        return _open_a_way_back(standing, by, why)
    return _take_away(standing, by=by, why=why, consent=asked)


@transaction.atomic
def lift_by_consent(consent: Consent, mailed_at: datetime | None = None) -> list[Lift]:
    """Lift what keeps newsletters from a person who has just confirmed, from their own mailbox, that they want them.

    Who had left everything comes back by the press of the button. Whatever else stands goes only if it stood before
    `mailed_at`, when the mail with the button left us: the button of an older mail says nothing of a mailbox that has
    died since, and must not undo a "never write to me" that came after it. None: no such mail is known.

    A complaint stays unless staff have opened the way back (`lift`). What forbids confirmations only is not touched.
    Safe to repeat: a consent lifts nothing that came after it, and one of a day that is not known lifts nothing.
    """
    if consent.given_at is None:
        return []
    hold(bytes(consent.address_hash))
    before_the_mail = Q(created_at__lte=mailed_at) if mailed_at else Q(pk__in=[])
    rows = (
        Suppression.objects.select_for_update()
        .filter(
            address_hash=consent.address_hash,
            scope__in=[Suppression.Scope.ALL, Suppression.Scope.MAILINGS],
            created_at__lte=consent.given_at,
        )
        .filter(Q(reason=Suppression.Reason.LEFT) | before_the_mail)
    )
    lifted = []
    for row in rows:
        if row.reason == Suppression.Reason.COMPLAINT and not _way_back_is_open(row):
            continue
        lifted.append(_take_away(row, consent=consent))
    return lifted


def _asked_since(row: Suppression) -> Consent | None:
    """The person's own proven wish for a newsletter, given after the suppression. Neither an import nor
    the word of staff proves it."""
    return (
        Consent.objects.filter(
            address_hash=row.address_hash,
            purpose=Consent.Purpose.NEWSLETTER,
            granted=True,
            from_import=None,
            given_at__gt=row.created_at,
        )
        .exclude(proof={})
        .exclude(source=DESK)
        .order_by("-given_at")
        .first()
    )


def _way_back_is_open(row: Suppression) -> bool:
    return Lift.objects.filter(suppression=row.pk).exclude(why="").exists()


def _open_a_way_back(row: Suppression, by: User, why: str) -> Lift | None:
    if _way_back_is_open(row):
        return None
    noted = _note(row, left=Suppression.Scope.MAILINGS, by=by, why=why)
    if row.scope == Suppression.Scope.MAILINGS:
        return noted
    same = Suppression.objects.filter(
        address_hash=row.address_hash, reason=row.reason, scope=Suppression.Scope.MAILINGS
    )
    if same.exists():  # an earlier one, opened then: it says what this one would become
        row.delete()
    else:
        row.scope = Suppression.Scope.MAILINGS
        row.save(update_fields=["scope"])
    return noted


def _take_away(
    row: Suppression, *, by: User | None = None, why: str = "", consent: Consent | None = None
) -> Lift:
    noted = _note(row, left="", by=by, why=why, consent=consent)
    row.delete()
    return noted


def _note(
    row: Suppression, *, left: str, by: User | None = None, why: str = "", consent: Consent | None = None
) -> Lift:
    return Lift.objects.create(
        suppression=row.pk,
        address_hash=row.address_hash,
        reason=row.reason,
        scope=row.scope,
        left_scope=left,
        evidence=row.evidence,
        suppressed_at=row.created_at,
        by=by,
        why=why.strip()[:300],
        consent=consent,
        asked_at=consent.given_at if consent else None,
    )


def hold(*address_hashes: bytes, shared: bool = False) -> None:
    """Lock addresses until the transaction ends: shared by who is about to write, alone by who forbids it.

    Taken in one order whatever the order of the call. Only the order of two transactions is at stake, so a collision of two hashes costs a short wait, nothing more.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    numbers = sorted({_lock_number(address_hash) for address_hash in address_hashes})
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(%s, number) FROM unnest(%s::int[]) number",  # noqa: S608 - one of two names above
            [LOCK_SPACE, numbers],
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
