"""Erasing a person (GDPR 17): what we hold of them goes, in one transaction over all apps.

What stays is the keyed hash of the address: on the suppression that keeps us from writing to them or importing them
again, on the facts that count (a letter that was sent stays counted), and in the log of erasures, by which a restored
backup is put right (`replay`).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connection, transaction
from django.db.models import DateTimeField, Func
from psycopg.errors import DeadlockDetected

from accounts import audit
from accounts.models import User
from contacts import import_traces, registry, suppressions
from contacts.models import Consent, Contact, ContactChange, Erasure, Lift, Suppression
from contacts.people import addresses_of
from contacts.registry import Person

logger = logging.getLogger(__name__)

Door = Erasure.Door
T = TypeVar("T")

# The staged rows of imports have no index by person: a look through millions of them may outlast a page's limit.
_STATEMENT_SECONDS = 60
_TRIES = 5
REPLAY_BATCH = 200
_WHY_ERASED = "–"  # stands for the words of staff on a lift: an act of theirs has a reason
# What of a consent's proof says nothing of the person: by what, when, and the rows that show it.
_PROOF_KEPT = {
    "bounced_at",
    "by",
    "confirmed_at",
    "delivery",
    "expression",
    "import",
    "line",
    "sign_up",
    "submission",
    "unsubscribed_at",
}
_WITHHELD = "–"


def erase(person: Person, *, by: User | None = None, door: str = Door.COMMAND) -> dict[str, int]:
    """Erase whoever the address belongs to, with every earlier address of theirs. There is no way back.

    Returns how many rows went or were emptied, by table. Safe to repeat: a repeat finds nothing and leaves no second
    entry in the log. Waits for a batch of an import that is being merged, a few seconds at most; mail that was handed
    to the provider before cannot be called back.
    """
    counts = _patiently(partial(_erase, [person], by, door))
    logger.info("a person was erased", extra={"door": str(door), "rows": sum(counts.values())})
    return counts


def forecast(person: Person) -> dict[str, int]:
    """What `erase` would touch, by table: it is done and taken back, so that the two cannot differ."""
    return _patiently(partial(_tried, person))


def replay(hashes: Sequence[bytes], *, by: User | None = None) -> Counter[str]:
    """Erase again whoever these keyed hashes belong to: a restored backup may hold people erased since it was made.

    Returns the rows touched by table. Safe to repeat, and to break off and start anew.
    """
    total: Counter[str] = Counter()
    for start in range(0, len(hashes), REPLAY_BATCH):
        people = Person.of_hashes(hashes[start : start + REPLAY_BATCH])
        total.update(_patiently(partial(_erase, people, by, Door.REPLAY)))
    return total


@transaction.atomic
def _tried(person: Person) -> dict[str, int]:
    counts = _erase([person], None, Door.COMMAND)
    transaction.set_rollback(True)
    return counts


def _patiently(work: Callable[[], T]) -> T:
    """Do it again if the database broke a deadlock by stopping us: a claim holds its row and then asks for the
    address, we hold the address and then ask for the row."""
    for attempt in range(1, _TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            broken = isinstance(error.__cause__, DeadlockDetected)
            if not broken or connection.in_atomic_block or attempt == _TRIES:
                raise
            time.sleep(0.1 * attempt)
    raise AssertionError("unreachable")


@transaction.atomic
def _erase(people: Sequence[Person], by: User | None, door: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{_STATEMENT_SECONDS}s"])
    suppressions.hold_book()
    everyone = _with_earlier_addresses(people)
    suppressions.hold(*(person.hash for person in everyone))
    for person in everyone:
        # First of all: what the door asks now waits, and what it asks later it may not send.
        evidence = {"door": str(door), **({"by": by.pk} if by else {})}
        if suppressions.suppress(person.hash, Suppression.Reason.ERASED, evidence=evidence):
            _date_from_now(person)
    counts: Counter[str] = Counter()
    for name, eraser in registry.erasers():
        for person in everyone:
            touched = eraser(person)
            counts.update({name: touched} if isinstance(touched, int) else touched)
    counts.update(_empty_book(everyone))
    counts.update(import_traces.scrub(everyone))
    found = {table: rows for table, rows in sorted(counts.items()) if rows}
    _log(everyone, found, by, door)
    return found


def _date_from_now(person: Person) -> None:
    """What was asked while we waited for the locks was allowed (invariant I4), so it counts from now and not from when
    the transaction began."""
    Suppression.objects.filter(address_hash=person.hash, reason=Suppression.Reason.ERASED).update(
        created_at=Func(function="clock_timestamp", output_field=DateTimeField())
    )


def _with_earlier_addresses(people: Iterable[Person]) -> list[Person]:
    """These people as they stand now, and each address they had before a correction or a merge.

    An earlier address that is somebody else's now is left alone.
    """
    found: dict[bytes, Person] = {}
    for person in people:
        now = Contact.objects.filter(address_key=person.key).first() if person.key else None
        found[person.hash] = Person(key=person.key, hash=person.hash, contact=now)
        if now is None:
            continue
        for address in addresses_of(now):
            if not Contact.objects.filter(address_key=address.key).exists():
                found.setdefault(address.hash, Person(key=address.key, hash=address.hash, contact=None))
    return list(found.values())


def _merged(pks: Iterable[int]) -> Iterator[int]:
    """The numbers of the contacts that these took in by a merge."""
    for changes in ContactChange.objects.filter(contact__in=pks).values_list("changes", flat=True):
        if gone := (changes.get("merged") or [None])[0]:
            yield gone["pk"]


# --- the address book ---------------------------------------------------------------------------------------------


def _empty_book(people: Sequence[Person]) -> Counter[str]:
    counts: Counter[str] = Counter()
    hashes = [person.hash for person in people]
    counts["contacts.consent"] += _empty_proofs(hashes)
    counts["contacts.suppression"] += _empty_evidence(hashes)
    counts["contacts.lift"] += _empty_lifts(hashes)
    # Looked for anew: a confirmation that was under way may have made a contact since, and is over by now.
    keys = [person.key for person in people if person.key]
    pks = list(Contact.objects.filter(address_key__in=keys).values_list("pk", flat=True))
    counts["admin.logentry"] += _rename_in_log(Contact, [*pks, *_merged(pks)])
    _total, deleted = Contact.objects.filter(pk__in=pks).delete()
    counts.update({label.lower(): rows for label, rows in deleted.items()})
    return counts


def _empty_proofs(hashes: Sequence[bytes]) -> int:
    """What was agreed stays, under the hash; who it was from which machine does not."""
    touched = 0
    for consent in Consent.objects.filter(address_hash__in=hashes).only("pk", "proof"):
        kept = {key: value for key, value in consent.proof.items() if key in _PROOF_KEPT}
        if kept != consent.proof:
            touched += Consent.objects.filter(pk=consent.pk).update(proof=kept)
    return touched


def _empty_evidence(hashes: Sequence[bytes]) -> int:
    """Ids stay; a note in somebody's words may name the person."""
    touched = 0
    for row in Suppression.objects.filter(address_hash__in=hashes).exclude(reason=Suppression.Reason.ERASED):
        kept = _ids_of(row.evidence)
        if kept != row.evidence:
            touched += Suppression.objects.filter(pk=row.pk).update(evidence=kept)
    for lift in Lift.objects.filter(address_hash__in=hashes).exclude(why__in=["", _WHY_ERASED], evidence={}):
        kept = {key: value for key, value in lift.evidence.items() if isinstance(value, int)}
        why = _WHY_ERASED if lift.why else ""
        if (kept, why) != (lift.evidence, lift.why):
            touched += Lift.objects.filter(pk=lift.pk).update(evidence=kept, why=why)
    return touched


def _empty_lifts(hashes: Sequence[bytes]) -> int:
    """That, when and by whom a suppression was lifted stays; the words about it do not."""
    touched = 0
    for row in Lift.objects.filter(address_hash__in=hashes):
        # The database asks for a reason where the person themself did not ask; a sign says that there was one.
        why = _WITHHELD if row.why else ""
        if (row.why, row.evidence) != (why, kept := _ids_of(row.evidence)):
            touched += Lift.objects.filter(pk=row.pk).update(why=why, evidence=kept)
    return touched


def _ids_of(evidence: dict[str, Any]) -> dict[str, int]:
    return {key: value for key, value in evidence.items() if isinstance(value, int)}


def _rename_in_log(model: type[Contact], pks: Sequence[int]) -> int:
    """The log of staff acts names each row as it was called then."""
    entries = LogEntry.objects.filter(
        content_type__app_label=model._meta.app_label,
        content_type__model=model._meta.model_name,
        object_id__in=[str(pk) for pk in pks],
    )
    touched = 0
    audit.may_rename()
    for pk in pks:
        mine = entries.filter(object_id=str(pk)).exclude(object_repr=f"#{pk}", change_message="")
        touched += mine.update(object_repr=f"#{pk}", change_message="")
    return touched


def _log(people: Sequence[Person], counts: dict[str, int], by: User | None, door: str) -> None:
    """One entry an address; the rows are counted on the first, which is the one that was asked for."""
    known = {
        bytes(one)
        for one in Erasure.objects.filter(address_hash__in=[person.hash for person in people]).values_list(
            "address_hash", flat=True
        )
    }
    for place, person in enumerate(people):
        if person.hash in known and not (counts and place == 0):
            continue
        Erasure.objects.create(address_hash=person.hash, by=by, door=door, rows=counts if place == 0 else {})
