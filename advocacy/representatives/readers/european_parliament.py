"""Members of the European Parliament: the CSV of one term from its open data portal (Windows-1252).

The files have no memberships: every row is a member of the file's term for some of its time, so the term is a
mandate's beginning and end. The term is read from the file's name (`data_v1_meps_9_en.csv`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from advocacy.representatives import places, routes
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import (
    AreaRecord,
    ImportFileError,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    has_foreign_letters,
    line,
)

SOURCE = "european-parliament"
ROUTE_KINDS = frozenset({"email"})
# First days of the terms, by the Parliament's own count; term 0 is the assembly before direct elections.
_TERMS: dict[int, dt.date | None] = {
    0: None,
    1: dt.date(1979, 7, 17),
    2: dt.date(1984, 7, 24),
    3: dt.date(1989, 7, 25),
    4: dt.date(1994, 7, 19),
    5: dt.date(1999, 7, 20),
    6: dt.date(2004, 7, 20),
    7: dt.date(2009, 7, 14),
    8: dt.date(2014, 7, 1),
    9: dt.date(2019, 7, 2),
    10: dt.date(2024, 7, 16),
}
# Seats after the election of 2019; enough to see that two countries' labels were exchanged.
_SEATS = {"Spain": 59, "Estonia": 7}


def own_date(file: DataFile) -> dt.date | None:
    """The last day of the term, once it is over: an older term's file must not overwrite a newer one's."""
    _start, end = _term(file)[1:]
    return end - dt.timedelta(days=1) if end else None


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    term, start, end = _term(file)
    if not term:
        reading.warn(
            _("The term is not in the file's name (%(name)s), so nobody in it counts as having left.")
            % {"name": file.name}
        )
    body = places.legislature("European Parliament", country="EU", chamber="single", level="supranational")
    rows = list(file.rows("cp1252"))
    relabel = _exchanged(rows, reading)
    lost = 0
    for number, row in enumerate(rows, start=2):
        if "mep_identifier" not in row:
            raise ImportFileError(_("%(name)s is not a list of the Parliament's.") % {"name": file.name})
        person = _person(row)
        person.row = number
        if "?" in person.name:
            lost += 1
            reading.warn(
                _("%(person)s: letters of the name were lost in the file.") % {"person": person.name}
            )
        country = line(row.get("mep_citizenship"))
        country = relabel.get(country, country)
        code = places.country_of(country)
        person.language = places.customs(code).language if code else ""
        died = _day(row.get("mep_death_date"))
        person.mandates = [
            MandateRecord(
                legislature=body,
                area=AreaRecord(f"citizenship:{code or country[:60]}", "EU", country, code)
                if country
                else None,
                term=term,
                role="Member of the European Parliament",
                start=start,
                end=died if died and (end is None or died < end) and (not start or died > start) else end,
            )
        ]
        reading.covers.add((body.source_id, term))
        yield person
    if lost:
        reading.warn(_("Names with lost letters (a question mark inside): %(count)s.") % {"count": lost})
    unreadable = sum(1 for row in rows if "?" in _official(row) and not re.search(r"\w", _official(row)))
    if unreadable:
        reading.warn(
            _("Names in their own script that are nothing but question marks and were left out: %(count)s.")
            % {"count": unreadable}
        )


def _term(file: DataFile) -> tuple[str, dt.date | None, dt.date | None]:
    match = re.search(r"meps?_(\d{1,2})_", file.name)
    if not match or int(match[1]) not in _TERMS:
        return "", None, None
    number = int(match[1])
    return str(number), _TERMS[number], _TERMS.get(number + 1)


def _exchanged(rows: list[dict[str, str]], reading: Reading) -> dict[str, str]:
    """Spain and Estonia change places where their counts do, against the seats they have.

    All the open files have it wrong: sixty Estonians in a Parliament where Estonia has seven seats.
    """
    counts = Counter(line(row.get("mep_citizenship")) for row in rows)
    spain, estonia = counts["Spain"], counts["Estonia"]
    if spain and estonia and estonia > 3 * _SEATS["Estonia"] and spain < _SEATS["Spain"] / 3:
        reading.warn(
            _(
                "The file has %(estonia)s members of Estonia and %(spain)s of Spain, the reverse of their seats; the two were exchanged."
            )
            % {"estonia": estonia, "spain": spain}
        )
        return {"Spain": "Estonia", "Estonia": "Spain"}
    return {}


def _person(row: dict[str, str]) -> PersonRecord:
    given, family = line(row.get("mep_given_name"), 100), line(row.get("mep_family_name"), 100)
    name = f"{given} {family}".strip()
    official = _official(row)
    person = PersonRecord(
        source_id=line(row.get("mep_identifier")),
        name=name,
        native_name=official if "?" not in official and has_foreign_letters(official) else "",
        sort_name=f"{family}, {given}",
        given_name=given,
        family_name=family,
        honorific=line(row.get("mep_honorific_prefix"), 60),
        gender=line(row.get("mep_gender"), 20),
        image_url=line(row.get("mep_image"), 500),
    )
    found = routes.take_apart(row.get("mep_email") or "")
    person.routes = found.routes
    person.rejected = [Rejection(name, "mep_email", piece, reason) for piece, reason in found.rejected]
    return person


def _official(row: dict[str, str]) -> str:
    return line(f"{row.get('mep_official_given_name') or ''} {row.get('mep_official_family_name') or ''}")


def _day(value: str | None) -> dt.date | None:
    match = re.match(r"(\d{2})/(\d{2})/(\d{4})", value or "")
    try:
        return dt.date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None
