"""Taking people away as a file: streamed row by row, harmless in a spreadsheet, and written down before the first byte.

A server-side cursor in one transaction gives every format: the file is the address book at one moment, and memory does
not grow with it. A download that is broken off ends the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import StringAgg
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat, Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from accounts.permissions import bound_to
from accounts.spreadsheets import XLSX_ROWS, csv_file, json_file, xlsx_file
from contacts import export_requests
from contacts.deeds import Did
from contacts.models import Contact, ContactExport, ExportRequest, Subscription, Suppression
from contacts.resources import HEADERS, Column, ContactResource

Format = ContactExport.Format
Row = tuple[list[Any], dict[str, Any]]  # the values of HEADERS, and the attributes
Writer = Callable[[list[Column], Iterable[Row]], Iterator[bytes]]

CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
}

_FETCH = 2_000  # rows a round trip
# What the importer reads as the standing of a suppressed person (contacts/imports/cleaning/statuses.py).
_STATUS_OF = {
    Suppression.Reason.BOUNCE: "bounced",
    Suppression.Reason.UNREACHABLE: "bounced",
    Suppression.Reason.COMPLAINT: "complained",
    Suppression.Reason.NOT_ME: "do_not_contact",
    Suppression.Reason.DO_NOT_CONTACT: "do_not_contact",
    Suppression.Reason.ERASED: "erased",
    Suppression.Reason.LEFT: "left all",
}


class TooManyExportsError(Exception):
    """The person has taken as many files as one may in an hour (RELIABILITY A12)."""


class TooManyRowsError(Exception):
    """Excel holds no more than `XLSX_ROWS` people in a sheet."""


@transaction.atomic
def begin(
    by: User,
    form: str,
    rows: models.QuerySet[Any],
    *,
    organisation: int | None = None,
    mailing_list: int | None = None,
    segment: int | None = None,
    searched: bool = False,
    what: str = "",
    query: str = "",
    asked: ExportRequest | None = None,
) -> ContactExport:
    """Write down that somebody takes `rows` away, before they do. `what` names rows that are no contacts: "mailing 12".
    `asked` is the yes of a second person to `query`, where there is one.

    Raises TooManyExportsError, TooManyRowsError for more than a sheet of Excel holds, and AnswerNeeded where the yes is
    missing (`contacts.export_requests`); then nothing is written. The log itself is the meter: it cannot be flushed away, and two requests at once are counted one after the other.
    """
    if form == Format.XLSX and rows.order_by().values("pk")[: XLSX_ROWS + 1].count() > XLSX_ROWS:
        raise TooManyRowsError
    User.objects.select_for_update().get(pk=by.pk)
    lately = ContactExport.objects.filter(by=by, at__gt=Now() - timedelta(hours=1))
    if lately.count() >= settings.CONTACT_EXPORTS_PER_HOUR:
        raise TooManyExportsError
    entry = ContactExport.objects.create(
        by=by,
        format=form,
        organisation_id=organisation,
        mailing_list_id=mailing_list,
        segment_id=segment,
        searched=searched,
        what=what,
    )
    if export_requests.is_needed(rows):
        export_requests.use(asked, by, what, query, entry)
    if what:
        audit.record(by, audit.Act.TAKEN, Did.EXPORTED_OTHERS, entry, what=what, format=form)
    else:
        audit.record(by, audit.Act.TAKEN, Did.EXPORTED, entry, format=form)
    return entry


def stream(entry: ContactExport, rows: models.QuerySet[Contact]) -> Iterator[bytes]:
    """The file in pieces. When the last one is taken, `entry.rows` says how many people it holds."""
    write: dict[str, Writer] = {
        Format.CSV: _csv,
        Format.XLSX: _xlsx,
        Format.JSON: _json,
    }
    return _counted(entry, rows, write[entry.format])


def _counted(
    entry: ContactExport,
    rows: models.QuerySet[Contact],
    write: Writer,
) -> Iterator[bytes]:
    columns = ContactResource().columns()
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in _rows(rows, entry):
            count += 1
            yield row

    with transaction.atomic():
        yield from write(columns, counted())
    ContactExport.objects.filter(pk=entry.pk).update(rows=count)


def _rows(rows: models.QuerySet[Contact], entry: ContactExport) -> Iterator[Row]:
    """What is stored of each person under `HEADERS`, and their attributes; the oldest person first."""
    status, lists = HEADERS.index("status"), HEADERS.index("lists")
    asked = rows.annotate(
        lists=_lists(entry), refused=_refused(), listed=_listed(entry.mailing_list_id)
    ).order_by("pk")
    names = ["created_at" if name == "since" else name for name in HEADERS]
    names[status] = "refused"
    for *values, attributes, listed in asked.values_list(*names, "attributes", "listed").iterator(_FETCH):
        values[status] = _STATUS_OF.get(values[status]) or listed or _standing(values[lists])
        yield values, attributes


def _cells(columns: list[Column], row: Row) -> list[Any]:
    """The row as a spreadsheet shows it, each attribute in its column."""
    values, attributes = row
    plain = [column.render(value) for column, value in zip(columns, values, strict=False)]
    return plain + [column.render(attributes.get(column.key)) for column in columns[len(values) :]]


def _lists(entry: ContactExport) -> Subquery:
    """ "news: confirmed; small: unsubscribed"; only lists of the organisation, and of who takes them, if bound to some."""
    told = Concat(F("mailing_list__slug"), Value(": "), F("status"))
    rows = Subscription.objects.filter(contact=OuterRef("pk"))
    if entry.organisation_id is not None:
        rows = rows.filter(mailing_list__organisation=entry.organisation_id)
    theirs = bound_to(entry.by) if entry.by is not None else None
    if theirs is not None:
        rows = rows.filter(mailing_list__in=theirs)
    return Subquery(
        rows.order_by()
        .values("contact")
        .annotate(told=StringAgg(told, "; ", order_by="mailing_list__slug"))
        .values("told"),
        output_field=models.TextField(),
    )


def _listed(mailing_list: int | None) -> Any:
    if mailing_list is None:
        return Value("")
    rows = Subscription.objects.filter(contact=OuterRef("pk"), mailing_list=mailing_list)
    return Subquery(rows.values("status")[:1])


def _refused() -> Subquery:
    rows = Suppression.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=Now()),
        address_hash=OuterRef("address_hash"),
        scope__in=[Suppression.Scope.ALL, Suppression.Scope.MAILINGS],
    )
    return Subquery(rows.order_by("pk").values("reason")[:1])


def _standing(lists: str | None) -> str:
    """Where somebody stands who is exported without a list: who is on one is, else a refusal is told."""
    told = lists or ""
    return next((word for word in ("confirmed", "unsubscribed", "pending") if f": {word}" in told), "")


# --- formats ------------------------------------------------------------------------------------------------------


def _csv(columns: list[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    return csv_file([column.header for column in columns], (_cells(columns, row) for row in rows))


def _json(columns: list[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Attributes stand in an object of their own."""
    return json_file(
        {
            **{column.header: column.render(value) for column, value in zip(columns, values, strict=False)},
            "attributes": attributes,
        }
        for values, attributes in rows
    )


def _xlsx(columns: list[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    headers = [column.header for column in columns]
    return xlsx_file("contacts", headers, (_cells(columns, row) for row in rows))


def refusal(error: Exception) -> str:
    """Why there is no file, and what to do, for the person who asked."""
    if isinstance(error, TooManyExportsError):
        return _("You have taken as many files as one may in an hour. Please try again later.")
    return _("Excel holds at most 1,048,575 people in a sheet. Take CSV, or narrow the list with a filter.")
