"""The media library at the desk: its page, the picker of the editor, and bringing a picture."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.desk import Place, StaffAdmin, navigation, own_organisation, who
from accounts.permissions import may, require
from mailer import pictures
from mailer.models import Picture

navigation.add(Place(41, _("Pictures"), "admin:mailer_picture_changelist", "mailer.view_picture"))

_IN_THE_PICKER = 60


class NewPictureForm(forms.Form):
    """A picture is drawn anew when the form is read: `picture` is then the row in the library, `is_new` says whether
    it was not there yet."""

    file = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG, GIF or WebP, up to 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg,.gif,.webp"}),
    )
    alt = forms.CharField(
        label=_("What it shows"),
        max_length=300,
        help_text=_("Read aloud, and shown where pictures are off."),
    )


@admin.register(Picture)
class PictureAdmin(StaffAdmin):
    purpose = _("Pictures for mailings and campaign pages, each with what it shows.")
    add_words = _("Add a picture")
    empty_words = _("No picture yet. Add one here, or bring it while you write.")
    newest_first = True
    change_list_template = "staff/mailings/pictures.html"
    change_form_template = "staff/mailings/picture.html"
    list_display = ["thumbnail", "named", "alt", "size", "created_at"]
    list_display_links = ["named"]
    search_fields = ["name", "alt"]
    search_help_text = _("A part of its name, or of what it shows.")
    fields = ["large", "name", "alt", "size", "address", "organisation"]
    readonly_fields = ["large", "size", "address", "organisation"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("picker/", view(require_GET(self.picker_view)), name="mailer_picture_picker"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": _("Pictures"), **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A mail that was sent goes on showing its pictures."""
        return False

    # --- the list and a picture's page

    @admin.display(description=_("picture"))
    def thumbnail(self, picture: Picture) -> str:
        return format_html(
            '<img class="picture-small" src="{}" alt="" loading="lazy">', pictures.url(picture)
        )

    @admin.display(description=_("picture"))
    def large(self, picture: Picture) -> str:
        return format_html(
            '<img class="picture-large" src="{}" alt="{}">', pictures.url(picture), picture.alt
        )

    @admin.display(description=_("name"))
    def named(self, picture: Picture) -> str:
        return format_html("<bdi>{}</bdi>", picture.name)

    @admin.display(description=_("size"))
    def size(self, picture: Picture) -> str:
        return gettext("%(width)d × %(height)d, %(kilobytes)d kB") % {
            "width": picture.width,
            "height": picture.height,
            "kilobytes": -(-picture.bytes // 1_000),
        }

    @admin.display(description=_("address"))
    def address(self, picture: Picture) -> str:
        return format_html('<a href="{0}">{0}</a>', pictures.url(picture))

    # --- bringing one

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A page of its own, and what the editor's picker posts to: asked for JSON, it answers the picker's part."""
        require(request.user, "mailer.add_picture")
        in_picker = request.headers.get("Accept") == "application/json"
        form = NewPictureForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                picture, is_new = pictures.keep(
                    form.cleaned_data["file"],
                    name=form.cleaned_data["file"].name,
                    alt=form.cleaned_data["alt"],
                    user=who(request),
                    organisation_id=own_organisation(request),
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return self._kept(request, picture, is_new, in_picker=in_picker)
        if in_picker:
            return self._picker(request, form)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add a picture"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "staff/mailings/picture_new.html", context)

    def _kept(self, request: HttpRequest, picture: Picture, is_new: bool, *, in_picker: bool) -> HttpResponse:
        if is_new:
            self.note(request, picture, audit.Did.ADDED, audit.Act.ADDED)
        if in_picker:
            return JsonResponse(
                {
                    "choose": picture.pk,
                    "name": picture.name,
                    "alt": picture.alt,
                    "src": pictures.url(picture),
                }
            )
        said = (
            gettext("The picture is in the library.")
            if is_new
            else gettext("This picture was there already.")
        )
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:mailer_picture_changelist"))

    # --- the picker

    def picker_view(self, request: HttpRequest) -> HttpResponse:
        """The newest pictures, or those a word finds, to choose from in the editor's dialogue."""
        require(request.user, "mailer.view_picture")
        return self._picker(request, NewPictureForm())

    def _picker(self, request: HttpRequest, form: NewPictureForm) -> HttpResponse:
        asked = request.GET.get("q", "").replace("\0", "").strip()[:100]
        rows = self.get_queryset(request).order_by("-pk")
        if asked:
            rows = rows.filter(models.Q(name__icontains=asked) | models.Q(alt__icontains=asked))
        context = {
            "pictures": rows[:_IN_THE_PICKER],
            "asked": asked,
            "form": form,
            "may_add": may(request.user, "mailer.add_picture"),
        }
        return TemplateResponse(request, "staff/mailings/_picker.html", context)
