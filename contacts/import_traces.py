"""What imports still hold of a person who is erased: staged rows, and files that wait to be read.

The rule, smallest first. A staged row is emptied; its line, its result and the counts stay. A file whose rows are all
staged is removed, since nothing needs it but a new beginning; the import goes on without it. A file that was not read
to its end is thrown away with its import if the address stands in it; a workbook, or a search for a hash alone, cannot
be looked through, so it counts as a file that holds the address. The import then says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.db import connection

from contacts.addresses import parse
from contacts.models import Import, ImportChunk, ImportRow
from contacts.registry import Person

Status = Import.Status

# One of `Import.notes`: why the file is gone.
NOTE = {"word": "person_erased"}

_UNREAD = [Status.UPLOADED, Status.CHECKING, Status.FAILED]
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def scrub(people: Sequence[Person]) -> Counter[str]:
    """Take these people out of every import. Returns the rows touched by table; safe to repeat."""
    counts: Counter[str] = Counter()
    # Locked before the rows are looked for: whoever stages more of such a file must touch its row first.
    with_file = list(
        Import.objects.select_for_update()
        .filter(pk__in=ImportChunk.objects.values("from_import"))
        .order_by("pk")
    )
    touched = _empty_rows(people)
    counts["contacts.importrow"] = sum(touched.values())
    counts["contacts.import"] = _empty_headers(people)
    for one in with_file:
        if one.status in _UNREAD:
            if _may_hold(one, people):
                counts.update(_throw_away(one))
        elif one.pk in touched:
            counts["contacts.importchunk"] += _remove_file(one)
    return counts


def _throw_away(one: Import) -> Counter[str]:
    rows, _by_model = ImportRow.objects.filter(from_import=one).delete()
    chunks = _remove_file(one)
    Import.objects.filter(pk=one.pk).update(status=Status.DISCARDED, claim=None, lease_until=None)
    return Counter({"contacts.importrow": rows, "contacts.importchunk": chunks})


def _remove_file(one: Import) -> int:
    removed, _by_model = ImportChunk.objects.filter(from_import=one).delete()
    if NOTE not in one.notes:
        Import.objects.filter(pk=one.pk).update(notes=[*one.notes, NOTE])
    return removed


# --- staged rows --------------------------------------------------------------------------------------------------

# The hash stays, and tells the merge that nobody is made of this row.
_BLANK = """
UPDATE contacts_importrow SET address = '', address_key = '', name = '', first_name = '', last_name = '',
    country = '', language = '', time_zone = '', attributes = '{}', consent_at = NULL, proof = NULL, cells = NULL,
    warnings = NULL, standing = CASE WHEN result = 'rejected' THEN '' ELSE 'erased' END
"""
_EMPTY = f"""{_BLANK}
WHERE (address_hash = ANY(%s) AND (address_key <> '' OR cells IS NOT NULL))
   OR (result = 'rejected' AND cells IS NOT NULL AND array_to_string(cells, ' ') ILIKE ANY(%s))
RETURNING from_import_id
"""
_EMPTY_KNOWN = f"""{_BLANK}
WHERE from_import_id = %s AND address_key <> ''
    AND address_hash IN (SELECT address_hash FROM contacts_suppression WHERE reason = 'erased')
"""  # noqa: S608 - our own words above


def forget_erased(run: Import) -> int:
    """Empty the rows of a finished import whose people were erased before: the file brought their address back, the
    report must not keep it. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY_KNOWN, [run.pk])
        return int(cursor.rowcount)


def _empty_rows(people: Sequence[Person]) -> Counter[int]:
    """Empty the rows of these people; a rejected row, too, in which their address stands. Returns rows by import."""
    with connection.cursor() as cursor:
        patterns = [f"%{_like(text)}%" for person in people for text in spellings(person)]
        cursor.execute(_EMPTY, [[person.hash for person in people], patterns])
        return Counter(row[0] for row in cursor.fetchall())


def _empty_headers(people: Sequence[Person]) -> int:
    """A file without a heading may have been read as if its first person were one."""
    with connection.cursor() as cursor:
        patterns = [f"%{_like(text)}%" for person in people for text in spellings(person)]
        cursor.execute(
            "UPDATE contacts_import SET headers = '[]' WHERE headers::text ILIKE ANY(%s)", [patterns]
        )
        return int(cursor.rowcount)


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# --- files --------------------------------------------------------------------------------------------------------


def spellings(person: Person) -> set[str]:
    """The ways in which the address may stand in a file, but for upper and lower case; none if only a hash is known."""
    found = {person.key} if person.key else set()
    if person.contact is not None:
        found.add(person.contact.address)
    with suppress(ValidationError):
        found.add(parse(person.key).given)  # with the domain in its own script
    return found


def _may_hold(one: Import, people: Iterable[Person]) -> bool:
    """Whether the file of an import holds the address of one of these people, as far as its bytes can tell."""
    wanted: set[bytes] = set()
    for person in people:
        texts = spellings(person)
        if not texts:
            return True
        wanted |= {
            needle for text in texts for needle in _as_bytes(text, str(one.options.get("encoding", "")))
        }
    overlap, tail = max(map(len, wanted)), b""
    for number, data in enumerate(_chunks(one)):
        if number == 0 and data.startswith(_WORKBOOKS):
            return True
        here = tail + data.lower()
        if any(needle in here for needle in wanted):
            return True
        tail = here[-overlap:]
    return False


def _as_bytes(text: str, encoding: str) -> Iterator[bytes]:
    for name in {*_ENCODINGS, encoding or "utf-8"}:
        try:
            yield text.encode(name).lower()
        except (UnicodeError, LookupError):
            continue


def _chunks(one: Import) -> Iterator[bytes]:
    """The pieces of a file in order, one in memory at a time."""
    numbers = ImportChunk.objects.filter(from_import=one).order_by("number").values_list("pk", flat=True)
    for pk in list(numbers):
        yield bytes(ImportChunk.objects.values_list("data", flat=True).get(pk=pk))
