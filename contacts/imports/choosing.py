"""What a person chooses for an import before it is checked: how the file is read, what its columns are, what is done.

Everything may be changed until the run begins. A change after a check takes the import back to its second step: the
figures of that check are no longer true.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from contacts.imports.columns import ATTRIBUTE, attribute_key, mapping_of
from contacts.models import Attribute, Import, ImportMapping, MailingList

OPEN = (Import.Status.UPLOADED, Import.Status.CHECKED, Import.Status.FAILED)  # what may still be chosen anew
_KEPT = ("date_order", "standing")
NEW = "new:"  # the choice "a new attribute of this kind": new:<kind>


def choose(one: Import, **choices: Any) -> bool:
    """Save what was chosen, as fields of the import, and go back to the step of the columns.

    False, with nothing saved, while a worker has the import or when its run has begun. Safe to repeat.
    """
    fields = {"status": Import.Status.UPLOADED, "problem": "", "problem_detail": "", **choices}
    saved = Import.objects.filter(pk=one.pk, status__in=OPEN).update(**fields)
    if saved:
        one.refresh_from_db()
    return bool(saved)


def say_proof(one: Import, **proof: Any) -> bool:
    """Save the proof of consent of a checked import; what the check found stays true. False if it has gone on."""
    saved = Import.objects.filter(pk=one.pk, status=Import.Status.CHECKED).update(**proof)
    if saved:
        one.refresh_from_db()
    return bool(saved)


def keep_mapping(
    name: str,
    headers: Sequence[str],
    columns: Sequence[str],
    options: Mapping[str, Any],
    organisation: int | None,
) -> ImportMapping:
    """Keep what the columns are under a name. One of that name is written over.

    Of how the file is read only that is kept which a file cannot show by itself. The encoding it can: a next file may
    come in another one, and would then be read wrongly with nobody being asked.
    """
    mapping, _made = ImportMapping.objects.update_or_create(
        name=name,
        organisation_id=organisation,  # type: ignore[misc]
        defaults={
            "columns": mapping_of(headers, columns),
            "options": {key: options[key] for key in _KEPT if key in options} | _no_header(options),
        },
    )
    return mapping


@transaction.atomic
def make_attributes(columns: Sequence[str], headers: Sequence[str]) -> list[str]:
    """The fields of the columns, with an attribute for each that asks for a new one (`new:<kind>`).

    An attribute that is there already, of the same key and kind, is used. Where that key means another kind, or
    another column of this file, a number is put after it.
    """
    taken = set(columns)
    fields = []
    for number, (field, header) in enumerate(zip(columns, headers, strict=True), start=1):
        if field.startswith(NEW):
            field = _attribute(header, field.removeprefix(NEW), number, taken)
            taken.add(field)
        fields.append(field)
    return fields


def make_list(name: str, organisation: int | None) -> MailingList:
    """A new list of that name, with an address of its own made from the name."""
    base = slugify(name)[:40] or "list"
    taken = set(MailingList.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(one for one in _numbered(base, "-") if one not in taken)
    return MailingList.objects.create(name=name, slug=slug, organisation_id=organisation)


def _no_header(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"header": False} if options.get("header") is False else {}


def _attribute(header: str, kind: str, number: int, taken: set[str]) -> str:
    name = unicodedata.normalize("NFC", header).strip()[:100].strip() or f"Column {number}"
    for key in _numbered(attribute_key(name)[:40] or f"column_{number}", "_"):
        if f"{ATTRIBUTE}{key}" in taken:
            continue
        found, _made = Attribute.objects.get_or_create(key=key, defaults={"name": name, "kind": kind})
        if found.kind == kind:
            break
    return f"{ATTRIBUTE}{key}"


def _numbered(base: str, sign: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}{sign}{number}"
        number += 1
