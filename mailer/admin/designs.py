"""How mailings look, and what editors keep to use again: looks, templates, saved blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, navigation, who
from accounts.permissions import require
from contacts.naming import language_name
from mailer import share_networks, theming
from mailer.admin import block_forms, mailing_write, pages
from mailer.models import Mailing, MailingTemplate, SavedBlock, Theme
from mailer.writing import addresses
from mailer.writing.blocks import KINDS

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

navigation.add(
    Place(
        42,
        _("Templates of mailings"),
        "admin:mailer_mailingtemplate_changelist",
        "mailer.view_mailingtemplate",
    )
)
navigation.add(Place(43, _("Saved blocks"), "admin:mailer_savedblock_changelist", "mailer.view_savedblock"))
navigation.add(Place(44, _("Looks of mailings"), "admin:mailer_theme_changelist", "mailer.view_theme"))

_MOST_WORDS = 1_000
_PROFILES = share_networks.PROFILES


class ThemeForm(forms.ModelForm):
    """The look, with a field for each language of the footer and each network: `footer_<code>`, `profile_<name>`."""

    logo_link = forms.URLField(
        label=_("Where the logo leads"), required=False, max_length=2_000, assume_scheme="https"
    )

    class Meta:
        model = Theme
        fields = [
            "organisation",
            "logo",
            "logo_link",
            "accent",
            "ink",
            "paper",
            "ground",
            "headings",
        ]  # fmt: skip
        widgets = {
            name: forms.TextInput(attrs={"type": "color"}) for name in ("accent", "ink", "paper", "ground")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields:
            if name.startswith("footer_"):
                self.initial.setdefault(
                    name, (self.instance.footer or {}).get(name.removeprefix("footer_"), "")
                )
            if name.startswith("profile_"):
                network = name.removeprefix("profile_")
                self.initial.setdefault(name, (self.instance.profiles or {}).get(network, ""))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        colours = {name: data[name] for name in ("accent", "ink", "paper", "ground") if data.get(name)}
        if len(colours) == 4:
            for finding in theming.findings(Theme(**colours)):
                self.add_error(finding.field, str(finding))
        if data.get("logo_link") and not addresses.is_safe(data["logo_link"]):
            self.add_error("logo_link", _("A mail must not lead there."))
        self.instance.footer = self._kept("footer_")
        self.instance.profiles = self._kept("profile_")
        return data

    def _kept(self, start: str) -> dict[str, str]:
        return {
            name.removeprefix(start): " ".join(value.split())
            for name, value in self.cleaned_data.items()
            if name.startswith(start) and value
        }


def theme_form(theme: Theme | None) -> type[ThemeForm]:
    """The form with the languages of our pages and those the footer has already."""
    codes = list(
        dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *((theme and theme.footer) or {})])
    )
    fields: dict[str, forms.Field] = {
        f"footer_{code}": forms.CharField(
            label=_("Footer: %(language)s") % {"language": language_name(code)},
            required=False,
            max_length=_MOST_WORDS,
            widget=forms.Textarea(attrs={"rows": 2, "lang": code, "dir": "auto"}),
        )
        for code in codes
    }
    for name, label in _PROFILES:
        fields[f"profile_{name}"] = forms.URLField(
            label=str(label), required=False, max_length=500, assume_scheme="https"
        )
    return type("ThemeForm", (ThemeForm,), {**fields, "Meta": ThemeForm.Meta})


@admin.register(Theme)
class ThemeAdmin(StaffAdmin):
    purpose = _("Logo, colours and footer of mailings: one look for each organisation.")
    add_words = _("Add a look")
    empty_words = _("No look yet. Mailings leave in the plain one until you add your own.")
    list_display = ["whose", "colours", "headings"]
    list_display_links = ["whose"]
    list_select_related = ["organisation"]
    ordering = ["pk"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=theme_form(obj), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = list(theme_form(obj).base_fields)
        hidden = set(self.get_exclude(request, obj) or [])
        look = [name for name in ThemeForm.Meta.fields if name not in hidden]
        return [
            (None, {"fields": look}),
            (
                _("Footer"),
                {
                    "fields": [name for name in names if name.startswith("footer_")],
                    "description": _("Below every mail, above the postal address; in the mail's language."),
                },
            ),
            (
                _("Profiles in social networks"),
                {"fields": [name for name in names if name.startswith("profile_")]},
            ),
        ]

    @admin.display(description=_("organisation"))
    def whose(self, theme: Theme) -> str:
        return str(theme)

    @admin.display(description=_("colours"))
    def colours(self, theme: Theme) -> str:
        return f"{theme.accent} · {theme.ink} · {theme.paper}"


class _Kept(StaffAdmin):
    """What is kept from the editor: given another name here, and taken away."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(SavedBlock)
class SavedBlockAdmin(_Kept):
    purpose = _("Parts of mailings kept under a name, to use again.")
    empty_words = _("No block is saved yet. You save one while you write a mailing.")
    list_display = ["name", "kind", "words", "saved_by", "created_at"]
    list_select_related = ["saved_by"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    fields = ["name", "kind", "words"]
    readonly_fields = ["kind", "words"]

    @admin.display(description=_("kind"))
    def kind(self, saved: SavedBlock) -> str:
        known = KINDS.get(saved.block.get("kind", ""))
        return str(known.label) if known else "–"

    @admin.display(description=_("words"))
    def words(self, saved: SavedBlock) -> str:
        return (block_forms.said(saved.block, 300) if saved.block.get("kind") in KINDS else "") or "–"


@admin.register(MailingTemplate)
class MailingTemplateAdmin(_Kept):
    purpose = _("Mailings kept under a name, to begin others from.")
    empty_words = _("No template yet. You keep a mailing as one in its settings.")
    list_display = ["name", "language", "subject", "begin", "saved_by", "created_at"]
    list_select_related = ["saved_by"]
    search_fields = ["name", "subject"]
    ordering = ["name", "pk"]
    fields = ["name", "subject", "preheader", "language", "what", "begin"]
    readonly_fields = ["language", "what", "begin"]

    @admin.display(description=_("blocks"))
    def what(self, template: MailingTemplate) -> str:
        known = [KINDS[block["kind"]].label for block in template.blocks if block.get("kind") in KINDS]
        return ", ".join(str(label) for label in known) or "–"

    @admin.display(description=_("mailing"))
    def begin(self, template: MailingTemplate) -> str:
        url = reverse("admin:mailer_mailing_add") + f"?from=template-{template.pk}"
        return format_html('<a href="{}">{}</a>', url, gettext("Begin one with it"))


@pages.register("as_template", "as-template/", permission="mailer.view_mailing")
def as_template(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Keep what a mailing says in its main language as a template."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request.user, "mailer.add_mailingtemplate")
    text = mailing_write.text_of(mailing, "")
    template = MailingTemplate.objects.create(
        name=mailing.name[:100],
        language=text.language,
        subject=text.subject,
        preheader=text.preheader,
        blocks=text.blocks,
        organisation_id=mailing.organisation_id,
        saved_by=who(request),
    )
    desk.message_user(
        request, gettext("Kept as the template “%(name)s”.") % {"name": template.name}, messages.SUCCESS
    )
    return HttpResponseRedirect(reverse("admin:mailer_mailingtemplate_change", args=[template.pk]))
