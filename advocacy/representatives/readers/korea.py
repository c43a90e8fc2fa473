"""Members of the Korean National Assembly, CSV or JSON (https://github.com/teampopong/data-assembly).

The files also name the members' aides. Nothing of them is read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any

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
    identity,
    line,
)

SOURCE = "korea-national-assembly"
ROUTE_KINDS = frozenset({"email", "phone"})
LIST_SEAT = "비례대표"  # a member of a party's national list, without a district


def own_date(file: DataFile) -> dt.date | None:
    """The last day of the Assembly's term, once it is over (four years from 30 May, Public Official Election Act)."""
    term = _newest_term(_rows(file))
    return _term_end(term) - dt.timedelta(days=1) if term else None


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    rows = list(_rows(file))
    term = _newest_term(rows)
    body = places.legislature("National Assembly", country="KR", chamber="single")
    for row in rows:
        person = _person(row)
        district = line(row.get("district"))
        on_list = district == LIST_SEAT
        person.mandates = [
            MandateRecord(
                legislature=body,
                area=AreaRecord(identity("KR", district), "KR", district)
                if district and not on_list
                else None,
                term=str(term or ""),
                role=LIST_SEAT if on_list else "국회의원",
                party=line(row.get("party")),
                end=_term_end(term) if term else None,
            )
        ]
        reading.covers.add((body.source_id, str(term or "")))
        yield person


def _rows(file: DataFile) -> Iterable[dict[str, Any]]:
    rows = file.json() if file.head(1) in {b"[", b"{"} else list(file.rows())
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "name_kr" in row for row in rows):
        raise ImportFileError(
            _("%(name)s is not a list of members of the Korean National Assembly.") % {"name": file.name}
        )
    return rows


def _newest_term(rows: Iterable[dict[str, Any]]) -> int:
    """The newest term anybody was elected to: "초선( 20대 )" is a first term, the 20th Assembly's."""
    terms = [
        int(term) for row in rows for term in re.findall(r"(\d{1,2})대", line(row.get("when_elected"), 500))
    ]
    return max(terms, default=0)


def _term_end(term: int) -> dt.date:
    return dt.date(2020 + 4 * (term - 20), 5, 30)


def _person(row: dict[str, Any]) -> PersonRecord:
    korean = line(row.get("name_kr"))
    family, given = _latin(line(row.get("name_en")))
    name = f"{family} {given}".strip() or korean
    number = re.search(r"dept_cd=(\d+)", line(row.get("url"), 300))
    person = PersonRecord(
        source_id=number[1] if number else identity(korean, row.get("birth"), row.get("name_cn")),
        name=name,
        native_name=korean if name != korean else "",
        sort_name=name,
        given_name=given,
        family_name=family,
        image_url=line(row.get("photo"), 500),
        other_names={
            language: spelled
            for language, spelled in (("ko", korean), ("ko-Hani", line(row.get("name_cn"))))
            if spelled
        },
    )
    for field, found in (
        ("email", routes.take_apart(line(row.get("email"), routes.MAX_FIELD))),
        ("off_phone", routes.phone(line(row.get("off_phone")))),
    ):
        person.routes += found.routes
        person.rejected += [Rejection(name, field, piece, reason) for piece, reason in found.rejected]
    return person


def _latin(name: str) -> tuple[str, str]:
    """Family and given name of "KANG GHILBOO" or "Kim, Tae Heum"; family name first, as in Korea."""
    family, _separator, given = (part.strip() for part in name.replace(",", " ", 1).partition(" "))
    return family.title(), given.title()
