"""What is common to EveryPolitician's two formats: where a legislature is, its terms, its names and ids.

The files do not name their country and a term CSV not even its term's dates; both are looked up in the
compilers' index `countries.json(.gz)`, in `meta.json` and in the Popolo file beside it, where they are there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from advocacy.representatives import places
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import (
    AreaRecord,
    ImportFileError,
    LegislatureRecord,
    Reading,
    day,
    line,
)

SOURCE = "everypolitician"


@dataclass(frozen=True, slots=True)
class Term:
    start: dt.date | None
    end: dt.date | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs: country and region codes, the legislature's name, its terms, the file's date."""

    country: str = ""
    region: str = ""
    name: str = ""
    terms: tuple[tuple[str, Term], ...] = ()
    date: dt.date | None = None


def terms_of(periods: list[dict[str, Any]]) -> dict[str, Term]:
    """Each term's first day and first day after it, by its short name ("56" for "term/56").

    A term ends at the latest when the next begins; the newest stays open unless the file says it ended.
    """
    dated = sorted(
        (
            (
                day(period.get("start_date")) or dt.date.min,
                line(period.get("id")).removeprefix("term/"),
                period,
            )
            for period in periods
        ),
        key=lambda entry: entry[:2],
    )
    found: dict[str, Term] = {}
    for number, (start, name, period) in enumerate(dated):
        end = day(period.get("end_date"), end=True)
        following = next((later for later, _name, _period in dated[number + 1 :] if later > start), None)
        if following and (end is None or end > following):
            end = following
        found[name] = Term(None if start == dt.date.min else start, end)
    return found


def place_of(file: DataFile, reading: Reading) -> Place:
    """What the folders around a file tell; the country the caller gave wins. Raises ImportFileError without one."""
    place = _from_index(file) or Place()
    folder = file.path.resolve().parent
    if not place.name:
        meta = _json(folder / "meta.json")
        place = replace(place, name=line(meta.get("name")) if isinstance(meta, dict) else "")
    if not place.country:
        place = replace(place, country=places.country_of(folder.parent.name))
    if reading.country and reading.country != place.country:
        place = replace(place, country=reading.country, region="")
    if not place.country:
        raise ImportFileError(
            _("%(name)s does not say which country it is about. Please say so: --country XX.")
            % {"name": file.name}
        )
    return place


def own_date(file: DataFile) -> dt.date | None:
    """The day the index says the legislature was last changed."""
    place = _from_index(file)
    return place.date if place else None


def _from_index(file: DataFile) -> Place | None:
    folder = file.path.resolve().parent
    for index in (folder.parent.parent / "countries.json.gz", folder.parent.parent / "countries.json"):
        if index.is_file():
            return _indexed(index).get(f"{folder.parent.name}/{folder.name}")
    return None


@lru_cache(maxsize=4)
def _indexed(index: Path) -> dict[str, Place]:
    found: dict[str, Place] = {}
    countries = DataFile(index, index.name).json()
    for country in countries if isinstance(countries, list) else []:
        match = re.match(r"([A-Z]{2})(-.+)?$", line(country.get("code")))
        for entry in country.get("legislatures", []):
            path = line(entry.get("popolo"), 300).split("/")
            if len(path) < 3:
                continue
            stamp = line(entry.get("lastmod"))
            found["/".join(path[-3:-1])] = Place(
                country=match[1] if match else "",
                region=line(country.get("code"), 10) if match and match[2] else "",
                name=line(entry.get("name")),
                terms=tuple(terms_of(entry.get("legislative_periods", [])).items()),
                date=dt.datetime.fromtimestamp(int(stamp), dt.UTC).date() if stamp.isdigit() else None,
            )
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes()[:1_000_000]) if path.is_file() else {}
    except (OSError, ValueError):
        return {}


def legislature(place: Place, name: str = "") -> LegislatureRecord:
    return places.legislature(name or place.name, country=place.country, region=place.region)


def area(area_id: str, name: str, body: LegislatureRecord) -> AreaRecord | None:
    """The constituency; of the United States with the codes that postcodes and other sources share."""
    if not area_id and not name:
        return None
    if body.country == "US" and (shared := places.us_district_code(area_id)):
        if body.chamber == "lower" and shared.parent is None:
            return places.us_congressional(shared.code[3:], 0)
        return shared
    # The same short id ("1") occurs in every legislature.
    return AreaRecord(f"{body.source_id}:{area_id or name}"[:200], body.country, name or area_id)


def party(name: str) -> str:
    """The party's name; EveryPolitician writes "unknown" where it has none."""
    return "" if name.casefold() == "unknown" else name
