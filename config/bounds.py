"""Bounds of the web process alone: a visitor's request never holds the database for long (RELIABILITY A10)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def bound_statements() -> None:
    """From now on, let each new connection of this process give up a statement after PAGE_STATEMENT_TIMEOUT_MS.

    Workers and commands keep the longer bound of the settings. Safe to repeat.
    """
    connection_created.connect(_bound, dispatch_uid="config.bounds.bound_statements")


def _bound(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, false)", [f"{settings.PAGE_STATEMENT_TIMEOUT_MS}ms"]
        )
