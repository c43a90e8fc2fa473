"""Bring a local database to what the code expects: `python -m config.prepare`. Repeating it changes nothing."""

from __future__ import annotations

import os

import django
from django.core.management import call_command

from config import translations


def prepare() -> None:
    """Migrate, compile the translations and seed the demo."""
    migrate()
    translations.compile()
    call_command("seed_demo", "--with-a-past")


def migrate() -> None:
    """Run `migrate` if some migration has not run. Needs Django set up."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)


def make_tables() -> None:
    """Migrate a database that has no table yet, as in a clone where `make run` never was."""
    django.setup()
    from django.db import connection

    try:
        if not connection.introspection.table_names():
            migrate()
    finally:
        connection.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    prepare()
