"""A migration stands in nobody's way: letters are written and mail is queued while it runs."""

from __future__ import annotations

import pytest
from django.db.migrations import AddIndex, RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.fields import FieldOperation

# The tables that hold millions of rows, and the last migration of their app that is from before this rule.
BIG = {"delivery": ("mailer", 17), "deliveryevent": ("mailer", 17), "submission": ("advocacy", 9)}


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
    assert added >= 7


def test_rows_are_filled_in_no_transaction_that_changes_their_table(migrations):
    fill = [one for one in migrations if any(isinstance(step, RunPython) for step in one.operations)]
    assert fill
    for migration in fill:
        if (migration.app_label, number(migration)) == ("contacts", 2):
            continue  # from before this rule, too
        assert migration.atomic is False, migration
        assert not any(isinstance(step, FieldOperation) for step in migration.operations), migration
