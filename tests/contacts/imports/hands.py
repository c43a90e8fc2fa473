"""Small files and what is done with them, for the tests of imports."""

from __future__ import annotations

import io
from typing import Any

from contacts.imports import running, uploading
from contacts.models import Import, MailingList
from tests.factories import make_mailing_list

Status = Import.Status


def receive(text: str, mailing_list: MailingList | None = None, **fields: Any) -> Import:
    """An import of a CSV file with this text, its columns matched by their names and kept as attributes otherwise."""
    run = uploading.receive(
        io.BytesIO(text.encode()),
        name="people.csv",
        mailing_list=mailing_list or make_mailing_list(),
        **{"consent_text": "I want the newsletter.", **fields},
    )
    seen = uploading.preview(run)
    columns = [column.field or f"attribute:{column.attribute}" for column in seen.columns]
    uploading.understand(run, seen, columns)
    return run


def work(run: Import) -> Import:
    """Do what a worker would until there is nothing to do."""
    while running.work(run.pk):
        pass
    run.refresh_from_db()
    return run


def checked(text: str, mailing_list: MailingList | None = None, **fields: Any) -> Import:
    run = receive(text, mailing_list, **fields)
    assert running.begin_check(run, ring=False)
    return work(run)


def brought(text: str, mailing_list: MailingList | None = None, **fields: Any) -> Import:
    """An import that was checked and has run."""
    run = checked(text, mailing_list, **fields)
    assert running.begin_run(run, ring=False)
    return work(run)


def undone(run: Import) -> Import:
    assert running.undo(run, ring=False)
    return work(run)


def counts(run: Import) -> dict[str, int]:
    """The counts that are not 0."""
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "suppressed")
    return {name: found for name in names if (found := getattr(run, name))}
