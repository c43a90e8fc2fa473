"""OpenStates people (https://github.com/openstates/people): one YAML file a person, in a folder or an archive.

The folder a file lies in tells its state and what it is complete for: a file of `retired/` or a single file
says nothing of those who are missing, so it ends no mandate but its own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from advocacy.representatives import places, routes
from advocacy.representatives.files import MAX_MEMBER, MAX_MEMBERS, DataFile, load_yaml, members
from advocacy.representatives.records import (
    MAX_BODY_ID,
    AreaRecord,
    ImportFileError,
    LegislatureRecord,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    day,
    line,
)

SOURCE = "openstates"
# A file is a person, and the set counts its people by files; a few are filed twice under one id.
COUNTED_BY_RECORDS = True
ROUTE_KINDS = frozenset({"email", "web_form", "phone"})
_FOLDERS = {"legislature", "executive", "municipalities", "retired"}
_JURISDICTION = re.compile(
    r"ocd-jurisdiction/country:us(?:/(?:state|district|territory):(?P<state>[a-z]{2}))?"
    r"(?:/(?P<kind>[a-z_]+):(?P<place>[^/]+))?/(?P<of>government|legislature)"
)
# The lower chambers that are not called House of Representatives.
_LOWER = {
    "CA": "State Assembly",
    "MD": "House of Delegates",
    "NJ": "General Assembly",
    "NV": "Assembly",
    "NY": "State Assembly",
    "VA": "House of Delegates",
    "WI": "State Assembly",
    "WV": "House of Delegates",
}
_FORM = re.compile(r"\b(contact form|web ?form|email form|contact)\b", re.IGNORECASE)


def own_date(file: DataFile) -> dt.date | None:
    """The day an archive was made, by its members; a loose folder's times tell when it was copied, so none."""
    if file.path.is_dir() or not is_archive(file):
        return None
    stamp = next((time for _name, time, _data in members(file.path, file.name)), 0)
    return dt.datetime.fromtimestamp(stamp, dt.UTC).date() if stamp > 0 else None


def is_archive(file: DataFile) -> bool:
    return file.head(512)[257:262] == b"ustar"


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    seen = False
    for path, data in _documents(file):
        entry = load_yaml(data, path)
        if not isinstance(entry, dict) or not line(entry.get("id")).startswith("ocd-person/"):
            if not seen or _folder(path):
                raise ImportFileError(_("%(name)s is not an OpenStates person.") % {"name": path})
            continue
        seen = True
        person = _person(entry)
        person.mandates = [
            mandate
            for role in _maps(entry.get("roles"))
            if (mandate := _mandate(role, _party(entry))) is not None
        ]
        if _folder(path) not in {"", "retired"}:
            reading.covers.update((mandate.legislature.source_id, None) for mandate in person.mandates)
        yield person
    if not seen:
        raise ImportFileError(_("%(name)s holds no OpenStates people.") % {"name": file.name})


def _documents(file: DataFile) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each person's file; `municipalities.yml` and the like are not people."""
    if file.path.is_dir():
        yield from _loose(file.path)
    elif is_archive(file):
        for path, _time, data in members(file.path, file.name):
            if _folder(path) and path.endswith((".yml", ".yaml")):
                yield path, data
    else:
        yield file.name, file.data()


def _loose(root: Path) -> Iterator[tuple[str, bytes]]:
    paths = sorted(path for path in root.rglob("*.y*ml") if path.is_file() and not path.is_symlink())
    if len(paths) > MAX_MEMBERS:
        raise ImportFileError(_("%(name)s holds too many files.") % {"name": root.name})
    for path in paths:
        # The folder's own name counts too: somebody may give `data/nj/legislature` itself.
        name = PurePosixPath(root.name, *path.relative_to(root).parts).as_posix()
        if not _folder(name):
            continue
        if path.stat().st_size > MAX_MEMBER:
            raise ImportFileError(_("%(name)s is too large.") % {"name": name})
        yield name, path.read_bytes()


def _folder(path: str) -> str:
    """Which of the four folders a file lies in, or ""."""
    parent = PurePosixPath(path).parent.name
    return parent if parent in _FOLDERS else ""


def _maps(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _person(entry: dict[str, Any]) -> PersonRecord:
    name = line(entry.get("name"), 400)
    given, family = line(entry.get("given_name"), 100), line(entry.get("family_name"), 100)
    gender = line(entry.get("gender"), 20)
    person = PersonRecord(
        source_id=line(entry.get("id")),
        name=name,
        native_name="",
        sort_name=f"{family}, {given}" if family and given else name,
        given_name=given,
        family_name=family,
        honorific="",
        gender={"M": "male", "F": "female"}.get(gender, gender.lower()),
        image_url=line(entry.get("image"), 500),
        other_names={},
    )
    _take(person, "email", routes.take_apart(str(entry.get("email") or "")))
    for link in _maps(entry.get("links")):
        if _FORM.search(line(link.get("note"))):
            _take(person, "links", routes.web_form(line(link.get("url"), 600)))
    for office in _maps(entry.get("offices")):
        _take(person, "voice", routes.phone(line(office.get("voice"))))
    return person


def _take(person: PersonRecord, field: str, found: routes.TakenApart) -> None:
    person.routes += found.routes
    person.rejected += [Rejection(person.name, field, piece, reason) for piece, reason in found.rejected]


def _party(entry: dict[str, Any]) -> str:
    """The party without an end date, which is the present one; else the first named."""
    parties = _maps(entry.get("party"))
    present = [line(party.get("name")) for party in parties if not party.get("end_date")]
    return (present or [line(party.get("name")) for party in parties] or [""])[0]


def _mandate(role: dict[str, Any], party: str) -> MandateRecord | None:
    kind = line(role.get("type"), 100)
    body = _legislature(line(role.get("jurisdiction"), MAX_BODY_ID - 12), kind)
    if body is None:
        return None
    return MandateRecord(
        legislature=body,
        area=_area(body, line(role.get("district"))),
        role=kind if body.chamber == "executive" else "member",
        party=party,
        start=day(role.get("start_date")),
        end=day(role.get("end_date"), end=True),
    )


@cache
def _legislature(jurisdiction: str, kind: str) -> LegislatureRecord | None:
    match = _JURISDICTION.fullmatch(jurisdiction)
    if match is None or (match["state"] and match["state"].upper() not in places.US_STATES):
        return None
    state = (match["state"] or "").upper()
    chamber = {"upper": "upper", "lower": "lower", "legislature": "single"}.get(kind, "executive")
    if match["place"]:
        town = match["place"].replace("_", " ").title()
        level, name = "local", f"{town}, {places.US_STATES[state][0]}" if state else town
    elif state:
        level, name = "regional", _chamber_name(state, chamber)
    else:
        level = "national"
        name = {"upper": "United States Senate", "lower": "United States House of Representatives"}.get(
            chamber, "Government of the United States"
        )
    return places.legislature(
        name,
        country="US",
        region=f"US-{state}" if state else "",
        chamber=chamber,
        level=level,
        source_id=f"{jurisdiction}#{chamber}",
    )


def _chamber_name(state: str, chamber: str) -> str:
    name = places.US_STATES[state][0]
    if chamber == "single":
        return "Council of the District of Columbia" if state == "DC" else f"{name} Legislature"
    if chamber == "executive":
        return f"Government of {name}"
    return (
        f"{name} Senate" if chamber == "upper" else f"{name} {_LOWER.get(state, 'House of Representatives')}"
    )


def _area(body: LegislatureRecord, district: str) -> AreaRecord | None:
    """The district. A state's own districts have codes of their own: number 3 is not the congressional 3."""
    if not district:
        return None
    if not body.region:
        return places.us_district_code(district)
    name = f"District {district}" if re.fullmatch(r"\d+[A-Z]?", district) else district
    code = f"{body.region}-{body.chamber}-{district}"[:80]
    return AreaRecord(
        f"{body.source_id}:{district}"[:200],
        "US",
        name,
        code,
        places.us_state(body.region.removeprefix("US-")),
    )
