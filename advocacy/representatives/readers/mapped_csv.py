"""Any CSV file, through a saved `ColumnMapping`: which of our fields is which of its columns.

Our fields: id, name, given_name, family_name, honorific, gender, language, email, web_form, phone, legislature,
chamber, level, country, region, area, area_code, role, party, start_date, end_date. Needed: name and
legislature, as a column or a fixed value, and a country, which may also be the one the caller gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from advocacy.models import ColumnMapping, Legislature
from advocacy.representatives import places, routes
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import (
    AreaRecord,
    ImportFileError,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    day,
    identity,
    line,
)

FIELDS = frozenset(
    [
        "id",
        "name",
        "native_name",
        "given_name",
        "family_name",
        "honorific",
        "gender",
        "language",
        "image_url",
        "email",
        "web_form",
        "phone",
        "legislature",
        "chamber",
        "level",
        "country",
        "region",
        "area",
        "area_code",
        "role",
        "party",
        "start_date",
        "end_date",
    ]
)


def source(file: DataFile, reading: Reading) -> str:
    return f"csv-{_mapping(reading).name}"[:60]


def route_kinds(reading: Reading) -> frozenset[str]:
    """Only what has a column: a file without telephones retires none."""
    return frozenset(
        routes.EMAIL if kind == "email" else kind
        for kind in ("email", "web_form", "phone")
        if kind in _mapping(reading).columns
    )


def own_date(file: DataFile) -> None:
    return None


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    mapping = _mapping(reading)
    unknown = (mapping.columns.keys() | mapping.defaults.keys()) - FIELDS
    if unknown:
        raise ImportFileError(
            _("The mapping %(mapping)s names fields we do not have: %(fields)s.")
            % {"mapping": mapping.name, "fields": ", ".join(sorted(unknown))}
        )
    for number, row in enumerate(file.rows(), start=2):
        missing = {column for column in mapping.columns.values() if column not in row}
        if missing:
            raise ImportFileError(
                _("%(name)s has no column %(columns)s, which the mapping %(mapping)s needs.")
                % {"name": file.name, "columns": ", ".join(sorted(missing)), "mapping": mapping.name}
            )
        values = {**mapping.defaults, **{field: row[column] for field, column in mapping.columns.items()}}
        yield _person({field: line(value, 600) for field, value in values.items()}, number, file, reading)


def _mapping(reading: Reading) -> ColumnMapping:
    if reading.mapping is None:
        raise ImportFileError(_("A CSV file of this kind needs a saved column mapping."), "--mapping NAME")
    return reading.mapping


def _person(values: dict[str, str], number: int, file: DataFile, reading: Reading) -> PersonRecord:
    given, family = values.get("given_name", "")[:100], values.get("family_name", "")[:100]
    name = values.get("name") or f"{given} {family}".strip()
    body_name, country = values.get("legislature", ""), (values.get("country") or reading.country).upper()
    if not body_name or not places.is_country(country):
        raise ImportFileError(
            _("Row %(row)s of %(name)s does not say which legislature of which country it is about.")
            % {"row": number, "name": file.name}
        )
    chamber, level = values.get("chamber", "").lower(), values.get("level", "").lower()
    body = places.legislature(
        body_name[:200],
        country=country,
        region=values.get("region", "")[:10],
        chamber=chamber if chamber in Legislature.Chamber.values else "",
        level=level if level in Legislature.Level.values else "",
    )
    area_name = values.get("area", "")[:200]
    area = None
    if area_name or values.get("area_code"):
        code = values.get("area_code", "")[:80]
        area = (
            places.shared_area(country, code, area_name)
            if code
            else AreaRecord(identity(body.source_id, area_name), country, area_name)
        )
    person = PersonRecord(
        row=number,
        source_id=values.get("id", "")[:200] or identity(body.source_id, name, area_name),
        name=name,
        native_name=values["native_name"][:200] if "native_name" in values else None,
        sort_name=f"{family}, {given}" if family and given else None,
        given_name=given or None,
        family_name=family or None,
        honorific=values["honorific"][:60] if "honorific" in values else None,
        gender=values["gender"][:20] if "gender" in values else None,
        language=values["language"][:12] if "language" in values else None,
        image_url=values["image_url"][:500] if "image_url" in values else None,
    )
    person.mandates = [
        MandateRecord(
            legislature=body,
            area=area,
            role=values.get("role", "")[:100],
            party=values.get("party", "")[:200],
            start=day(values.get("start_date")),
            end=day(values.get("end_date"), end=True),
        )
    ]
    for field, take in (("email", routes.take_apart), ("web_form", routes.web_form), ("phone", routes.phone)):
        found = take(values.get(field, ""))
        person.routes += found.routes
        person.rejected += [Rejection(name, field, piece, reason) for piece, reason in found.rejected]
    reading.covers.add((body.source_id, None))
    return person
