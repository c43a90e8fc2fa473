"""What the letters say, and how a letter to any one representative would read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.desk import Place, StaffAdmin, key_in, navigation
from advocacy import rules, targets, writing
from advocacy.admin import languages
from advocacy.admin.filters import InWords
from advocacy.models import LetterTemplate, Mandate
from mailer import composing

navigation.add(
    Place(
        11, _("Letter templates"), "admin:advocacy_lettertemplate_changelist", "advocacy.view_lettertemplate"
    )
)

_FOUND = 20
_WITH_FIELDS = ["subjects", "salutation", "opening", "body", "closing"]


class TemplateForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=languages.of_letters)

    def clean_country(self) -> str:
        return languages.country_code(self.cleaned_data["country"])

    def clean(self) -> dict[str, Any]:
        """Refuse a merge field nobody can fill, at the text it stands in, by its name."""
        found: dict[str, Any] = super().clean() or {}
        for name in _WITH_FIELDS:
            try:
                composing.check_fields(found.get(name, ""), writing.FIELDS)
            except ValidationError as error:
                self.add_error(name, error)
        if (found.get("min_length") or 0) > (found.get("max_length") or 0):
            self.add_error("max_length", _("The longest letter must be longer than the shortest."))
        return found


@admin.register(LetterTemplate)
class LetterTemplateAdmin(InWords, StaffAdmin):
    purpose = _(
        "The letters supporters begin with: by language, and by country, chamber or party where one is meant for them."
    )
    add_words = _("Add a letter template")
    empty_words = _(
        "No letter template yet. A campaign needs one for each language its letters are written in."
    )
    form = TemplateForm
    list_display = [
        "name",
        "campaign",
        "in_language",
        "priority",
        "in_country",
        "legislature",
        "chamber",
        "party",
    ]
    list_filter = ["language"]
    list_select_related = ["campaign", "legislature"]
    search_fields = ["name", "campaign__name"]
    autocomplete_fields = ["campaign", "legislature", "area"]
    fieldsets = [
        (None, {"fields": ["campaign", "name", "language", "priority"]}),
        (
            _("For whom"),
            {
                "fields": ["country", "legislature", "chamber", "party", "role", "area"],
                "description": _("Without a condition it is the default, taken when no other template fits."),
            },
        ),
        (
            _("The letter"),
            {
                "fields": [
                    "subjects",
                    "subject_editable",
                    "salutation",
                    "opening",
                    "body",
                    "body_editable",
                    "closing",
                ],
                "description": format_lazy(
                    "{} {}.",
                    _(
                        "Merge fields are written as {{ family_name }} or, with what stands in for a missing one, "
                        "as {{ title | Member }}. Known are:"
                    ),
                    ", ".join(sorted(writing.FIELDS)),
                ),
            },
        ),
        (_("Length in characters"), {"fields": [("min_length", "max_length")]}),
    ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"language": "en", **super().get_changeform_initial_data(request)}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A template stays with its campaign: letters point to it."""
        return ["campaign"] if obj is not None else []

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_GET(self.preview_view))
        return [path("<int:pk>/preview/", view, name="advocacy_lettertemplate_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The letter to one representative exactly as it would be sent, for a supporter called Ann Example."""
        template = self.row_or_404(request, pk, "advocacy.view_lettertemplate")
        query = request.GET.get("q", "").replace("\0", "").strip()[:100]
        seat = _seat(request.GET.get("seat", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview"),
            "opts": self.opts,
            "template": template,
            "q": query,
            "found": find_seats(query) if query else [],
            "seat": seat,
            **(preview(template, seat, request.GET.get("subject", "")) if seat else {}),
        }
        return TemplateResponse(request, "staff/preview.html", context)


def preview(template: LetterTemplate, seat: Mandate, subject: str = "") -> dict[str, Any]:
    """What `writing.compose` makes of the template for the holder of a seat, and whether it is the one they get."""
    candidate = targets.candidate(seat)
    subjects = rules.subjects_of(template)
    subject = subject if subject in subjects else subjects[0]
    composed = writing.compose(
        template, candidate, subject=subject, body=template.body, name="Ann Example", place="Exampletown"
    )
    return {
        "candidate": candidate,
        "composed": composed,
        "subjects": subjects,
        "subject": subject,
        "language_name": languages.name_of(template.language),
        "direction": "rtl" if languages.is_right_to_left(template.language) else "ltr",
        "taken": writing.template_for(template.campaign, candidate, template.campaign.default_language),
    }


def find_seats(query: str) -> list[Mandate]:
    """The current seats whose holder's name or place has all words of `query`; at most 20."""
    seats = Mandate.objects.current().select_related("person", "legislature", "area")
    for word in query.split()[:5]:
        seats = seats.filter(
            Q(person__name__icontains=word)
            | Q(person__native_name__icontains=word)
            | Q(area__name__icontains=word)
            | Q(legislature__name__icontains=word)
        )
    return list(seats.order_by("person__sort_name", "person__name", "pk")[:_FOUND])


def _seat(asked: str) -> Mandate | None:
    key = key_in(asked)
    if key is None:
        return None
    return Mandate.objects.select_related("person", "legislature", "area").filter(pk=key).first()
