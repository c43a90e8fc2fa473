"""Which districts a postcode lies in, from a file of pairs.

    run(path, *, country, name="", dry_run=False) -> Report

Reads the congressional districts of the United States (columns `state_abbr`, `zcta`, `cd`) and any CSV with
the columns `postcode` and `area_code` (and `area`, its name). The newest file is the truth for its country.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from advocacy.models import Area
from advocacy.representatives import places
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import AreaRecord, ImportFileError, line
from advocacy.representatives.storing import SHARED

US_DIGITS = 5


@dataclass(slots=True)
class Report:
    """Postcodes, the areas they lie in, pairs of both; how many lie in several; what changed."""

    country: str
    postcodes: int = 0
    areas: int = 0
    pairs: int = 0
    in_several: int = 0
    created: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


def run(path: str | Path, *, country: str, name: str = "", dry_run: bool = False) -> Report:
    """Read the pairs at `path`; those of the country that are not in it go. Safe to repeat. Raises ImportFileError.

    `name` is what the sender calls the file, if that is not the name it has here.
    """
    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise ImportFileError(_("There is no file %(path)s.") % {"path": name})
    country = country.strip().upper()
    if len(country) != 2 or not country.isalpha():
        raise ImportFileError(_("A country is two letters (ISO 3166-1), for example US."))
    report = Report(country)
    pairs: set[tuple[str, str]] = set()
    areas: dict[str, AreaRecord] = {}
    for code, area in _pairs(DataFile(path, name), country, report):
        pairs.add((code, area.code))
        areas[area.code] = area
    if not pairs:
        raise ImportFileError(_("%(name)s holds no postcodes.") % {"name": name})
    codes = [code for code, _area in pairs]
    report.pairs, report.areas, report.postcodes = len(pairs), len(areas), len(set(codes))
    report.in_several = _repeated(codes)
    with transaction.atomic():
        _store_areas(areas.values(), timezone.localdate())
        _store_pairs(pairs, report)
        if dry_run:
            transaction.set_rollback(True)
    return report


def normal(code: str, country: str) -> str:
    """A postcode as it is compared: upper case without blanks and hyphens; a US one with its leading zeros.

    Of a US ZIP+4 the first five digits are the postcode.
    """
    bare = "".join(character for character in code.upper() if character.isalnum())
    if country == "US" and bare.isdigit():
        return bare.zfill(US_DIGITS)[:US_DIGITS]
    return bare[:16]


def _pairs(file: DataFile, country: str, report: Report) -> Iterator[tuple[str, AreaRecord]]:
    for number, row in enumerate(file.rows(), start=2):
        if {"state_abbr", "zcta", "cd"} <= row.keys():
            if country != "US":
                raise ImportFileError(
                    _("%(name)s is about the United States: the country is US.") % {"name": file.name}
                )
            pair = _us_pair(row)
        elif {"postcode", "area_code"} <= row.keys():
            pair = _plain_pair(row, country)
        else:
            raise ImportFileError(
                _("%(name)s has neither the columns postcode and area_code nor state_abbr, zcta and cd.")
                % {"name": file.name}
            )
        if pair is None:
            report.rejected += 1
            if len(report.warnings) < 100:
                report.warnings.append(_("Row %(row)s is no postcode of an area.") % {"row": number})
        else:
            yield pair


def _us_pair(row: dict[str, str]) -> tuple[str, AreaRecord] | None:
    state, code, district = line(row["state_abbr"]).upper(), line(row["zcta"]), line(row["cd"])
    if state not in places.US_STATES or not (
        code.isdigit() and len(code) <= US_DIGITS and district.isdigit()
    ):
        return None
    return normal(code, "US"), places.us_congressional(state, int(district))


def _plain_pair(row: dict[str, str], country: str) -> tuple[str, AreaRecord] | None:
    code, area_code = normal(line(row["postcode"]), country), line(row["area_code"], 80)
    if not code or not area_code:
        return None
    return code, places.shared_area(country, area_code, line(row.get("area")))


def _repeated(codes: list[str]) -> int:
    seen: set[str] = set()
    several: set[str] = set()
    for code in codes:
        (several if code in seen else seen).add(code)
    return len(several)


def _store_areas(areas: Iterable[AreaRecord], today: dt.date) -> None:
    """The districts and their states, shared with every list of members: a postcode finds its state's senators, too."""
    rows: dict[str, AreaRecord] = {}
    for area in areas:
        rows[area.source_id] = area
        if area.parent:
            rows[area.parent.source_id] = area.parent
    Area.objects.bulk_create(
        [
            Area(
                source=SHARED,
                source_id=row.source_id,
                as_of=today,
                country=row.country,
                code=row.code,
                name=row.name,
            )
            for row in rows.values()
        ],
        ignore_conflicts=True,
    )
    stored = {area.source_id: area for area in Area.objects.filter(source=SHARED, source_id__in=rows)}
    changed = []
    for row in rows.values():
        parent = stored[row.parent.source_id] if row.parent else None
        if parent and stored[row.source_id].parent_id != parent.pk:
            stored[row.source_id].parent = parent
            changed.append(stored[row.source_id])
    Area.objects.bulk_update(changed, ["parent"], batch_size=500)


def _store_pairs(pairs: set[tuple[str, str]], report: Report) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS stage_postcode")
        cursor.execute("CREATE TEMPORARY TABLE stage_postcode (code text, area_code text)")
        with cursor.copy("COPY stage_postcode FROM STDIN") as copy:
            for pair in sorted(pairs):
                copy.write_row(pair)
        cursor.execute(
            """DELETE FROM advocacy_postcode t WHERE t.country = %s AND NOT EXISTS
               (SELECT FROM stage_postcode s WHERE s.code = t.code AND s.area_code = t.area_code)""",
            [report.country],
        )
        report.removed = cursor.rowcount
        cursor.execute(
            """INSERT INTO advocacy_postcode (country, code, area_code)
               SELECT %s, code, area_code FROM stage_postcode ON CONFLICT DO NOTHING""",
            [report.country],
        )
        report.created = cursor.rowcount
        cursor.execute("DROP TABLE stage_postcode")
    report.unchanged = report.pairs - report.created
