"""A migration stands in nobody's way: letters are written and mail is queued while it runs."""

from __future__ import annotations

import pytest
from django.db.migrations import AddIndex
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.fields import FieldOperation

# The tables that hold millions of rows, and the last migration of their app that is from before this rule.
BIG = {"delivery": ("mailer", 17), "deliveryevent": ("mailer", 17)}


def number(migration: Migration) -> int:
    return int(migration.name[:4])


@pytest.fixture(scope="module")
def migrations() -> list[Migration]:
    found = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    return [one for one in found if one.app_label in {"accounts", "contacts", "mailer", "advocacy"}]


def test_an_index_is_added_to_a_big_table_while_rows_are_written(migrations):
    added = 0
    for migration in migrations:
        for operation in migration.operations:
            app, before = BIG.get(getattr(operation, "model_name", "").lower(), ("", 0))
            if migration.app_label != app or number(migration) <= before:
                continue
            if isinstance(operation, AddIndex):
                added += 1
                assert type(operation).__name__ == "AddIndexConcurrently", (migration, operation)
                assert migration.atomic is False
            field = getattr(operation, "field", None)
            if isinstance(operation, FieldOperation) and field is not None:
                assert not (field.is_relation and field.db_index), f"{migration} indexes {operation.name}"
    assert added >= 5
