"""The action pack at the desk: files and links of a campaign, their versions and formats, and the packs made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.desk import Need, StaffAdmin, key_in, needs, who
from accounts.models import User
from accounts.permissions import may, require, visible
from advocacy.admin import languages, tabs
from advocacy.models import Campaign, Resource, ResourceFile, ResourcePack
from advocacy.resources import judging, keeping, packs, serving, shelf
from advocacy.templatetags.resources import file_in_words
from contacts.naming import language_name

TAB = "admin:advocacy_campaign_resources"
tabs.add(60, _("Resources"), TAB, "advocacy.view_resource")

_MOST_FILES = 10  # brought at once


class _Files(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each bounded and judged by its content. Cleans to pairs of a file and what it is."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[tuple[UploadedFile, judging.Judged]]:
        brought: list[UploadedFile] = [file for file in data or [] if file]
        if len(brought) > _MOST_FILES:
            raise ValidationError(
                _("At most %(most)d files at once.") % {"most": _MOST_FILES}, code="too_many"
            )
        found = [(super(FilesField, self).clean(file), _judged(file)) for file in brought]
        formats = [judged.format for _file, judged in found]
        if twice := next((format for format in formats if formats.count(format) > 1), None):
            raise ValidationError(
                _("Two of these files are %(format)s. Bring one file of each format; what differs is a resource of its own."),
                code="twice",
                params={"format": shelf.format_name(twice)},
            )  # fmt: skip
        return found


def _judged(file: UploadedFile) -> judging.Judged:
    if (file.size or 0) > judging.MOST_BYTES:
        raise ValidationError(
            _("“%(name)s” is larger than %(most)d MB."),
            code="too_large",
            params={"name": file.name, "most": judging.MOST_BYTES // 10**6},
        )
    return judging.judge(file, file.name or "")  # type: ignore[arg-type]


def _language_choices() -> list[tuple[str, str]]:
    return [("", gettext("for every language")), *languages.of_letters()]


class ResourceForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        choices=_language_choices,
        required=False,
        help_text=_("A logo is for every language, a leaflet for its own."),
    )
    brought = FilesField(
        label=_("Files"),
        required=False,
        help_text=_(
            "One of each format, up to 50 MB: pictures (PNG, JPEG, GIF, WebP, SVG), PDF, office files without macros, ZIP, "
            "MP4, MP3, text, CSV, calendar. A file of a format that is there already becomes its new version."
        ),
    )
    make_more = forms.BooleanField(
        label=_("Also make JPEG, WebP and smaller sizes of a PNG"),
        required=False,
        initial=True,
        help_text=_("Where no SVG is there. The JPEG stands on white."),
    )
    take_out = forms.ModelMultipleChoiceField(
        label=_("Offer no longer"),
        queryset=ResourceFile.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Staff keep what is taken out."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance.pk is None
        in_force = ResourceFile.objects.filter(resource=self.instance.pk, replaced_at=None)
        if "take_out" in self.fields:
            taken: Any = self.fields["take_out"]
            taken.queryset = in_force.filter(is_made=False)
            taken.label_from_instance = file_in_words
        if "make_more" in self.fields and not is_new:
            self.fields["make_more"].initial = in_force.filter(is_made=True).exists()

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        brings = found.get("brought") or found.get("url")
        if self.instance.pk is None and not brings and not {"brought", "url"} & set(self.errors):
            self.add_error("brought", _("Bring a file, or write the address of a page."))
        return found

    def keep_files(self, resource: Resource, by: User) -> None:
        """Do what the form says about the files of a saved resource."""
        for file in self.cleaned_data.get("take_out", ()):
            keeping.take_out(file)
        for file, judged in self.cleaned_data.get("brought", ()):
            keeping.add(resource, file, name=file.name, judged=judged, by=by)
        if self.cleaned_data.get("make_more") and keeping.may_make_more(resource):
            keeping.make_more(resource, by)
        else:
            keeping.make_no_more(resource)
        keeping.draw_thumbnail(resource)


@admin.register(Resource)
class ResourceAdmin(StaffAdmin):
    purpose = _("Files and links of campaigns; every campaign's page has its own under “Resources”.")
    add_words = _("Add a resource")
    empty_words = _("No resource yet. It is added on the page of its campaign.")
    form = ResourceForm
    change_form_template = "staff/campaigns/resource.html"
    list_display = ["title", "campaign", "kind", "shown_language", "formats", "is_published", "in_pack"]
    list_filter = ["kind", "is_published", "in_pack"]
    list_select_related = ["campaign"]
    search_fields = ["title", "description", "campaign__name"]
    autocomplete_fields = ["campaign"]
    readonly_fields = ["versions"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("files")

    @admin.display(description=_("language"), ordering="language")
    def shown_language(self, resource: Resource) -> str:
        return language_name(resource.language) if resource.language else gettext("for every language")

    @admin.display(description=_("formats"))
    def formats(self, resource: Resource) -> str:
        there = {file.format for file in resource.files.all() if file.replaced_at is None}
        return ", ".join(shelf.format_name(format) for format in sorted(there)) or "–"

    @admin.display(description=_("offered now"))
    def versions(self, resource: Resource) -> str:
        files = list(resource.files.select_related("uploaded_by"))
        return render_to_string(
            "staff/campaigns/_resource_files.html",
            {
                "resource": resource,
                "now": [file for file in files if file.replaced_at is None],
                "before": [file for file in files if file.replaced_at is not None],
            },
        )

    # --- the form
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        about = ["kind", "language", "title", "description"]
        brings = ["brought", "make_more", "url"]
        if obj is None:
            first, last = ["campaign", *about], brings
        else:
            first, last = about, ["versions", *brings, *(["take_out"] if obj.files.exists() else [])]
        return [
            (None, {"fields": first}),
            (_("Files and page"), {"fields": last}),
            (_("Where it is offered"), {"fields": [("is_published", "in_pack")]}),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and self._campaign_asked(request) is not None:
            form.base_fields["campaign"].widget = forms.HiddenInput()
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        campaign = self._campaign_asked(request)
        return {} if campaign is None else {"campaign": campaign.pk}

    def _campaign_asked(self, request: HttpRequest) -> Campaign | None:
        """The campaign whose tab the page was opened from."""
        pk = key_in(request.GET.get("campaign", ""))
        return visible(request.user, Campaign.objects.filter(pk=pk)).first() if pk else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            keeping.put_last(obj)
        super().save_model(request, obj, form, change)
        form.keep_files(obj, who(request))
        packs.want(obj.campaign)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        campaign = obj.campaign
        super().delete_model(request, obj)
        packs.want(campaign)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        campaign = obj.campaign if obj is not None else self._campaign_asked(request)
        if campaign is not None:
            context |= tabs.frame(request, campaign, TAB)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _back(self, resource: Resource) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(TAB, args=[resource.campaign_id]))

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return self._back(obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return self._back(obj)

    # --- our own pages
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        of = "of/<int:pk>/"  # of a campaign
        return [
            path(of, view(require_safe(self.tab_view)), name="advocacy_campaign_resources"),
            path(f"{of}packs/", view(require_POST(self.packs_view)), name="advocacy_campaign_packs"),
            path("<int:pk>/move/", view(require_POST(self.move_view)), name="advocacy_resource_move"),
            path(
                "<int:pk>/file/<int:file>/",
                view(require_safe(self.file_view)),
                name="advocacy_resource_file",
            ),
            *super().get_urls(),
        ]

    def tab_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All resources of a campaign in the order in which the public finds them, and the packs made of them."""
        campaign = _campaign_or_404(request, pk, "advocacy.view_resource")
        rows = self.get_queryset(request).filter(campaign=campaign).annotate(taken=Sum("files__downloads"))
        labels = dict(Resource.Kind.choices)
        kinds = [
            {"label": labels[kind], "rows": [_line(row) for row in rows if row.kind == kind]}
            for kind in Resource.Kind.values
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Resources"),
            "opts": self.opts,
            **tabs.frame(request, campaign, TAB),
            "campaign": campaign,
            "kinds": [kind for kind in kinds if kind["rows"]],
            "packs": [_pack_line(pack) for pack in campaign.packs.order_by("language")],
            "may_add": self.has_add_permission(request),
            "may_change": may(request.user, "advocacy.change_resource"),
        }
        return TemplateResponse(request, "staff/campaigns/resources.html", context)

    def packs_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have every pack made that is not what is published, also those that failed."""
        campaign = _campaign_or_404(request, pk, "advocacy.change_resource")
        asked = packs.want(campaign, anew=True)
        said = ngettext("%(count)d pack is being made.", "%(count)d packs are being made.", asked)
        sentence = said % {"count": asked} if asked else _("Every pack is up to date.")
        self.message_user(request, sentence, messages.SUCCESS)
        return HttpResponseRedirect(reverse(TAB, args=[campaign.pk]))

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One place up or down among those of its kind."""
        resource = self.row_or_404(request, pk, "advocacy.change_resource")
        keeping.move(resource, up=request.POST.get("to") == "up")
        packs.want(resource.campaign)
        return HttpResponseRedirect(f"{reverse(TAB, args=[resource.campaign_id])}#resource-{resource.pk}")

    def file_view(self, request: HttpRequest, pk: int, file: int) -> HttpResponseBase:
        """Any version of a file, for staff; counted nowhere."""
        resource = self.row_or_404(request, pk, "advocacy.view_resource")
        found = get_object_or_404(ResourceFile, resource=resource, pk=file)
        return serving.attachment(request, found.file, name=found.name, mark=found.content_hash)


def _campaign_or_404(request: HttpRequest, pk: int, permission: str) -> Campaign:
    require(request.user, permission)
    campaign = visible(request.user, Campaign.objects.filter(pk=pk)).first()
    if campaign is None:
        raise Http404
    return campaign


def _line(resource: Any) -> dict[str, Any]:
    """A resource as the tab shows it."""
    files = [file for file in resource.files.all() if file.replaced_at is None]
    resource.in_force = files
    return {
        "resource": resource,
        "language": language_name(resource.language) if resource.language else "",
        "files": shelf.files_of(resource),
        "version": max((file.version for file in files), default=0),
        "downloads": resource.taken or 0,
    }


_TONES = {
    ResourcePack.State.READY: "good",
    ResourcePack.State.FAILED: "bad",
}


def _pack_line(pack: ResourcePack) -> dict[str, Any]:
    return {
        "pack": pack,
        "language": language_name(pack.language),
        "tone": _TONES.get(ResourcePack.State(pack.state), "wait"),
        "problem": packs.problem_in_words(pack),
    }


@needs.add
def packs_that_failed(user: User) -> Iterable[Need]:
    """Packs that no worker could make: each campaign's tab says why."""
    if not may(user, "advocacy.change_resource"):
        return
    failed = visible(user, ResourcePack.objects.filter(state=ResourcePack.State.FAILED))
    count, first = failed.count(), failed.order_by("pk").first()
    if first is not None:
        sentence = ngettext(
            "%(count)d action pack cannot be made", "%(count)d action packs cannot be made", count
        )
        url = reverse(TAB, args=[first.campaign_id])
        yield Need(count, sentence % {"count": count}, gettext("why"), url)
