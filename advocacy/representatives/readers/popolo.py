"""Popolo JSON (https://www.popoloproject.com/specs/), above all EveryPolitician's, which adds terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from advocacy.representatives import places, routes
from advocacy.representatives.files import DataFile
from advocacy.representatives.readers import everypolitician
from advocacy.representatives.records import (
    ImportFileError,
    LegislatureRecord,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    day,
    has_foreign_letters,
    line,
    names_by_language,
)

ROUTE_KINDS = frozenset({"email", "phone", "web_form"})
_BODIES = {"legislature", "chamber", "upper-house", "lower-house", "executive"}


def source(file: DataFile, reading: Reading) -> str:
    """EveryPolitician's person ids are unique in the world; those of another Popolo file within a country."""
    if _is_everypolitician(_load(file)):
        return everypolitician.SOURCE
    return f"popolo-{reading.country.lower() or 'unknown'}"


def own_date(file: DataFile) -> dt.date | None:
    return everypolitician.own_date(file)


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    data = _load(file)
    place = everypolitician.place_of(file, reading)
    events = [event for event in data.get("events", []) if "period" in line(event.get("classification"))]
    terms = everypolitician.terms_of(events)
    organizations = {line(entry.get("id")): entry for entry in data.get("organizations", [])}
    bodies = _bodies(organizations, place)
    areas = {line(entry.get("id")): line(entry.get("name")) for entry in data.get("areas", [])}
    posts = {line(entry.get("id")): entry for entry in data.get("posts", [])}
    memberships = _by_person(data)
    people = data["persons"]
    _warn_of_the_past(reading, place, terms)
    for entry in people:
        person = _person(entry, bodies)
        for membership in memberships.get(line(entry.get("id")), []) + entry.get("memberships", []):
            body = bodies.get(line(membership.get("organization_id")))
            if body is None:
                continue
            post = posts.get(line(membership.get("post_id")), {})
            term = line(membership.get("legislative_period_id")).removeprefix("term/")
            dates = terms.get(term, everypolitician.Term(None, None))
            area_id = line(membership.get("area_id") or post.get("area_id"))
            inline = membership.get("area") or post.get("area") or {}
            group = organizations.get(line(membership.get("on_behalf_of_id")), {})
            person.mandates.append(
                MandateRecord(
                    legislature=body,
                    area=everypolitician.area(
                        area_id or line(inline.get("id")),
                        areas.get(area_id) or line(inline.get("name") or post.get("label")),
                        body,
                    ),
                    term=term,
                    role=line(membership.get("role"), 100),
                    party=everypolitician.party(line(group.get("name"))),
                    start=day(membership.get("start_date")) or dates.start,
                    own_start=bool(membership.get("start_date")),
                    end=day(membership.get("end_date"), end=True) or dates.end,
                )
            )
            reading.covers.add((body.source_id, None))
            for contact in membership.get("contact_details", []):
                _contact(person, contact)
        yield person


def _load(file: DataFile) -> dict[str, Any]:
    data = file.json()
    if not isinstance(data, dict) or not isinstance(data.get("persons"), list):
        raise ImportFileError(
            _("%(name)s is not a Popolo file: it has no list of persons.") % {"name": file.name}
        )
    for key in ("organizations", "memberships", "events", "areas", "posts"):
        if not all(isinstance(entry, dict) for entry in data.get(key, [])):
            raise ImportFileError(
                _("%(name)s is not a Popolo file: %(key)s.") % {"name": file.name, "key": key}
            )
    return data


def _is_everypolitician(data: dict[str, Any]) -> bool:
    return any(line(event.get("classification")) == "legislative period" for event in data.get("events", []))


def _bodies(
    organizations: dict[str, dict[str, Any]], place: everypolitician.Place
) -> dict[str, LegislatureRecord]:
    """The organizations a mandate can be of, by their id. Without any, one legislature of the country."""
    found: dict[str, LegislatureRecord] = {}
    for key, entry in organizations.items():
        kind = line(entry.get("classification")).lower().replace("_", "-").replace(" ", "-")
        if kind in _BODIES:
            chamber = {"upper-house": "upper", "lower-house": "lower", "executive": "executive"}.get(kind, "")
            found[key] = places.legislature(
                line(entry.get("name")) or place.name,
                country=place.country,
                region=place.region,
                chamber=chamber,
            )
    return found


def _by_person(data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for membership in data.get("memberships", []):
        found.setdefault(line(membership.get("person_id")), []).append(membership)
    return found


def _person(entry: dict[str, Any], bodies: dict[str, LegislatureRecord]) -> PersonRecord:
    name = line(entry.get("name"), 400)
    given, family = line(entry.get("given_name"), 100), line(entry.get("family_name"), 100)
    others = names_by_language(
        (line(other.get("lang"), 20), line(other.get("name"))) for other in entry.get("other_names", [])
    )
    person = PersonRecord(
        source_id=line(entry.get("id")),
        name=name,
        native_name=_native(name, others, bodies),
        sort_name=line(entry.get("sort_name")) or (f"{family}, {given}" if family and given else name),
        given_name=given,
        family_name=family,
        honorific=line(entry.get("honorific_prefix"), 60),
        gender=line(entry.get("gender"), 20).lower(),
        image_url=line(entry.get("image"), 500),
        other_names=others,
    )
    if entry.get("email"):
        _contact(person, {"type": "email", "value": entry["email"]})
    for contact in entry.get("contact_details", []):
        _contact(person, contact)
    return person


def _native(name: str, others: dict[str, str], bodies: dict[str, LegislatureRecord]) -> str:
    """The name in the legislature's language, where that is written in another script than `name`."""
    for body in bodies.values():
        native = others.get(body.language, "")
        if native and native != name and has_foreign_letters(native):
            return native
    return ""


def _contact(person: PersonRecord, contact: dict[str, Any]) -> None:
    kind, value = line(contact.get("type")).lower(), contact.get("value")
    if not isinstance(value, str):
        return
    if kind == "email":
        found = routes.take_apart(value)
    elif kind in {"phone", "voice", "tel", "cell", "mobile"}:
        found = routes.phone(value)
    elif kind in {"web_form", "webform", "contact_form"}:
        found = routes.web_form(value)
    else:
        return
    person.routes += found.routes
    person.rejected += [Rejection(person.name, kind, piece, reason) for piece, reason in found.rejected]


def _warn_of_the_past(
    reading: Reading, place: everypolitician.Place, terms: dict[str, everypolitician.Term]
) -> None:
    ends = [term.end for term in terms.values()]
    if ends and None not in ends:
        reading.warn(
            _(
                "%(name)s: the newest term in the file ends on %(day)s; from then on nobody in it is in office."
            )
            % {"name": place.name, "day": max(end for end in ends if end)}
        )
