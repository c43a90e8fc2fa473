"""What a campaign says, a page for each language: story, steps, questions, words; begun, copied, looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.audit import Act
from accounts.desk import StackedStaffInline, StaffAdmin
from accounts.permissions import may, require
from advocacy import copying, links, prose
from advocacy.admin import languages, tabs
from advocacy.admin.overview import Completeness, completeness
from advocacy.admin.parts import OfACampaign
from advocacy.deeds import Did
from advocacy.models import Campaign, CampaignText, Question, Step, Term
from advocacy.models.pages import web_address
from advocacy.views.campaigns import campaign_page

TAB = "admin:advocacy_campaign_texts"
tabs.add(20, _("Texts"), TAB, "advocacy.view_campaigntext")

_LONGEST = 50_000  # signs of Markdown shown as one writes


def area(rows: int, *, markdown: bool = False) -> forms.Textarea:
    """A field for words in any language; one of Markdown is shown as it will look beside it."""
    attrs: dict[str, Any] = {"rows": rows, "class": "vLargeTextField", "dir": "auto"}
    return forms.Textarea(attrs=attrs | ({"data-markdown": ""} if markdown else {}))


def line() -> forms.TextInput:
    """A line of words in any language."""
    return forms.TextInput(attrs={"class": "vLargeTextField", "dir": "auto"})


def web_address_field(label: Any, help_text: Any = "") -> forms.URLField:
    """A field for an address of the web, without the link to the old one that Django's own puts above it."""
    return forms.URLField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=500,
        assume_scheme="https",
        validators=[web_address],
        widget=forms.URLInput(attrs={"class": "vLargeTextField", "dir": "ltr"}),
    )


class TextForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=languages.of_pages)
    video_url = web_address_field(_("Video in this language"), _("Empty: the campaign's own."))

    class Meta:
        model = CampaignText
        fields = ["language", "title", "summary", "story", "asks"]
        widgets = {
            "title": line(),
            "summary": area(2),
            "hero_alt": line(),
            "story": area(14, markdown=True),
            "asks": area(4),
            "share_text": area(2),
            "thank_you": area(4, markdown=True),
            "closed_text": area(3, markdown=True),
            "letter_consent": area(2),
        }

    def clean_summary(self) -> str:
        """One sentence, which also stands in one line of a search engine, however it was broken while typing."""
        return " ".join(self.cleaned_data["summary"].split())


# --- steps, questions, words ------------------------------------------------------------------------------------


class OrderedForm(forms.ModelForm):
    """A part with its place among the others. Without one it comes last."""

    position = forms.IntegerField(label=_("Order"), required=False, min_value=0, max_value=9_999)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial["position"] = None


class OrderedFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        filled = [form for form in self.forms if form.is_valid() and form.cleaned_data]
        last = max((form.cleaned_data.get("position") or 0 for form in filled), default=0)
        for form in filled:
            if form.cleaned_data.get("position") is None:
                last += 1
                form.instance.position = last


class StepForm(OrderedForm):
    url = web_address_field(_("Page"), _("Where the button leads, if it leads to another page."))

    class Meta:
        model = Step
        fields = ["title", "body", "leads_to", "url", "position"]
        widgets = {"title": line(), "body": area(3, markdown=True)}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("leads_to") == Step.LeadsTo.LINK and not found.get("url") and "url" not in self.errors:
            self.add_error("url", _("Say where the button leads, for example https://www.example.org/logo"))
        return found


class QuestionForm(OrderedForm):
    class Meta:
        model = Question
        fields = ["question", "answer", "position"]
        widgets = {"question": line(), "answer": area(4, markdown=True)}


class TermForm(forms.ModelForm):
    class Meta:
        model = Term
        fields = ["term", "meaning"]
        widgets = {"term": line(), "meaning": area(3, markdown=True)}


class PartInline(StackedStaffInline):
    extra = 1  # one to fill in without a script; with one, more are added on the page


class StepInline(PartInline):
    model = Step
    form = StepForm
    formset = OrderedFormSet
    fields = ["title", "body", ("leads_to", "url"), "position"]


class QuestionInline(PartInline):
    model = Question
    form = QuestionForm
    formset = OrderedFormSet
    fields = ["question", "answer", "position"]


class TermInline(PartInline):
    model = Term
    form = TermForm
    fields = ["term", "meaning"]


# --- the page of a text -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A language on the page of texts; `text` is None where nothing is written yet."""

    code: str
    name: str
    text: CampaignText | None
    told: Completeness
    parts: int
    address: str


@admin.register(CampaignText)
class TextAdmin(OfACampaign):
    tab = TAB
    keeps = ("campaign", "language")  # another language begins as a copy
    purpose = _("What campaigns say, in each language; every campaign's page has its own under “Texts”.")
    add_words = _("Add a text")
    empty_words = _("No text yet. It is written on the page of its campaign.")
    form = TextForm
    change_form_template = "staff/campaigns/text.html"
    inlines = [StepInline, QuestionInline, TermInline]
    list_display = ["title", "campaign", "language", "is_ready", "complete"]
    list_select_related = ["campaign"]
    list_filter = ["language"]
    search_fields = ["title", "campaign__name"]
    fieldsets = [
        (None, {"fields": ["campaign", "language", "is_ready"]}),
        (_("At the top"), {"fields": ["title", "summary", "hero_alt", "video_url"]}),
        (_("The story"), {"fields": ["story", "asks"]}),
        (
            _("Sharing, thanks and the end"),
            {
                "fields": ["share_text", "hashtags", "thank_you", "closed_text", "letter_consent"],
                "classes": ["collapse"],
            },
        ),
    ]

    @admin.display(description=_("complete"))
    def complete(self, text: CampaignText) -> str:
        return completeness(text).sentence

    # --- the form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        first, *others = fieldsets  # the head of the page names the campaign and the language
        return [(first[0], {**first[1], "fields": ["is_ready"]}), *others]

    def around(self, campaign: Campaign, obj: Any) -> dict[str, Any]:
        if obj is None:
            return {}
        return {"language_name": languages.name_of(obj.language), "told": completeness(obj)}

    # --- our own pages

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("markdown/", view(require_POST(self.markdown_view)), name="advocacy_campaigntext_markdown"),
            path(
                "<int:pk>/preview/",
                view(require_GET(self.preview_view)),
                name="advocacy_campaigntext_preview",
            ),
            path("<int:pk>/copy/", view(require_POST(self.copy_view)), name="advocacy_campaigntext_copy"),
            *super().get_urls(),
        ]

    def markdown_view(self, request: HttpRequest) -> HttpResponse:
        """A text as its readers will see it, while it is being written. Nothing is kept."""
        require(request.user, "advocacy.view_campaigntext")
        return HttpResponse(prose.markdown(request.POST.get("text", "")[:_LONGEST]))

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The whole public page in this language as it was saved last, whether readers see it yet or not."""
        text = self.row_or_404(request, pk, "advocacy.view_campaigntext")
        with translation.override(links.page_language(text.language)):
            return campaign_page(request, text.campaign, text=text, is_preview=True)

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin another language with what is said in this one, and go on writing there."""
        text = self.row_or_404(request, pk, "advocacy.view_campaigntext")
        require(request.user, "advocacy.add_campaigntext")
        language = request.POST.get("language", "")
        if language not in dict(languages.of_pages()):
            raise Http404
        made, is_new = copying.copy_text(text, language)
        if is_new:
            self.note(request, made, Did.TEXT_COPIED, Act.ADDED)
            self.message_user(
                request,
                gettext(
                    "This is a copy to translate. Readers do not see it before you tick “readers see it”."
                ),
                messages.SUCCESS,
            )
        return HttpResponseRedirect(reverse("admin:advocacy_campaigntext_change", args=[made.pk]))


def texts_page(model_admin: StaffAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The languages of a campaign: what each has, what it lacks, and where to go on."""
    rows = _rows(campaign)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Texts"),
        "opts": model_admin.opts,
        "campaign": campaign,
        "rows": rows,
        "written": [row for row in rows if row.text is not None],
        "may_add": may(request.user, "advocacy.add_campaigntext"),
        **tabs.frame(request, campaign, TAB),
    }
    return TemplateResponse(request, "staff/campaigns/texts.html", context)


def _rows(campaign: Campaign) -> Sequence[Row]:
    parts = [models.Count(name, distinct=True) for name in ("steps", "questions", "terms")]
    texts = {
        text.language: text
        for text in campaign.texts.annotate(parts=parts[0] + parts[1] + parts[2]).order_by("language")
    }
    offered = [code for code, _name in languages.of_pages()]
    codes = [*offered, *(code for code in texts if code not in offered)]
    return [
        Row(
            code,
            languages.name_of(code),
            text := texts.get(code),
            completeness(text) if text else Completeness(code, 0, []),
            getattr(text, "parts", 0),
            links.campaign(campaign, code) if code in offered else "",
        )
        for code in codes
    ]
