"""From the check on: what the file would do, the run, its progress, what became of every row, and back again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.audit import Act
from accounts.desk import StaffAdmin, key_in
from accounts.permissions import may, visible
from contacts.admin.import_forms import ConsentForm
from contacts.admin.import_steps import CHANGE, VIEW, step, to_its_step, wizard_context
from contacts.deeds import Did
from contacts.imports import choosing, reporting, running, undoing, words
from contacts.models import Contact, Import, ImportRow

MOVING = (Import.Status.CHECKING, Import.Status.RUNNING, Import.Status.UNDOING)
TYPE_ABOVE = 1_000  # undoing more people than this asks for their number (LOOK.md)
_SHOWN = 100  # rejected rows on a page
_DIFFERENCES = 20


class Watching(StaffAdmin):
    """Steps 3 and 4, and the page of an import that is done."""

    # --- 3: the check
    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        one: Import = self.row_or_404(request, pk, CHANGE)
        if one.status not in {Import.Status.CHECKING, Import.Status.CHECKED}:
            return to_its_step(one)
        context = {
            **wizard_context(self, request, 3, _("Import people: the check"), one),
            **_moving(one),
            **(self._found(request, one) if one.status == Import.Status.CHECKED else {}),
        }
        return TemplateResponse(request, "staff/imports/check.html", context)

    def _found(self, request: HttpRequest, one: Import) -> dict[str, Any]:
        """What the check found, for the page: the figures, the first differences, the first rejected rows."""
        return {
            "figures": figures(one),
            "may_run": bool(to_do(one)),
            "differences": differences(request, one),
            "notes": words.note_texts(one.notes),
            **rejected(one),
        }

    # --- 4: the run
    def run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The last look before the address book is changed; POST changes it."""
        one: Import = self.row_or_404(request, pk, CHANGE)
        if one.status != Import.Status.CHECKED:
            return to_its_step(one)
        lacking = running.lacks(one)
        if lacking == "mailing_list":
            self.message_user(request, _("Say which list these people are for."), messages.WARNING)
            return step(one, "columns")
        form = None
        if lacking == "consent" or _is_half_proven(one):
            data = request.POST if request.method == "POST" else None
            form = ConsentForm(data, instance=one, needed=True)
        if not to_do(one):
            return step(one, "check")
        if request.method == "POST" and (form is None or form.is_valid()):
            if form is not None:
                choosing.say_proof(one, **form.cleaned_data)
            if running.begin_run(one):
                self.note(request, one, Did.IMPORT_RUN)
            return step(one, "change")
        counts = reporting.counts(one)
        known = counts["created"] + counts["updated"] + counts["unchanged"]
        context = {
            **wizard_context(self, request, 4, _("Import people: the run"), one),
            "figures": figures(one),
            "count": to_do(one),
            "suppressed": counts["suppressed"],
            "known": known,
            "nobody_mailable": counts["suppressed"] == known,
            "consent": form,
        }
        return TemplateResponse(request, "staff/imports/run.html", context)

    # --- the page of one import
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        pk = key_in(object_id)
        if pk is None:
            raise Http404
        one: Import = self.row_or_404(request, pk, VIEW)
        context = {
            **wizard_context(self, request, 4, _("Import"), one),
            **_moving(one),
            "figures": figures(one),
            "may_change": may(request.user, CHANGE, one),
            "tone": words.tone(one.status),
            "problem": words.problem_text(one.problem) if one.problem else "",
            "may_undo": _may_undo(one),
            "kept": one.created_contacts.count() if one.status == Import.Status.UNDONE else 0,
            "notes": words.note_texts(one.notes),
            **(rejected(one) if reporting.counts(one)["rejected"] else {}),
        }
        return TemplateResponse(request, "staff/imports/import.html", context)

    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop, go on, throw away: buttons of several pages. What no longer fits is told, not done."""
        one: Import = self.row_or_404(request, pk, CHANGE)
        if request.method != "POST":
            return to_its_step(one)
        acts = {
            "stop": (running.stop, Did.IMPORT_STOPPED),
            "resume": (running.resume, Did.IMPORT_RESUMED),
            "discard": (running.discard, Did.IMPORT_DISCARDED),
            "back": (running.stop, Did.CHECK_STOPPED),
        }
        act, did = acts.get(request.POST.get("act", ""), (None, None))
        if act is None or did is None or not act(one):
            self.message_user(
                request, _("That is no longer possible: the import has gone on."), messages.WARNING
            )
        else:
            self.note(request, one, did)
        return to_its_step(one)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that moves; when nothing moves any more the whole page is asked for again."""
        one: Import = self.row_or_404(request, pk, VIEW)
        if one.status not in MOVING:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return TemplateResponse(request, "staff/imports/_progress.html", {"one": one, **_moving(one)})

    # --- and back
    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        one: Import = self.row_or_404(request, pk, CHANGE)
        if not _may_undo(one):
            return to_its_step(one)
        forecast = undoing.forecast(one)
        touched = forecast.removed + forecast.restored
        must_type = touched > TYPE_ABOVE
        wrong = request.method == "POST" and must_type and _number(request.POST.get("count", "")) != touched
        if request.method == "POST" and not wrong:
            if running.undo(one):
                self.note(request, one, Did.IMPORT_UNDONE)
            return step(one, "change")
        context = {
            **wizard_context(self, request, 4, _("Undo this import"), one),
            "forecast": forecast,
            "touched": touched,
            "must_type": must_type,
            "wrong": wrong,
        }
        return TemplateResponse(request, "staff/imports/undo.html", context)

    # --- rows and files
    def rejected_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The rejected rows page by page, of one reason if one is asked for."""
        one: Import = self.row_or_404(request, pk, CHANGE)
        context = {
            **wizard_context(self, request, 3, _("Rejected rows"), one),
            **rejected(one, request.GET.get("reason", ""), key_in(request.GET.get("after", "")) or 0),
        }
        return TemplateResponse(request, "staff/imports/rejected.html", context)

    def rejected_file_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """The rejected rows as they stood, with the reasons beside them: mended, the file can be brought again."""
        one: Import = self.row_or_404(request, pk, CHANGE)
        self.note(request, one, Did.REJECTED_TAKEN, Act.TAKEN)
        return _file(f"rejected-{one.pk}.csv", reporting.rejected_file(one))

    def result_file_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """One line for each row of the file: what became of it."""
        one: Import = self.row_or_404(request, pk, CHANGE)
        self.note(request, one, Did.RESULT_TAKEN, Act.TAKEN)
        return _file(f"import-{one.pk}.csv", reporting.result_file(one))


def rejected(one: Import, reason: str = "", after: int = 0) -> dict[str, Any]:
    """The rejected rows after a line, at most a page of them, and how many there are for each reason."""
    rows = one.staged.filter(result=ImportRow.Result.REJECTED, line__gt=after).order_by("line")
    if reason in words.REASONS:
        rows = rows.filter(reason=reason)
    found = list(rows[: _SHOWN + 1])
    return {
        "reasons": [
            {"word": word, "saying": words.REASONS.get(word), "count": count, "here": word == reason}
            for word, count in reporting.reasons(one).items()
        ],
        "reason": reason,
        "bad_rows": [_bad(row, one.headers) for row in found[:_SHOWN]],
        "next_after": found[_SHOWN - 1].line if len(found) > _SHOWN else None,
    }


def _bad(row: ImportRow, headers: list[str]) -> dict[str, Any]:
    """A rejected row with the cell at fault, or with all of its cells where no single one is."""
    cells = row.cells or []
    at = row.column
    return {
        "line": row.line,
        "reason": words.reason_text(row.reason),
        "header": headers[at] if at is not None and at < len(headers) else "",
        "cell": cells[at] if at is not None and at < len(cells) else " · ".join(filter(None, cells)),
    }


def differences(request: HttpRequest, one: Import) -> list[dict[str, Any]]:
    """What would change of the first people, of those whom this member of staff may see."""
    if not may(request.user, "contacts.view_contact"):
        return []
    found = reporting.differences(one, _DIFFERENCES)
    people = visible(request.user, Contact.objects.filter(pk__in={change.contact for change in found}))
    addresses = dict(people.values_list("pk", "address"))
    return [
        {
            "line": change.line,
            "address": addresses[change.contact],
            "label": words.field_label(change.field),
            "before": words.value_text(change.field, change.before),
            "after": words.value_text(change.field, change.after),
        }
        for change in found
        if change.contact in addresses
    ]


def figures(one: Import) -> list[dict[str, Any]]:
    """The counts in our order, as large figures; those that are nought are left out, but the two that one looks for."""
    counts = reporting.counts(one)
    suppressing = one.mode == Import.Mode.SUPPRESS
    names = {
        "created": _("newly suppressed") if suppressing else _("new"),
        "updated": _("changed"),
        "unchanged": _("already there"),
        "duplicates": _("twice in the file"),
        "rejected": _("rejected"),
    }
    if not suppressing:
        names["suppressed"] = _("may not be mailed")
    shown = [{"key": key, "name": name, "count": counts[key]} for key, name in names.items()]
    return [figure for figure in shown if figure["count"] or figure["key"] in {"created", "rejected"}]


def to_do(one: Import) -> int:
    """How many people, or addresses, the run would add or change, as the check foretold."""
    counts = reporting.counts(one)
    return counts["created"] + counts["updated"]


def _is_half_proven(one: Import) -> bool:
    """Whether the words of the consent are there, but not where they stood or when they were agreed to."""
    return bool(one.consent_text) and not (one.consent_page and one.consent_date)


def _may_undo(one: Import) -> bool:
    """Whether there is anything to take back: a suppression is not."""
    return one.status in Import.sources_of(Import.Status.UNDOING) and one.mode != Import.Mode.SUPPRESS


def _moving(one: Import) -> dict[str, Any]:
    is_moving = one.status in MOVING
    if not is_moving:
        return {"is_moving": False}
    progress = reporting.progress(one)
    return {
        "is_moving": True,
        "progress": progress,
        "is_bytes": one.status == Import.Status.CHECKING,
        "left": words.time_left(progress.seconds_left),
    }


def _number(text: str) -> int | None:
    """A number as people type it: with blanks, points or commas between its thousands, in any digits."""
    digits = "".join(sign for sign in text if sign.isdecimal())
    return int(digits) if digits and len(digits) < 12 else None


def _file(name: str, lines: Any) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
