"""Importing representatives from the desk: a file, a dry run that says what would change, and then the run.

Both are `advocacy.representatives.importing.run`, as on the command line. Between the two the file waits in `uploads`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, ReadOnly, StaffAdmin, navigation, who
from accounts.permissions import require
from accounts.steps import along
from advocacy.admin.languages import country_code
from advocacy.admin.uploads import Upload, UploadForm
from advocacy.deeds import Did
from advocacy.models import ColumnMapping, RepresentativeImport
from advocacy.representatives import detect, importing
from advocacy.representatives.readers import mapped_csv

navigation.add(
    Place(
        34,
        _("Imports of representatives"),
        "admin:advocacy_representativeimport_changelist",
        "advocacy.view_representativeimport",
    )
)

_SHOWN = 200  # rejections on the page; the row keeps 1,000
_upload = Upload("representatives_import")

_WORDS = {
    "people": _("people read"),
    "created": _("new"),
    "updated": _("changed"),
    "unchanged": _("as they were"),
    "ended": _("mandates ended"),
    "mandates": _("mandates"),
    "current": _("current mandates"),
    "routes": _("routes"),
    "rejected": _("pieces not taken"),
    "with_email": _("with an address"),
    "with_web_form": _("with a web form"),
    "repeated": _("twice in the file"),
    "older": _("older than what we have"),
}


class RepresentativesForm(UploadForm):
    format = forms.ChoiceField(
        label=_("Format"),
        choices=lambda: [("auto", _("told by its content")), *((name, name) for name in detect.FORMATS)],
    )
    country = forms.CharField(
        label=_("Country"),
        max_length=2,
        required=False,
        help_text=_("Two letters, for example KE; needed where the file does not say it."),
    )
    as_of = forms.DateField(
        label=_("As of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The day the data is about. Empty: the file's own day, else today."),
    )
    mapping = forms.ModelChoiceField(
        label=_("Column mapping"),
        queryset=ColumnMapping.objects.order_by("name"),
        to_field_name="name",
        required=False,
        empty_label=_("None"),
        help_text=_("For a CSV file of your own."),
    )

    field_order = ["file"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "CSV, JSON or YAML, also .gz and .tar.gz; at most 25 MB. For larger sets use the command import_representatives."
        )

    def clean_country(self) -> str:
        return country_code(self.cleaned_data["country"])


@admin.register(RepresentativeImport)
class RepresentativeImportAdmin(ReadOnly, StaffAdmin):
    purpose = _("The files of representatives that were brought, with what each changed.")
    empty_words = _("No file was brought yet. A dry run shows first what it would change.")
    list_display = [
        "created_at",
        "file_name",
        "format",
        "as_of",
        "changed",
        "rejected_pieces",
        "dry_run",
        "by",
    ]
    list_filter = ["dry_run", "format"]
    list_select_related = ["by"]
    ordering = ["-pk"]
    fields = ["file_name", "format", "as_of", "dry_run", "by", "created_at", "figures", "not_taken"]
    readonly_fields = ["figures", "not_taken"]

    @admin.display(description=_("new, changed, ended"))
    def changed(self, row: RepresentativeImport) -> str:
        return " · ".join(str(row.counts.get(key, 0)) for key in ("created", "updated", "ended"))

    @admin.display(description=_("not taken"))
    def rejected_pieces(self, row: RepresentativeImport) -> int:
        return int(row.counts.get("rejected", 0))

    @admin.display(description=_("counts"))
    def figures(self, row: RepresentativeImport) -> str:
        return render_to_string("staff/_import_counts.html", {"counts": in_words(row.counts)})

    @admin.display(description=_("not taken"))
    def not_taken(self, row: RepresentativeImport) -> str:
        return render_to_string(
            "staff/_import_rejected.html",
            {"rejected": row.rejected[:_SHOWN], "more": max(row.counts.get("rejected", 0) - _SHOWN, 0)},
        )

    def has_add_permission(self, *args: Any) -> bool:
        return False  # a file is the only way in

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_import = self._may(request, "add")
        return super().changelist_view(request, {"may_import": may_import, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.upload_view)
        return [path("upload/", view, name="advocacy_representativeimport_upload"), *super().get_urls()]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Upload and dry run, then run or give up: three buttons of one page."""
        require(request.user, "advocacy.add_representativeimport")
        if request.method == "POST" and "run" in request.POST:
            return self._run(request)
        if request.method == "POST" and "cancel" in request.POST:
            _upload.forget(request)
            return HttpResponseRedirect(reverse("admin:advocacy_representativeimport_upload"))
        form = RepresentativesForm(request.POST or None, request.FILES or None)
        report = self._dry_run(request, form) if request.method == "POST" and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import representatives"),
            "opts": self.opts,
            "form": form,
            "steps": along((_("File"), _("Check")), 2 if report else 1),
            "report": report,
            "counts": in_words({**report.counts, **report.more}) if report else [],
            "rejected": [rejection.as_dict() for rejection in report.rejections[:_SHOWN]] if report else [],
            "more": max(report.counts["rejected"] - _SHOWN, 0) if report else 0,
        }
        return TemplateResponse(request, "staff/import.html", context)

    def _dry_run(self, request: HttpRequest, form: RepresentativesForm) -> importing.Report | None:
        """Keep the file, read it, and change nothing; None, with the reason in the form, if it cannot be taken."""
        found = form.cleaned_data
        asked = {
            "name": Path(found["file"].name).name[:300],
            "format": found["format"],
            "country": found["country"],
            "as_of": found["as_of"].isoformat() if found["as_of"] else "",
            "mapping": found["mapping"].name if found["mapping"] else "",
        }
        kept = _upload.keep(request, found["file"], asked)
        try:
            return _import(kept, asked, request, dry_run=True)
        except importing.ImportFileError as problem:
            _upload.forget(request)
            form.add_error("file", str(problem))
            return None

    def _run(self, request: HttpRequest) -> HttpResponse:
        again = HttpResponseRedirect(reverse("admin:advocacy_representativeimport_upload"))
        waiting = _upload.waiting(request)
        if waiting is None:
            self.message_user(
                request, _("The file is no longer here. Please choose it again."), messages.ERROR
            )
            return again
        kept, asked = waiting
        try:
            report = _import(kept, asked, request, dry_run=False)
        except importing.ImportFileError as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return again
        finally:
            _upload.forget(request)
        assert report.saved is not None  # noqa: S101 (every run leaves its row)
        self.note(request, report.saved, Did.IMPORTED)
        self.message_user(request, _("Imported."), messages.SUCCESS)
        return HttpResponseRedirect(
            reverse("admin:advocacy_representativeimport_change", args=[report.saved.pk])
        )


def in_words(counts: dict[str, int]) -> list[tuple[str, int]]:
    """The counts of a run with their names, in our order."""
    return [(str(word), counts[key]) for key, word in _WORDS.items() if key in counts]


def _import(kept: Path, asked: dict[str, str], request: HttpRequest, *, dry_run: bool) -> importing.Report:
    return importing.run(
        kept,
        format=asked["format"],
        country=asked["country"],
        as_of=dt.date.fromisoformat(asked["as_of"]) if asked["as_of"] else None,
        mapping=asked["mapping"],
        dry_run=dry_run,
        by=who(request),
        name=asked["name"],
    )


class MappingForm(forms.ModelForm):
    """A mapping as lines of "our field = their column"; what is checked here cannot fail in a run."""

    columns = forms.CharField(
        label=_("Columns"),
        widget=forms.Textarea(attrs={"rows": 12, "cols": 60}),
        help_text=_("One a line: our field = the heading in the file, for example  name = Full name"),
    )
    defaults = forms.CharField(
        label=_("Fixed values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 60}),
        help_text=_("One a line, for example  legislature = City Council"),
    )

    class Meta:
        model = ColumnMapping
        fields = ["name", "columns", "defaults"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("columns", "defaults"):
            kept = getattr(self.instance, name) or {}
            self.initial[name] = "\n".join(f"{field} = {value}" for field, value in kept.items())

    def clean_columns(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["columns"])

    def clean_defaults(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["defaults"])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        given = {*(found.get("columns") or {}), *(found.get("defaults") or {})}
        if given and not given & {"name", "given_name", "family_name"}:
            self.add_error("columns", _("Nothing here says what a person is called: name is needed."))
        if given and "legislature" not in given:
            self.add_error(
                "columns", _("Nothing here says which legislature: a column or a fixed value is needed.")
            )
        return found


def _pairs(text: str) -> dict[str, str]:
    """Lines of "field = value" as a mapping. Raises ValidationError, naming the line, for anything else."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        field, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not value:
            raise ValidationError(
                _("Line %(number)d is not “our field = something”."), params={"number": number}
            )
        if field not in mapped_csv.FIELDS:
            raise ValidationError(
                _("Line %(number)d: there is no field %(field)s. Ours are: %(fields)s."),
                params={
                    "number": number,
                    "field": field[:60],
                    "fields": ", ".join(sorted(mapped_csv.FIELDS)),
                },
            )
        if field in found:
            raise ValidationError(
                _("Line %(number)d: %(field)s is there twice."), params={"number": number, "field": field}
            )
        found[field] = value[:200]
    return found


@admin.register(ColumnMapping)
class ColumnMappingAdmin(StaffAdmin):
    purpose = _("Which column of a file means what, kept for the next file of its kind.")
    add_words = _("Add a column mapping")
    empty_words = _("No mapping is kept yet. You keep one while you import a file.")
    form = MappingForm
    list_display = ["name", "fields_mapped"]
    search_fields = ["name"]
    fields = ["name", "columns", "defaults"]

    @admin.display(description=_("fields"))
    def fields_mapped(self, mapping: ColumnMapping) -> str:
        return ", ".join(mapping.columns)
