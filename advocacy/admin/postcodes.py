"""Which areas a postcode lies in: the list, and a file that replaces what is known of one country."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, navigation
from accounts.permissions import require
from accounts.steps import along
from advocacy.admin import languages
from advocacy.admin.filters import InWords, country_name
from advocacy.admin.uploads import Upload, UploadForm
from advocacy.deeds import Did
from advocacy.models import Postcode
from advocacy.representatives import postcodes
from advocacy.representatives.records import ImportFileError

navigation.add(Place(36, _("Postcodes"), "admin:advocacy_postcode_changelist", "advocacy.view_postcode"))

_LIST = "admin:advocacy_postcode_changelist"
_UPLOAD = "admin:advocacy_postcode_upload"
_upload = Upload("postcodes_import")


class PostcodesForm(UploadForm):
    country = forms.CharField(
        label=_("Country"),
        max_length=2,
        help_text=_("Two letters, for example US. The file replaces its postcodes."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "CSV with the columns postcode, area_code and perhaps area; or state_abbr, zcta and cd. Also .gz; at most 25 MB."
        )

    def clean_country(self) -> str:
        return languages.country_code(self.cleaned_data["country"])


@admin.register(Postcode)
class PostcodeAdmin(InWords, StaffAdmin):
    saves_in_a_row = True
    purpose = _("In which area a postcode lies: supporters find their representative by it.")
    add_words = _("Add a postcode")
    empty_words = _("No postcode yet. Import a file of them, country by country.")
    list_display = ["code", "in_country", "area_code"]
    search_fields = ["^code"]
    ordering = ["pk"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(
            request, {"may_import": self._may(request, "add"), **(extra_context or {})}
        )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.upload_view)
        return [path("upload/", view, name="advocacy_postcode_upload"), *super().get_urls()]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Upload and dry run, then run or give up: three buttons of one page."""
        require(request.user, "advocacy.add_postcode")
        if request.method == "POST" and "run" in request.POST:
            return self._run(request)
        if request.method == "POST" and "cancel" in request.POST:
            _upload.forget(request)
            return HttpResponseRedirect(reverse(_UPLOAD))
        form = PostcodesForm(request.POST or None, request.FILES or None)
        report = _dry_run(request, form) if request.method == "POST" and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import postcodes"),
            "opts": self.opts,
            "form": form,
            "steps": along((_("File"), _("Check")), 2 if report else 1),
            "report": report,
            "counts": _in_words(report) if report else [],
            "country": country_name(report.country) if report else "",
        }
        return TemplateResponse(request, "staff/import_postcodes.html", context)

    def _run(self, request: HttpRequest) -> HttpResponse:
        waiting = _upload.waiting(request)
        if waiting is None:
            self.message_user(
                request, _("The file is no longer here. Please choose it again."), messages.ERROR
            )
            return HttpResponseRedirect(reverse(_UPLOAD))
        kept, asked = waiting
        try:
            report = postcodes.run(kept, country=asked["country"], name=asked["name"])
        except ImportFileError as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse(_UPLOAD))
        finally:
            _upload.forget(request)
        first = Postcode.objects.filter(country=report.country).order_by("pk")[0]
        self.note(request, first, Did.POSTCODES, pairs=report.pairs, country=report.country)
        sentence = ngettext(
            "%(count)d postcode is known now.", "%(count)d postcodes are known now.", report.postcodes
        )
        self.message_user(request, sentence % {"count": report.postcodes}, messages.SUCCESS)
        return HttpResponseRedirect(reverse(_LIST))


def _dry_run(request: HttpRequest, form: PostcodesForm) -> postcodes.Report | None:
    """Keep the file, read it, and change nothing; None, with the reason in the form, if it cannot be taken."""
    file = form.cleaned_data["file"]
    asked = {"name": Path(file.name).name[:300], "country": form.cleaned_data["country"]}
    kept = _upload.keep(request, file, asked)
    try:
        return postcodes.run(kept, country=asked["country"], name=asked["name"], dry_run=True)
    except ImportFileError as problem:
        _upload.forget(request)
        form.add_error("file", str(problem))
        return None


def _in_words(report: postcodes.Report) -> list[tuple[str, int]]:
    return [
        (gettext("postcodes"), report.postcodes),
        (gettext("areas"), report.areas),
        (gettext("postcodes in several areas"), report.in_several),
        (gettext("new"), report.created),
        (gettext("as they were"), report.unchanged),
        (gettext("no longer there"), report.removed),
        (gettext("pieces not taken"), report.rejected),
    ]
