"""Write what readers give, set by set: copied to temporary tables first, then compared and merged by PostgreSQL.

Everything happens in the caller's transaction, so a crash leaves nothing half, and in a dozen statements
whatever the size, so a run is quick and needs little memory. The rules are these:

- a row is found again by its source and its id there; a row dated later than the file is left as it is;
- a row that staff changed (`kept`) is left as they made it, but a seat its source no longer has is closed;
- None in a record means that the format does not tell, and keeps what is stored;
- a mandate inside what the file is complete for, but missing from it, is closed on the file's day;
- a route its source no longer gives is retired; one that bounced or was refused stays so whatever a file says.
"""

# ruff: noqa: S608 - the statements are put together from our own column names; values are parameters
from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_noop

from advocacy.representatives.records import AreaRecord, LegislatureRecord, PersonRecord

SHARED = "shared"  # the source of areas that several sources know by one code
BATCH = 1_000  # people held in memory before they are copied
RETIRED = gettext_noop("Its source no longer gives it.")

_STAGES = {
    "stage_legislature": "source_id text, country text, region text, name text, native_name text, chamber text, level text, language text, time_zone text, office_days text",
    "stage_area": "source text, source_id text, country text, code text, name text, parent text",
    "stage_person": "n integer, source_id text, name text, native_name text, sort_name text, given_name text, family_name text, honorific text, gender text, language text, image_url text, other_names jsonb",
    "stage_mandate": "n integer, source_id text, person text, legislature text, area_source text, area text, role text, party text, start_date date, end_date date, dates_known boolean",
    "stage_route": "n integer, person text, kind text, value text, value_key text, priority integer",
    "stage_cover": "legislature text, term text",
}
_PERSON = (
    "name",
    "native_name",
    "sort_name",
    "given_name",
    "family_name",
    "honorific",
    "gender",
    "language",
    "image_url",
    "other_names",
)
# What the columns hold; a longer text is cut (a longer name was refused before).
_LIMITS = {
    "name": 200,
    "native_name": 200,
    "sort_name": 200,
    "given_name": 100,
    "family_name": 100,
    "honorific": 60,
    "gender": 20,
    "language": 12,
    "image_url": 500,
}
_TABLES = "advocacy_legislature, advocacy_area, advocacy_person, advocacy_mandate, advocacy_contactroute"
_MERGED = ("merged_person", "merged_mandate", "merged_route", "touched_person")


@dataclass(slots=True)
class Stored:
    """What a run changed. created + updated + unchanged = people."""

    people: int = 0
    records: int = 0  # people as they stand in the files; the same id twice is one person
    mandates: int = 0
    current: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0
    ended: int = 0
    routes: int = 0
    with_email: int = 0
    with_web_form: int = 0
    repeated: int = 0
    legislatures: list[dict[str, Any]] = field(default_factory=list)
    ended_by_legislature: list[tuple[str, int, int]] = field(default_factory=list)

    def count_by_records(self) -> None:
        """Count people as their set does, by records: a second record of the same person changed nothing."""
        self.unchanged += self.records - self.people
        self.people = self.records


class Store:
    """One source's records, staged by `add` and merged by `finish`. Both inside one transaction."""

    def __init__(self, source: str, as_of: dt.date) -> None:
        self.source, self.as_of = source, as_of
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _STAGES}
        self._seen: set[str] = set()
        self._people = 0
        with connection.cursor() as cursor:
            _drop(cursor)
            for name, columns in _STAGES.items():
                cursor.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")

    def add(self, person: PersonRecord) -> None:
        self._people += 1
        number = self._people
        self._rows["stage_person"].append(
            (
                number,
                person.source_id,
                *(_cut(getattr(person, name), limit) for name, limit in _LIMITS.items()),
                None if person.other_names is None else json.dumps(person.other_names, ensure_ascii=False),
            )
        )
        for mandate in person.mandates:
            self._legislature(mandate.legislature)
            self._area(mandate.area)
            self._rows["stage_mandate"].append(
                (
                    number,
                    mandate.source_id(person.source_id),
                    person.source_id,
                    mandate.legislature.source_id,
                    self._source_of(mandate.area),
                    mandate.area.source_id if mandate.area else None,
                    mandate.role[:100],
                    mandate.party[:200],
                    mandate.start,
                    mandate.end,
                    mandate.dates_known,
                )
            )
        for priority, route in enumerate(person.routes):
            self._rows["stage_route"].append(
                (number, person.source_id, route.kind, route.value, route.key, priority)
            )
        if number % BATCH == 0:
            self._flush()

    def finish(self, covers: Iterable[tuple[str, str | None]], route_kinds: Iterable[str]) -> Stored:
        """Merge what was staged. Safe to repeat: the same records again change nothing."""
        self._rows["stage_cover"] += list(covers)
        self._flush()
        with connection.cursor() as cursor:
            merge = _Merge(
                cursor,
                {"source": self.source, "as_of": self.as_of, "kinds": list(route_kinds), "retired": RETIRED},
            )
            stored = merge.run()
            stored.records = self._people
            _drop(cursor)
        return stored

    def _legislature(self, body: LegislatureRecord) -> None:
        key = f"legislature {body.source_id}"
        if key not in self._seen:
            self._seen.add(key)
            self._rows["stage_legislature"].append(
                (
                    body.source_id,
                    body.country,
                    body.region,
                    body.name[:200],
                    body.native_name[:200],
                    body.chamber,
                    body.level,
                    body.language,
                    body.time_zone,
                    body.office_days,
                )
            )

    def _area(self, area: AreaRecord | None) -> None:
        while area is not None and area.key not in self._seen:
            self._seen.add(area.key)
            parent = area.parent.source_id if area.parent else None
            self._rows["stage_area"].append(
                (self._source_of(area), area.source_id, area.country, area.code[:80], area.name[:200], parent)
            )
            area = area.parent

    def _source_of(self, area: AreaRecord | None) -> str:
        return SHARED if area and area.shared else self.source

    def _flush(self) -> None:
        with connection.cursor() as cursor:
            for name, rows in self._rows.items():
                if rows:
                    with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)
                    rows.clear()


def _cut(text: str | None, limit: int) -> str | None:
    return text if text is None else text[:limit]


def _drop(cursor: CursorWrapper) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join((*_STAGES, *_MERGED))}")


class _Merge:
    """The statements, in order. Table and column names are ours; every value is a parameter."""

    def __init__(self, cursor: CursorWrapper, values: dict[str, Any]) -> None:
        self.cursor, self.values = cursor, values

    def run(self) -> Stored:
        for name in _STAGES:
            self.cursor.execute(f"ANALYZE {name}")
        # An import may fill empty tables; without fresh statistics the joins are planned for no rows at all.
        self._do(f"ANALYZE {_TABLES}")
        stored = Stored()
        self._do("CREATE TEMPORARY TABLE touched_person (id bigint)")
        self._legislatures()
        self._areas()
        self._people(stored)
        self._mandates(stored)
        self._ended(stored)
        self._routes(stored)
        self._count(stored)
        return stored

    def _do(self, statement: str) -> int:
        """Run one statement; returns how many rows it touched."""
        self.cursor.execute(statement, self.values if "%(" in statement else None)
        return self.cursor.rowcount

    def _all(self, statement: str) -> list[tuple[Any, ...]]:
        self._do(statement)
        return self.cursor.fetchall()

    def _legislatures(self) -> None:
        """What a file says is kept up to date; what we guessed from the country is written once only."""
        self._do("""
            UPDATE advocacy_legislature t
               SET name = s.name, chamber = s.chamber, level = s.level, as_of = %(as_of)s
              FROM stage_legislature s
             WHERE t.source = %(source)s AND t.source_id = s.source_id AND t.as_of < %(as_of)s AND NOT t.kept
        """)
        self._do("""
            INSERT INTO advocacy_legislature (source, source_id, as_of, kept, country, region, name, native_name, chamber,
                        level, language, time_zone, office_days, office_opens, office_closes)
            SELECT %(source)s, s.source_id, %(as_of)s, false, s.country, s.region, s.name, s.native_name, s.chamber,
                   s.level, s.language, s.time_zone, s.office_days, '09:00', '17:00'
              FROM stage_legislature s
             WHERE NOT EXISTS (SELECT FROM advocacy_legislature t
                                WHERE t.source = %(source)s AND t.source_id = s.source_id)
        """)

    def _areas(self) -> None:
        self._do("""
            INSERT INTO advocacy_area (source, source_id, as_of, kept, country, code, name)
            SELECT s.source, s.source_id, %(as_of)s, false, s.country, s.code, s.name FROM stage_area s
            ON CONFLICT (source, source_id) DO UPDATE
               SET name = EXCLUDED.name, code = EXCLUDED.code, as_of = EXCLUDED.as_of
             WHERE advocacy_area.as_of < EXCLUDED.as_of AND NOT advocacy_area.kept
        """)
        self._do("""
            UPDATE advocacy_area t SET parent_id = p.id
              FROM stage_area s JOIN stage_area o ON o.source_id = s.parent
              JOIN advocacy_area p ON p.source = o.source AND p.source_id = o.source_id
             WHERE t.source = s.source AND t.source_id = s.source_id AND t.as_of <= %(as_of)s AND NOT t.kept
               AND t.parent_id IS DISTINCT FROM p.id
        """)

    def _people(self, stored: Stored) -> None:
        ours = ", ".join(f"COALESCE(s.{name}, t.{name})" for name in _PERSON)
        theirs = ", ".join(f"t.{name}" for name in _PERSON)
        self._do(f"""
            CREATE TEMPORARY TABLE merged_person AS
            SELECT s.*, t.id AS person_id,
                   CASE WHEN t.id IS NULL THEN 'new' WHEN t.as_of > %(as_of)s THEN 'older'
                        WHEN t.kept THEN 'kept'
                        WHEN ({ours}) IS DISTINCT FROM ({theirs}) THEN 'changed' ELSE 'same' END AS state
              FROM (SELECT DISTINCT ON (source_id) * FROM stage_person ORDER BY source_id, n DESC) s
              LEFT JOIN advocacy_person t ON t.source = %(source)s AND t.source_id = s.source_id
        """)
        sets = ", ".join(f"{name} = COALESCE(s.{name}, t.{name})" for name in _PERSON)
        self._do(f"""
            UPDATE advocacy_person t SET {sets}, as_of = %(as_of)s
              FROM merged_person s WHERE t.id = s.person_id AND s.state = 'changed'
        """)
        self._do("""
            UPDATE advocacy_person t SET as_of = %(as_of)s
              FROM merged_person s WHERE t.id = s.person_id AND s.state = 'same' AND t.as_of < %(as_of)s
        """)
        columns = ", ".join(_PERSON)
        values = ", ".join(
            {
                "sort_name": "COALESCE(s.sort_name, s.name)",
                "other_names": "COALESCE(s.other_names, '{}')",
            }.get(name, f"COALESCE(s.{name}, '')")
            for name in _PERSON
        )
        self._do(f"""
            INSERT INTO advocacy_person (source, source_id, as_of, kept, refuses_letters, {columns})
            SELECT %(source)s, s.source_id, %(as_of)s, false, false, {values} FROM merged_person s WHERE s.state = 'new'
        """)
        self._do("ANALYZE advocacy_person")
        self._do("""
            UPDATE merged_person s SET person_id = t.id FROM advocacy_person t
             WHERE s.state = 'new' AND t.source = %(source)s AND t.source_id = s.source_id
        """)
        self._do("INSERT INTO touched_person SELECT person_id FROM merged_person WHERE state = 'changed'")
        self._do("CREATE UNIQUE INDEX ON merged_person (source_id)")
        self._do("CREATE UNIQUE INDEX ON merged_person (person_id)")
        self._do("ANALYZE merged_person")
        stored.older = self._all("SELECT count(*) FROM merged_person WHERE state = 'older'")[0][0]

    def _mandates(self, stored: Stored) -> None:
        # The same seat twice with different ends: the later end holds, an open one most of all.
        self._do("""
            CREATE TEMPORARY TABLE merged_mandate AS
            SELECT s.source_id, p.person_id, l.id AS legislature_id, a.id AS area_id, s.role, s.party,
                   d.start_date, d.end_date, t.id AS mandate_id,
                   CASE WHEN t.id IS NULL THEN 'new' WHEN t.as_of > %(as_of)s THEN 'older'
                        WHEN t.kept THEN 'kept'
                        WHEN (p.person_id, l.id, a.id, s.role, s.party, d.start_date, d.end_date)
                             IS DISTINCT FROM (t.person_id, t.legislature_id, t.area_id, t.role, t.party,
                                               t.start_date, t.end_date) THEN 'changed'
                        ELSE 'same' END AS state,
                   t.end_date AS end_before
              FROM (SELECT DISTINCT ON (source_id) * FROM stage_mandate
                     ORDER BY source_id, end_date DESC NULLS FIRST, n DESC) s
              JOIN merged_person p ON p.source_id = s.person
              JOIN advocacy_legislature l ON l.source = %(source)s AND l.source_id = s.legislature
              LEFT JOIN advocacy_area a ON a.source = s.area_source AND a.source_id = s.area
              LEFT JOIN advocacy_mandate t ON t.source = %(source)s AND t.source_id = s.source_id
             CROSS JOIN LATERAL (
                SELECT CASE WHEN s.dates_known THEN s.start_date ELSE COALESCE(s.start_date, t.start_date) END,
                       CASE WHEN s.dates_known THEN s.end_date ELSE COALESCE(s.end_date, t.end_date) END
             ) AS d (start_date, end_date)
        """)
        self._do("CREATE UNIQUE INDEX ON merged_mandate (source_id)")
        self._do("ANALYZE merged_mandate")
        self._do("""
            UPDATE advocacy_mandate t
               SET person_id = s.person_id, legislature_id = s.legislature_id, area_id = s.area_id,
                   role = s.role, party = s.party, start_date = s.start_date, end_date = s.end_date,
                   as_of = %(as_of)s
              FROM merged_mandate s WHERE t.id = s.mandate_id AND s.state = 'changed'
        """)
        self._do("""
            UPDATE advocacy_mandate t SET as_of = %(as_of)s
              FROM merged_mandate s WHERE t.id = s.mandate_id AND s.state = 'same' AND t.as_of < %(as_of)s
        """)
        # A seat that only an older file knows was gone by the newer one's day. That day is the one half of
        # the open seats of the same legislature and term carry, so that a single person's file does not set it.
        self._do("""
            WITH newest AS (
                SELECT split_part(source_id, '|', 1) AS legislature, split_part(source_id, '|', 2) AS term,
                       percentile_disc(0.5) WITHIN GROUP (ORDER BY as_of) AS day
                  FROM advocacy_mandate
                 WHERE source = %(source)s AND (end_date IS NULL OR end_date > as_of)
                 GROUP BY 1, 2
            )
            INSERT INTO advocacy_mandate (source, source_id, as_of, kept, person_id, legislature_id, area_id, role, party,
                        start_date, end_date)
            SELECT %(source)s, s.source_id, %(as_of)s, false, s.person_id, s.legislature_id, s.area_id, s.role, s.party,
                   s.start_date,
                   CASE WHEN newest.day > %(as_of)s AND (s.end_date IS NULL OR s.end_date > newest.day)
                        THEN newest.day ELSE s.end_date END
              FROM merged_mandate s
              LEFT JOIN newest ON newest.legislature = split_part(s.source_id, '|', 1)
                              AND newest.term = split_part(s.source_id, '|', 2)
             WHERE s.state = 'new'
        """)
        self._do(
            "INSERT INTO touched_person SELECT person_id FROM merged_mandate WHERE state IN ('new', 'changed')"
        )
        stored.ended += self._all("""
            SELECT count(*) FROM merged_mandate
             WHERE state = 'changed' AND end_date <= %(as_of)s AND (end_before IS NULL OR end_before > %(as_of)s)
        """)[0][0]

    def _ended(self, stored: Stored) -> None:
        ended = self._all("""
            WITH closed AS (
                UPDATE advocacy_mandate m
                   SET end_date = GREATEST(%(as_of)s, m.start_date), as_of = %(as_of)s
                 WHERE m.source = %(source)s AND m.as_of <= %(as_of)s
                   AND (m.end_date IS NULL OR m.end_date > %(as_of)s)
                   AND NOT EXISTS (SELECT FROM merged_mandate s WHERE s.source_id = m.source_id)
                   AND EXISTS (SELECT FROM stage_cover c
                                WHERE c.legislature = split_part(m.source_id, '|', 1)
                                  AND (c.term IS NULL OR c.term = split_part(m.source_id, '|', 2)))
                RETURNING m.person_id, m.legislature_id
            ), touched AS (INSERT INTO touched_person SELECT person_id FROM closed)
            SELECT l.name, count(*),
                   (SELECT count(*) FROM merged_mandate s WHERE s.legislature_id = l.id
                       AND (s.end_date IS NULL OR s.end_date > %(as_of)s))
              FROM closed JOIN advocacy_legislature l ON l.id = closed.legislature_id
             GROUP BY l.id ORDER BY 2 DESC
        """)
        stored.ended += sum(count for _name, count, _left in ended)
        stored.ended_by_legislature = [(name, count, left) for name, count, left in ended]

    def _routes(self, stored: Stored) -> None:
        self._do("""
            CREATE TEMPORARY TABLE merged_route AS
            SELECT p.person_id, s.kind, s.value, s.value_key, s.priority, t.id AS route_id,
                   CASE WHEN p.state = 'older' THEN 'older' WHEN t.id IS NULL THEN 'new'
                        WHEN t.source <> %(source)s OR t.as_of > %(as_of)s THEN 'older'
                        WHEN t.value <> s.value OR (t.state = 'retired' AND t.state_reason = %(retired)s)
                        THEN 'changed' ELSE 'same' END AS state
              FROM (SELECT DISTINCT ON (person, kind, value_key) * FROM stage_route
                     ORDER BY person, kind, value_key, n DESC, priority) s
              JOIN merged_person p ON p.source_id = s.person
              LEFT JOIN advocacy_contactroute t
                     ON t.person_id = p.person_id AND t.kind = s.kind AND t.value_key = s.value_key
        """)
        self._do("CREATE UNIQUE INDEX ON merged_route (person_id, kind, value_key)")
        self._do("ANALYZE merged_route")
        # A bounced or refused route keeps its state: only what an import itself retired comes back.
        self._do("""
            UPDATE advocacy_contactroute t
               SET value = s.value, as_of = %(as_of)s,
                   state = CASE WHEN t.state = 'retired' AND t.state_reason = %(retired)s THEN 'usable' ELSE t.state END,
                   state_changed_at = CASE WHEN t.state = 'retired' AND t.state_reason = %(retired)s
                                           THEN now() ELSE t.state_changed_at END,
                   state_reason = CASE WHEN t.state = 'retired' AND t.state_reason = %(retired)s
                                       THEN '' ELSE t.state_reason END
              FROM merged_route s WHERE t.id = s.route_id AND s.state = 'changed'
        """)
        self._do("""
            UPDATE advocacy_contactroute t SET as_of = %(as_of)s
              FROM merged_route s WHERE t.id = s.route_id AND s.state = 'same' AND t.as_of < %(as_of)s
        """)
        self._do("""
            INSERT INTO advocacy_contactroute (person_id, kind, value, value_key, state, state_reason, priority,
                        source, as_of)
            SELECT person_id, kind, value, value_key, 'usable', '', priority, %(source)s, %(as_of)s
              FROM merged_route WHERE state = 'new'
        """)
        self._do("""
            WITH retired AS (
                UPDATE advocacy_contactroute t
                   SET state = 'retired', state_reason = %(retired)s, state_changed_at = now(), as_of = %(as_of)s
                  FROM merged_person p
                 WHERE t.person_id = p.person_id AND p.state <> 'older' AND t.source = %(source)s
                   AND t.kind = ANY(%(kinds)s) AND t.state = 'usable' AND t.as_of <= %(as_of)s
                   AND NOT EXISTS (SELECT FROM merged_route s WHERE s.person_id = t.person_id
                                      AND s.kind = t.kind AND s.value_key = t.value_key)
                RETURNING t.person_id
            ) INSERT INTO touched_person SELECT person_id FROM retired
        """)
        self._do(
            "INSERT INTO touched_person SELECT person_id FROM merged_route WHERE state IN ('new', 'changed')"
        )

    def _count(self, stored: Stored) -> None:
        held = (
            "(start_date IS NULL OR start_date <= %(as_of)s) AND (end_date IS NULL OR end_date > %(as_of)s)"
        )
        stored.people, stored.created, stored.updated = self._all("""
            SELECT count(*), count(*) FILTER (WHERE state = 'new'),
                   count(*) FILTER (WHERE state <> 'new' AND person_id IN (SELECT id FROM touched_person))
              FROM merged_person
        """)[0]
        stored.unchanged = stored.people - stored.created - stored.updated
        stored.mandates, stored.current = self._all(f"""
            SELECT count(*), count(DISTINCT person_id) FILTER (WHERE {held}) FROM merged_mandate
        """)[0]
        stored.routes, stored.with_email, stored.with_web_form = self._all("""
            SELECT count(*), count(DISTINCT person_id) FILTER (WHERE kind = 'email'),
                   count(DISTINCT person_id) FILTER (WHERE kind = 'web_form') FROM merged_route
        """)[0]
        stored.repeated = self._all("SELECT count(*) FROM stage_mandate")[0][0] - stored.mandates
        stored.legislatures = [
            {"name": name, "country": country, "chamber": chamber, "current": current}
            for name, country, chamber, current in self._all(f"""
                SELECT l.name, l.country, l.chamber, count(DISTINCT m.person_id) FILTER (WHERE {held})
                  FROM merged_mandate m JOIN advocacy_legislature l ON l.id = m.legislature_id
                 GROUP BY l.id ORDER BY 4 DESC, 1 LIMIT 20
            """)
        ]
