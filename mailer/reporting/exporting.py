"""The people of a report as a file. It is written down who takes it, as with files of contacts, and counted with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from accounts.models import User
from accounts.spreadsheets import csv_file, json_file, xlsx_file
from contacts import exporting
from contacts.models import ContactExport, ExportRequest
from mailer.models import Mailing
from mailer.reporting import people
from mailer.reporting.people import Row, Search

HEADERS = (
    "address",
    "name",
    "language",
    "state",
    "reason",
    "bounce_class",
    "bounce_code",
    "sent",
    "delivered",
    "bounced",
    "complained",
    "opened",
    "clicked",
    "delivery",
)


def begin(
    by: User,
    form: str,
    mailing: Mailing,
    search: Search,
    *,
    query: str = "",
    asked: ExportRequest | None = None,
) -> ContactExport:
    """Write down that somebody takes these people away, before they do. As `contacts.exporting.begin`."""
    return exporting.begin(
        by,
        form,
        people.matching(mailing, search, reader=by),
        organisation=mailing.organisation_id,
        searched=search.is_narrowed(),
        what=f"mailing {mailing.pk}",
        query=query,
        asked=asked,
    )


def stream(entry: ContactExport, mailing: Mailing, search: Search, reader: User) -> Iterator[bytes]:
    """The file in pieces. When the last one is taken, `entry.rows` says how many people it holds."""
    count = 0

    def rows() -> Iterator[list[Any]]:
        nonlocal count
        for row in people.everyone(mailing, search, reader=reader):
            count += 1
            yield _cells(row)

    match entry.format:
        case ContactExport.Format.CSV:
            yield from csv_file(HEADERS, rows())
        case ContactExport.Format.XLSX:
            yield from xlsx_file("people", HEADERS, rows())
        case ContactExport.Format.JSON:
            yield from json_file(dict(zip(HEADERS, cells, strict=True)) for cells in rows())
    ContactExport.objects.filter(pk=entry.pk).update(rows=count)


def _cells(row: Row) -> list[Any]:
    one = row.delivery
    moments = [
        one.sent_at,
        one.delivered_at,
        one.bounced_at,
        one.complained_at,
        one.opened_at,
        one.clicked_at,
    ]
    return [
        one.address,
        row.contact.name if row.contact else "",
        row.language,
        row.state.value,
        row.why,
        one.bounce_class,
        one.bounce_code,
        *map(_moment, moments),
        one.pk,
    ]


def _moment(moment: dt.datetime | None) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(dt.UTC).replace(microsecond=0).isoformat() if moment else ""
