"""United States Congress and executive, YAML (https://github.com/unitedstates/congress-legislators)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from advocacy.representatives import places, routes
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import (
    ImportFileError,
    LegislatureRecord,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    day,
    line,
)

SOURCE = "congress-legislators"
# Not telephones: the district offices' numbers are in a file of their own, which may not be there.
ROUTE_KINDS = frozenset({"web_form"})
OFFICES = "legislators-district-offices.yaml"

_BODIES: dict[str, tuple[str, str, str]] = {
    "rep": ("United States House of Representatives", "lower", "Representative"),
    "sen": ("United States Senate", "upper", "Senator"),
    "prez": ("President of the United States", "executive", "President"),
    "viceprez": ("President of the United States", "executive", "Vice President"),
}


def own_date(file: DataFile) -> None:
    return None


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    entries = file.yaml()
    if not isinstance(entries, list):
        raise ImportFileError(_("%(name)s is not a list of members of Congress.") % {"name": file.name})
    phones = _district_phones(file.path.parent)
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("terms"), list):
            raise ImportFileError(
                _("Entry %(number)s of %(name)s has no terms: not a member of Congress.")
                % {"number": number, "name": file.name}
            )
        person = _person(entry)
        newest: dict[str, Any] = {}
        for term in entry["terms"]:
            if isinstance(term, dict) and (mandate := _mandate(term)):
                person.mandates.append(mandate)
                reading.covers.add((mandate.legislature.source_id, None))
                newest = max(newest, term, key=lambda one: line(one.get("start")))
        _routes(person, newest, phones.get(person.source_id, []), reading)
        yield person


def _person(entry: dict[str, Any]) -> PersonRecord:
    ids = entry["id"] if isinstance(entry.get("id"), dict) else {}
    names = entry["name"] if isinstance(entry.get("name"), dict) else {}
    first, last = line(names.get("first"), 100), line(names.get("last"), 100)
    bio = entry["bio"] if isinstance(entry.get("bio"), dict) else {}
    bioguide, govtrack = line(ids.get("bioguide")), line(ids.get("govtrack"))
    return PersonRecord(
        source_id=bioguide or (f"govtrack:{govtrack}" if govtrack else ""),
        name=line(names.get("official_full"), 400)
        or " ".join(filter(None, (first, line(names.get("middle")), last, line(names.get("suffix"))))),
        native_name="",
        sort_name=f"{last}, {first}",
        given_name=first,
        family_name=last,
        honorific="",
        gender={"M": "male", "F": "female"}.get(line(bio.get("gender")), ""),
        other_names={},
    )


def _mandate(term: dict[str, Any]) -> MandateRecord | None:
    kind, state = line(term.get("type")), line(term.get("state"))
    if kind not in _BODIES:
        return None
    name, chamber, role = _BODIES[kind]
    area = None
    if state in places.US_STATES:
        district = line(term.get("district"))
        area = (
            places.us_congressional(state, int(district))
            if kind == "rep" and district.isdigit()
            else places.us_state(state)
        )
    return MandateRecord(
        legislature=_legislature(name, chamber),
        area=area,
        role=role,
        party=line(term.get("party")),
        start=day(term.get("start")),
        end=day(term.get("end"), end=True),
    )


def _legislature(name: str, chamber: str) -> LegislatureRecord:
    return places.legislature(name, country="US", chamber=chamber)


def _routes(person: PersonRecord, term: dict[str, Any], offices: list[str], reading: Reading) -> None:
    """The newest term's form and telephone. A plain website is no form: nobody could be sure to find it there."""
    form = routes.web_form(line(term.get("contact_form"), 600))
    if form.repaired:
        reading.warn(
            _("%(person)s: the contact form's address begins with a doubled h, which was put right.")
            % {"person": person.name}
        )
    found = [("contact_form", form), ("phone", routes.phone(line(term.get("phone"))))]
    found += [("district office", routes.phone(number)) for number in offices]
    for field, taken in found:
        person.routes += taken.routes
        person.rejected += [Rejection(person.name, field, piece, reason) for piece, reason in taken.rejected]


def _district_phones(folder: Path) -> dict[str, list[str]]:
    """Telephones of district offices by bioguide id, from the file beside, where it is there."""
    for name in (OFFICES, f"{OFFICES}.gz"):
        if (folder / name).is_file():
            entries = DataFile(folder / name, name).yaml()
            return {
                line(entry["id"].get("bioguide")): [
                    line(office.get("phone")) for office in entry.get("offices", []) if office.get("phone")
                ]
                for entry in entries
                if isinstance(entry, dict) and isinstance(entry.get("id"), dict)
            }
    return {}
