"""Importing representatives from the desk: a file, a dry run that says what would change, and then the run.

Both are `advocacy.representatives.importing.run`, as on the command line. Between the two the file waits in a folder
only the service can read, under a name that is nobody's to choose; it is removed after the run, or after a day.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, ReadOnly, StaffAdmin, navigation, who
from accounts.permissions import require
from advocacy.models import ColumnMapping, RepresentativeImport
from advocacy.representatives import detect, importing
from advocacy.representatives.readers import mapped_csv

navigation.add(
    Place(
        34,
        _("Imports"),
        "admin:advocacy_representativeimport_changelist",
        "advocacy.view_representativeimport",
    )
)

MAX_BYTES = 25 * 1024 * 1024
KEPT_FOR = dt.timedelta(days=1)
_SHOWN = 200  # rejections on the page; the row keeps 1,000
_SESSION = "representatives_import"

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


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV, JSON or YAML, also .gz and .tar.gz; at most 25 MB. For larger sets use the command import_representatives."
        ),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=lambda: [("auto", _("told by its content")), *((name, name) for name in detect.FORMATS)],
    )
    country = forms.RegexField(
        label=_("Country"),
        regex=r"^[A-Za-z]{2}$",
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

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise ValidationError(_("This file is too large: at most 25 MB."))
        return file


@admin.register(RepresentativeImport)
class RepresentativeImportAdmin(ReadOnly, StaffAdmin):
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
            _forget(request)
            return HttpResponseRedirect(reverse("admin:advocacy_representativeimport_upload"))
        form = UploadForm(request.POST or None, request.FILES or None)
        report = self._dry_run(request, form) if request.method == "POST" and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import representatives"),
            "opts": self.opts,
            "form": form,
            "report": report,
            "counts": in_words({**report.counts, **report.more}) if report else [],
            "rejected": [rejection.as_dict() for rejection in report.rejections[:_SHOWN]] if report else [],
            "more": max(report.counts["rejected"] - _SHOWN, 0) if report else 0,
        }
        return TemplateResponse(request, "staff/import.html", context)

    def _dry_run(self, request: HttpRequest, form: UploadForm) -> importing.Report | None:
        """Keep the file, read it, and change nothing; None, with the reason in the form, if it cannot be taken."""
        _forget(request)
        found = form.cleaned_data
        kept = _keep(found["file"])
        asked = {
            "name": Path(found["file"].name).name[:300],
            "format": found["format"],
            "country": found["country"],
            "as_of": found["as_of"].isoformat() if found["as_of"] else "",
            "mapping": found["mapping"].name if found["mapping"] else "",
        }
        try:
            report = _import(kept, asked, request, dry_run=True)
        except importing.ImportFileError as problem:
            kept.unlink(missing_ok=True)
            form.add_error("file", str(problem))
            return None
        request.session[_SESSION] = {**asked, "kept": kept.name}
        return report

    def _run(self, request: HttpRequest) -> HttpResponse:
        asked = request.session.get(_SESSION)
        kept = _folder() / asked["kept"] if asked else None
        again = HttpResponseRedirect(reverse("admin:advocacy_representativeimport_upload"))
        if asked is None or kept is None or not kept.is_file():
            self.message_user(
                request, _("The file is no longer here. Please choose it again."), messages.ERROR
            )
            return again
        try:
            report = _import(kept, asked, request, dry_run=False)
        except importing.ImportFileError as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return again
        finally:
            _forget(request)
        assert report.saved is not None  # noqa: S101 (every run leaves its row)
        self.note(request, report.saved, "Imported.")
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


def _keep(file: UploadedFile) -> Path:
    """Write an upload to a file of ours. Only its last endings are kept of its name: they tell what unpacks it."""
    endings = "".join(Path(file.name or "").suffixes[-2:])
    safe = "".join(sign for sign in endings if sign.isascii() and (sign.isalnum() or sign == "."))[:20]
    kept = _folder() / f"{secrets.token_hex(16)}{safe}"
    with kept.open("xb") as written:
        for chunk in file.chunks():
            written.write(chunk)
    return kept


def _folder() -> Path:
    """The private folder of uploads; what is older than a day is removed from it."""
    # Two installations on one machine have a folder each.
    ours = hashlib.sha256(f"{settings.SITE_URL} {settings.BASE_DIR}".encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"epistle-uploads-{ours}"
    folder.mkdir(mode=0o700, exist_ok=True)
    oldest = time.time() - KEPT_FOR.total_seconds()
    for old in folder.iterdir():
        with contextlib.suppress(OSError):
            if old.stat().st_mtime < oldest:
                old.unlink()
    return folder


def _forget(request: HttpRequest) -> None:
    asked = request.session.pop(_SESSION, None)
    if asked:
        (_folder() / asked["kept"]).unlink(missing_ok=True)


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
    form = MappingForm
    list_display = ["name", "fields_mapped"]
    search_fields = ["name"]
    fields = ["name", "columns", "defaults"]

    @admin.display(description=_("fields"))
    def fields_mapped(self, mapping: ColumnMapping) -> str:
        return ", ".join(mapping.columns)
