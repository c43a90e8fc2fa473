"""The first two steps of the wizard: a file is brought, and a person says how it is read and what its columns are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import connection, transaction
from django.db.models import QuerySet
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.desk import StaffAdmin, key_in, own_organisation, who
from accounts.models import User
from accounts.permissions import may, require
from accounts.steps import Step, along
from contacts.admin.import_forms import (
    ColumnsForm,
    ConsentForm,
    FileForm,
    PurposeForm,
    ReadingForm,
    mappings_of,
    options_in,
)
from contacts.deeds import Did
from contacts.imports import choosing, running, uploading, words
from contacts.imports.columns import apply_mapping
from contacts.imports.reading.bounds import Bounds, FileRefused
from contacts.imports.reading.preview import Preview
from contacts.models import Import, ImportMapping

ADD, CHANGE, VIEW = "contacts.add_import", "contacts.change_import", "contacts.view_import"
_READINGS = 5  # of a doubtful text; further encodings are in the list of all
_ROWS = 10  # of the file, as a preview
_FORM_BYTES = 1 << 20  # what a form may hold beside its file


class Preparing(StaffAdmin):
    """Steps 1 and 2. Nothing is written to the address book here."""

    # --- 1: the file
    @csrf_exempt  # checked in `_file_page`: the middleware would read the whole file before its size is looked at
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request.user, ADD)
        if int(request.META.get("CONTENT_LENGTH") or 0) > Bounds().file + _FORM_BYTES:
            form = FileForm(most_bytes=Bounds().file)
            return self._show_file_step(request, form, refused=words.problem_text("too_large"), status=413)
        return csrf_protect(self._file_page)(request)

    def _file_page(self, request: HttpRequest) -> HttpResponse:
        form = FileForm(request.POST or None, request.FILES or None, most_bytes=Bounds().file)
        if not form.is_valid():
            return self._show_file_step(request, form)
        replaced = self._replaced(request)
        file, user = form.cleaned_data["file"], who(request)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '5min'")  # one COPY, as long as the file is large
            one = uploading.receive(file, name=file.name, user=user, organisation=user.organisation)
        self.note(request, one, Did.FILE_BROUGHT)
        if replaced is not None:
            running.discard(replaced)
        return step(one, "columns")

    def _show_file_step(
        self, request: HttpRequest, form: FileForm, refused: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            **wizard_context(self, request, 1, _("Import people: the file")),
            "form": form,
            "refused": refused,
            "replaced": self._replaced(request),
            "most_megabytes": Bounds().file // 10**6,
            "most_rows": Bounds().rows,
        }
        return TemplateResponse(request, "staff/imports/file.html", context, status=status)

    def _replaced(self, request: HttpRequest) -> Import | None:
        """The import whose file the new one takes the place of: somebody went back from its second step."""
        pk = key_in(request.GET.get("instead", ""))
        rows: QuerySet[Import] = self.get_queryset(request)
        return rows.filter(pk=pk, status__in=choosing.OPEN).first() if pk else None

    # --- 2: the columns
    def columns_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Everything on this page is one form; each of its buttons keeps what was chosen so far."""
        one: Import = self.row_or_404(request, pk, CHANGE)
        if one.status not in choosing.OPEN:
            return to_its_step(one)
        try:
            if request.method == "POST":
                return self._chosen(request, one)
            return self._show_columns(request, Matching(one, who(request)))
        except FileRefused as refused:
            return self._show_refused(request, one, refused)

    def _chosen(self, request: HttpRequest, one: Import) -> HttpResponse:
        """Take what was posted, the reading first: other columns may come of it."""
        user, data = who(request), request.POST
        one.options = options_in(data)
        if mapping := self._asked_mapping(request):
            if not use_mapping(one, mapping):
                said = _("“%(name)s” fits no column of this file. Nothing was changed.") % {
                    "name": mapping.name
                }
                self.message_user(request, said, messages.WARNING)
            return step(one, "columns")
        posted = Matching(one, user, data)
        if not posted.keep():
            return to_its_step(one)
        if "check" in data and posted.is_about_this_reading:
            return self._begin_check(request, posted)
        again = Matching(one, user, preview=posted.preview, new_list=data.get("new_list", ""))
        return self._show_columns(request, again)

    def _begin_check(self, request: HttpRequest, posted: Matching) -> HttpResponse:
        if not posted.is_valid() or posted.problem:
            return self._show_columns(request, posted)
        posted.settle(own_organisation(request), may(request.user, "contacts.add_importmapping"))
        if running.begin_check(posted.one):
            self.note(request, posted.one, Did.FILE_CHECKED)
        return step(posted.one, "check")

    def _asked_mapping(self, request: HttpRequest) -> ImportMapping | None:
        pk = key_in(request.POST.get("mapping", "")) if "use" in request.POST else None
        return mappings_of(who(request)).filter(pk=pk).first() if pk else None

    def _show_columns(self, request: HttpRequest, matching: Matching) -> HttpResponse:
        one = matching.one
        mappings = list(mappings_of(who(request)))
        headers = matching.preview.headers
        fitting = next((each for each in mappings if any(apply_mapping(headers, each.columns))), None)
        context = {
            **wizard_context(self, request, 2, _("Import people: the columns"), one),
            "matching": matching,
            "earlier": uploading.brought_before(one),
            "mappings": mappings,
            "fitting": fitting,
            "may_save_mapping": may(request.user, "contacts.add_importmapping"),
            "may_discard": True,
        }
        part = "staff/imports/_matching.html" if is_part(request) else "staff/imports/columns.html"
        return TemplateResponse(request, part, context)

    def _show_refused(self, request: HttpRequest, one: Import, refused: FileRefused) -> HttpResponse:
        context = {
            **wizard_context(self, request, 2, _("Import people: the columns"), one),
            "problem": words.PROBLEMS.get(refused.word),
            "may_go_back": request.method == "POST",
        }
        part = "staff/imports/_refused.html" if is_part(request) else "staff/imports/refused.html"
        return TemplateResponse(request, part, context)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the page shows it: its heading, some of its values, and the choice of its field."""

    header: str
    samples: Sequence[str]
    choice: BoundField
    is_second: bool


@dataclass(frozen=True, slots=True)
class OtherReading:
    """How the doubtful rows look in one encoding."""

    encoding: str
    name: str
    sample: str
    is_now: bool


class Matching:
    """What the second step shows and takes: the file as it is read now, and a choice for each of its columns.

    Reads the beginning of the file in the reader process; raises FileRefused if it cannot be read at all.
    """

    def __init__(
        self,
        one: Import,
        user: User,
        data: QueryDict | None = None,
        *,
        preview: Preview | None = None,
        new_list: str = "",
    ) -> None:
        self.one = one
        self.preview = preview or uploading.preview(one)
        headers = self.preview.headers
        self.shape = _shape(headers)
        self.is_about_this_reading = data is None or data.get("shape") == self.shape
        fields = one.columns if len(one.columns) == len(headers) else self.preview.fields
        of_this = data if self.is_about_this_reading else None
        self.reading = ReadingForm(chosen=one.options, preview=self.preview)
        self.columns = ColumnsForm(of_this, headers=headers, fields=fields, user=user)
        self.purpose = PurposeForm(data, instance=one, user=user, initial={"new_list": new_list})
        self.consent = ConsentForm(data, instance=one)
        self.save_as = data.get("save_as", "").strip()[:100] if data else ""

    def is_valid(self) -> bool:
        # All of them, so that every message is shown at once.
        return [form.is_valid() for form in (self.columns, self.purpose, self.consent)] == [True] * 3

    def keep(self) -> bool:
        """Keep what was chosen as far as it can be understood. False if a worker has the import by now."""
        self.is_valid()
        purpose, consent = self.purpose.cleaned_data, self.consent.cleaned_data
        return choosing.choose(
            self.one,
            options=self.one.options,
            columns=self.columns.chosen() if self.columns.is_bound else [],
            mode=purpose.get("mode") or Import.Mode.UPDATE,
            mailing_list=purpose.get("mailing_list"),
            suppress_reason=purpose.get("suppress_reason") or "",
            consent_text=consent.get("consent_text") or "",
            consent_page=consent.get("consent_page") or "",
            consent_date=consent.get("consent_date"),
        )

    def settle(self, organisation: int | None, may_save_mapping: bool) -> None:
        """Make what was asked for by name: new attributes, a new list, a saved mapping. What was shown is fixed."""
        headers = self.preview.headers
        chosen = choosing.make_attributes(self.columns.chosen(), headers)
        options = self.preview.options.to_json()
        changes: dict[str, Any] = {"columns": chosen, "options": options, "headers": headers}
        if name := self.purpose.cleaned_data.get("new_list"):
            changes["mailing_list"] = choosing.make_list(name, organisation)
        choosing.choose(self.one, **changes)
        if self.save_as and may_save_mapping:
            choosing.keep_mapping(self.save_as, headers, chosen, options, organisation)

    # --- for the page
    @property
    def source(self) -> Any:
        return words.SOURCES.get(self.preview.source, "")

    @property
    def problem(self) -> Any:
        """Why the file cannot be imported as it is read now; not when a person said which column the address is."""
        word = self.preview.problem
        if word == "no_email_column" and "address" in self.one.columns:
            return None
        return words.PROBLEMS.get(word)

    @property
    def asks_for_header(self) -> bool:
        """Whether a person has to say if the first line is one."""
        return self.preview.problem == "no_header"

    @property
    def must_look(self) -> bool:
        return not self.preview.certain

    @property
    def shown_rows(self) -> Sequence[tuple[int, Sequence[str]]]:
        return self.preview.rows[:_ROWS]

    def shown_columns(self) -> list[Column]:
        return [
            Column(found.header, found.samples, choice, found.repeats)
            for found, choice in zip(self.preview.columns, self.columns, strict=True)
        ]

    def other_readings(self) -> list[OtherReading]:
        return [
            OtherReading(
                encoding=reading.encoding,
                name=words.ENCODINGS.get(reading.encoding, reading.encoding),
                sample=" · ".join(cell for row in reading.rows for cell in row if not cell.isascii()),
                is_now=reading.encoding == self.preview.options.encoding,
            )
            for reading in self.preview.readings[:_READINGS]
        ]


def use_mapping(one: Import, mapping: ImportMapping) -> bool:
    """Read the file and match its columns as a saved mapping does.

    False, with nothing changed, if it knows none of the columns, or a worker has the import by now. One for files
    without headings knows nothing of a file that has some: they would be taken for a person.
    """
    if mapping.options.get("header") is False and any(uploading.preview(one).headers):
        return False
    one.options = {**one.options, **mapping.options}
    columns = apply_mapping(uploading.preview(one).headers, mapping.columns)
    return any(columns) and choosing.choose(one, options=one.options, columns=columns)


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks, for the part of the page that changes."""
    return bool(getattr(request, "htmx", False))


def wizard_context(
    page: StaffAdmin, request: HttpRequest, number: int, title: str, one: Import | None = None
) -> dict[str, Any]:
    """What every page of the wizard needs."""
    return {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.opts,
        "step": number,
        "steps": _steps(number, one),
        "one": one,
    }


def _steps(number: int, one: Import | None) -> list[Step]:
    """The four steps; those behind are links back as long as they can still be changed."""
    is_open = one is not None and one.status in choosing.OPEN
    urls = [back_to(one, at) if one is not None and is_open and at < number else "" for at in range(1, 5)]
    return along((_("File"), _("Columns"), _("Check"), _("Run")), number, urls=urls)


def back_to(one: Import, number: int) -> str:
    """The address of an earlier step."""
    if number == 1:
        return f"{reverse('admin:contacts_import_add')}?instead={one.pk}"
    return reverse(f"admin:contacts_import_{'columns' if number == 2 else 'check'}", args=[one.pk])


def step(one: Import, name: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:contacts_import_{name}", args=[one.pk]))


def to_its_step(one: Import) -> HttpResponseRedirect:
    """Where the import stands now: somebody else, or a worker, went on with it."""
    one.refresh_from_db()
    match one.status:
        case Import.Status.UPLOADED:
            return step(one, "columns")
        case Import.Status.CHECKING | Import.Status.CHECKED:
            return step(one, "check")
    return step(one, "change")


def _shape(headers: list[str]) -> str:
    """A mark of these headings: a form filled in for others is not about this reading."""
    return hashlib.sha256("\0".join(headers).encode("utf-8", "surrogatepass")).hexdigest()[:16]
