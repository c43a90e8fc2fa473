"""A look through everything that is stored, whatever the table: what an erasure promises is said of all of it."""

from __future__ import annotations

from django.db import connection
from psycopg import sql

_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
  AND c.data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'ARRAY', 'tsvector')
ORDER BY 1, 2
"""


def places_of(*words: str) -> list[str]:
    """Each "table.column: word" in which one of the words stands, in any case; bytes are read in UTF-8 and UTF-16."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        columns = cursor.fetchall()
        return [
            f"{table}.{column}: {word}"
            for table, column, kind in columns
            for word in words
            if _holds(cursor, table, column, kind, word)
        ]


def _holds(cursor: object, table: str, column: str, kind: str, word: str) -> bool:
    name = sql.Identifier(column)
    if kind == "bytea":
        needles = [word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
        where = sql.SQL("position(%s::bytea IN {0}) > 0 OR position(%s::bytea IN {0}) > 0 ").format(name)
        where += sql.SQL("OR position(%s::bytea IN {0}) > 0").format(name)
    else:
        needles = [word.lower()]  # type: ignore[list-item]
        where = sql.SQL("position(%s IN lower({0}::text)) > 0").format(name)
    query = sql.SQL("SELECT EXISTS (SELECT 1 FROM {0} WHERE {1})").format(sql.Identifier(table), where)
    cursor.execute(query, needles)  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]
