"""EveryPolitician's CSV of one term: one row a membership, so a person may have several rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from advocacy.representatives import routes
from advocacy.representatives.files import DataFile
from advocacy.representatives.readers import everypolitician
from advocacy.representatives.records import (
    ImportFileError,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    day,
    line,
)

SOURCE = everypolitician.SOURCE
ROUTE_KINDS = frozenset({"email"})
COLUMNS = frozenset({"id", "name", "sort_name", "email", "group", "area_id", "area", "chamber", "term"})


def own_date(file: DataFile) -> dt.date | None:
    return everypolitician.own_date(file)


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    place = everypolitician.place_of(file, reading)
    terms = dict(place.terms) or _terms_beside(file)
    for number, row in enumerate(file.rows(), start=2):
        if not row.keys() >= COLUMNS:
            raise ImportFileError(_("%(name)s is not an EveryPolitician term file.") % {"name": file.name})
        term = line(row["term"])
        if term not in terms:
            terms[term] = _term_by_name(term)
            if terms[term].end is None:
                reading.warn(
                    _(
                        "Nothing says when term %(term)s of %(name)s began and ended; all its members count as in office unless their own row says that they left."
                    )
                    % {"term": term, "name": line(row["chamber"]) or place.name}
                )
        dates = terms[term]
        body = everypolitician.legislature(place, line(row["chamber"]))
        name = line(row["name"], 400)
        person = PersonRecord(
            row=number,
            source_id=line(row["id"]),
            name=name,
            gender=line(row.get("gender"), 20).lower(),
            image_url=line(row.get("image"), 500),
        )
        sort_name = line(row["sort_name"])
        if sort_name and sort_name != name:
            person.sort_name = sort_name
        found = routes.take_apart(row["email"])
        person.routes = found.routes
        person.rejected = [Rejection(name, "email", piece, reason) for piece, reason in found.rejected]
        person.mandates = [
            MandateRecord(
                legislature=body,
                area=everypolitician.area(line(row["area_id"]), line(row["area"]), body),
                term=term,
                role="member",
                party=everypolitician.party(line(row["group"])),
                start=day(row.get("start_date")) or dates.start,
                own_start=bool(row.get("start_date")),
                dates_known=dates != everypolitician.Term(None, None),
                end=day(row.get("end_date"), end=True) or dates.end,
            )
        ]
        reading.covers.add((body.source_id, term))
        yield person


def _terms_beside(file: DataFile) -> dict[str, everypolitician.Term]:
    """The terms in the Popolo file of the same folder, if it is there."""
    for name in ("ep-popolo-v1.0.json", "ep-popolo-v1.0.json.gz"):
        beside = file.path.parent / name
        if beside.is_file():
            data = DataFile(beside, name).json()
            events = [
                event for event in data.get("events", []) if "period" in line(event.get("classification"))
            ]
            return everypolitician.terms_of(events)
    return {}


def _term_by_name(term: str) -> everypolitician.Term:
    match = re.fullmatch(r"(\d{4})-(\d{4})", term)
    if match:
        return everypolitician.Term(day(match[1]), day(match[2], end=True))
    return everypolitician.Term(None, None)
