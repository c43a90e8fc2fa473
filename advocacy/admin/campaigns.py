"""Campaigns: their texts, whom they ask to write to, when they are let loose and when they are stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.db import models
from django.db.models import Count, Model, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.desk import DeskList, Place, StackedStaffInline, StaffAdmin, key_in, navigation
from accounts.permissions import require
from advocacy import links, tasks
from advocacy.admin import embedding, languages, look, news, tabs, texts
from advocacy.admin.overview import Overview, ends_in_words, matches_in_words, matches_of
from advocacy.deeds import Did
from advocacy.models import Campaign, Letter, Membership, TargetRule
from contacts.doorbell import wake

navigation.add(Place(10, _("Campaigns"), "admin:advocacy_campaign_changelist", "advocacy.view_campaign"))

OVERVIEW = "admin:advocacy_campaign_change"
tabs.add(10, _("Overview"), OVERVIEW, "advocacy.view_campaign")
tabs.add(90, _("Letters"), "admin:advocacy_campaign_letters", "advocacy.view_letter")

_PACE = {"per_person_hour", "per_person_day", "per_domain_hour", "per_domain_day", "office_hours"}
_NAMED_IN_RULES = ("legislature", "area", "person")
TYPE_THE_NAME_ABOVE = 1_000  # people; a change that touches more asks for the campaign's short name


class CampaignForm(forms.ModelForm):
    default_language = forms.ChoiceField(label=_("Main language"), choices=languages.of_pages, initial="en")


class RuleForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _NAMED_IN_RULES:
            widget = self.fields[name].widget if name in self.fields else None
            if isinstance(widget, SeldomSet) and self.instance.pk:
                widget.known = getattr(self.instance, name)

    def clean_country(self) -> str:
        return languages.country_code(self.cleaned_data["country"])


class SeldomSet(AutocompleteSelect):
    """A field most rules leave empty: nothing is asked of the database, or even prepared, for an empty one.

    Nor for one whose row came with the rule (`known`): a campaign of thirty rules would ask thirty times.
    """

    known: Model | None = None

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        if self.known is not None and list(value) == [str(self.known.pk)]:
            chosen = self.create_option(name, self.known.pk, str(self.known), True, 1)
            return [(None, [self.create_option(name, "", "", False, 0), chosen], 0)]
        if any(value):
            return super().optgroups(name, value, attr)
        return [(None, [self.create_option(name, "", "", False, 0)], 0)]


class RuleInline(StackedStaffInline):
    model = TargetRule
    form = RuleForm
    classes = ["collapse"]
    fields = [
        ("effect", "matches"),
        ("country", "chamber", "party", "role"),
        ("legislature", "area", "person"),
        "note",
    ]
    autocomplete_fields = _NAMED_IN_RULES
    readonly_fields = ["matches"]
    _counted: dict[int, str] | None = None  # an inline lives for one request

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("legislature", "area", "person")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A plain field: its buttons to add, change and look at a legislature are for the legislatures' own pages."""
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = SeldomSet(db_field, self.admin_site)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    @admin.display(description=_("who matches now"))
    def matches(self, rule: TargetRule) -> str:
        if rule.pk is None:
            words = gettext("everybody, until a condition is set")
        else:
            if self._counted is None:
                self._counted = matches_of(list(TargetRule.objects.filter(campaign=rule.campaign_id)))
            words = self._counted[rule.pk]
        return render_to_string("staff/_matches.html", {"words": words})


class CampaignList(DeskList):
    """The list of campaigns; the page of one has no use for the counts of the list."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet[Any]:
        self.root_queryset = CampaignAdmin.with_queue(self.root_queryset)
        return super().get_queryset(request, exclude_parameters)


@admin.register(Campaign)
class CampaignAdmin(StaffAdmin):
    purpose = _("Calls to write to representatives: who is written to, in which words, and what came of it.")
    add_words = _("Add a campaign")
    empty_words = _(
        "No campaign yet. A new one is a draft in test mode: only staff see it, and no letter reaches anybody."
    )
    form = CampaignForm
    list_display = ["name", "status", "where_letters_go", "waiting", "ends", "organisation", "on_the_site"]
    list_filter = ["status", "test_mode", "stopped"]
    list_select_related = ["organisation"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["mailing_list", "organisation"]
    may_be_of_others = ("mailing_list",)
    inlines = [RuleInline]
    readonly_fields = ["templates_here"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "status", "default_language", "organisation", "goal"]}),
        (
            _("Letters"),
            {
                "fields": [
                    "templates_here",
                    "sender_name",
                    "contact_address",
                    "test_address",
                    "max_recipients",
                    "held_until_looked_at",
                ]
            },
        ),
        (
            _("Pace"),
            {
                "fields": [
                    ("per_person_hour", "per_person_day"),
                    ("per_domain_hour", "per_domain_day"),
                    "office_hours",
                ],
                "description": _("Offices read letters that arrive at the pace of people, not of machines."),
                "classes": ["collapse"],
            },
        ),
        (_("Newsletter"), {"fields": ["mailing_list"]}),
    ]

    def view_on_site(self, campaign: Campaign) -> str:
        """The public page; a draft is shown there to its staff only."""
        return links.campaign(campaign, campaign.default_language)

    # --- the list
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CampaignList

    @staticmethod
    def with_queue(campaigns: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Each campaign with how many letters wait and when the last of them leaves."""
        waiting = Letter.objects.filter(campaign=OuterRef("pk"), status=Letter.Status.CONFIRMED).order_by()
        counted = waiting.values("campaign").annotate(found=Count("pk")).values("found")
        last = waiting.values("campaign").annotate(found=models.Max("slot")).values("found")
        return campaigns.annotate(letters_waiting=Coalesce(Subquery(counted), 0), last_slot=Subquery(last))

    @admin.display(description=_("letters go to"), ordering="test_mode")
    def where_letters_go(self, campaign: Campaign) -> str:
        return render_to_string("staff/_where_letters_go.html", {"campaign": campaign})

    @admin.display(description=_("waiting"), ordering="letters_waiting")
    def waiting(self, campaign: Any) -> int:
        return int(campaign.letters_waiting)

    @admin.display(description=_("forecast"), ordering="last_slot")
    def ends(self, campaign: Any) -> str:
        return ends_in_words(campaign.letters_waiting, campaign.last_slot) or "–"

    # --- the form
    @admin.display(description=_("letter templates"))
    def templates_here(self, campaign: Campaign) -> str:
        return render_to_string(
            "staff/_templates_here.html",
            {"campaign": campaign, "templates": campaign.templates.select_related("legislature", "area")},
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        # A new campaign has no templates yet, and its letters go to the person testing.
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "templates_here"]})
            for title, options in fieldsets
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if "status" in form.changed_data:
            obj.closed_at = timezone.now() if obj.status == Campaign.Status.CLOSED else None
        super().save_model(request, obj, form, change)
        if change and _PACE & set(form.changed_data):
            wake(tasks.reallot, obj.pk)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context["overview"] = Overview.of(obj)
            context["matches_url"] = reverse("admin:advocacy_campaign_matches", args=[obj.pk])
            context["may_change"] = self.has_change_permission(request, obj)
            context |= tabs.frame(request, obj, OVERVIEW)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """A new campaign has nothing to say yet: on to its texts."""
        return HttpResponseRedirect(reverse(texts.TAB, args=[obj.pk]))

    # --- our own pages
    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("matches", require_GET(self.matches_view)),
            ("test_mode", require_http_methods(["GET", "POST"])(self.test_mode_view)),
            ("stop", require_POST(self.stop_view)),
            ("letters", require_GET(self.letters_view)),
            ("texts", require_GET(self.texts_view)),
            ("embed", require_http_methods(["GET", "POST"])(embedding.page)),
            ("look", require_http_methods(["GET", "POST"])(self.look_view)),
            ("news", require_GET(self.news_view)),
        ]
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"advocacy_campaign_{name}")
            for name, view in pages
        ] + [*_members_pages(self.admin_site), *super().get_urls()]

    def matches_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How many people a rule that is being written would name, and the first of them; plain text."""
        campaign = self.row_or_404(request, pk, "advocacy.view_campaign")
        return HttpResponse(
            matches_in_words(_rule_from(request, campaign)), content_type="text/plain; charset=utf-8"
        )

    def test_mode_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a campaign's letters go to the representatives, or back to the person testing."""
        campaign = self.row_or_404(request, pk, "advocacy.change_campaign")
        overview = Overview.of(campaign)
        must_type = campaign.test_mode and overview.people > TYPE_THE_NAME_ABOVE
        wrong = False
        if request.method == "POST":
            wrong = must_type and request.POST.get("name", "").strip() != campaign.slug
            if not wrong:
                self._switch_test_mode(request, campaign, leave=campaign.test_mode)
                return HttpResponseRedirect(reverse("admin:advocacy_campaign_change", args=[campaign.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Leave test mode") if campaign.test_mode else _("Back to test mode"),
            "opts": self.opts,
            "campaign": campaign,
            "overview": overview,
            "must_type": must_type,
            "wrong": wrong,
            **tabs.frame(request, campaign, OVERVIEW),
        }
        return TemplateResponse(request, "staff/test_mode.html", context)

    @admin.display(description=_("on the site"))
    def on_the_site(self, campaign: Campaign) -> str:
        """The way to the campaign's public page; of a draft only staff see it."""
        url = reverse("advocacy:campaign", args=[campaign.slug])
        words = gettext("Open")
        return format_html(
            '<a class="row-act" href="{}" aria-label="{}: {}">{}</a>', url, words, campaign.name, words
        )

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Press or take off the stop button, as the form says; a repeat changes nothing."""
        campaign = self.row_or_404(request, pk, "advocacy.change_campaign")
        stop = request.POST.get("stop") == "1"
        if Campaign.objects.filter(pk=campaign.pk, stopped=not stop).update(stopped=stop):
            self.note(request, campaign, Did.STOPPED if stop else Did.STARTED)
            if not stop:
                wake(tasks.reallot, campaign.pk)
            sentence = (
                _("Stopped: no letter of this campaign leaves until you start it again.")
                if stop
                else _("Letters leave again as the pace allows.")
            )
            self.message_user(request, sentence, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:advocacy_campaign_change", args=[campaign.pk]))

    def texts_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the campaign says, by language."""
        require(request.user, "advocacy.view_campaigntext")
        return texts.texts_page(self, request, self.row_or_404(request, pk, "advocacy.view_campaign"))

    def look_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Its pictures, video, colour and partners."""
        return look.look_page(self, request, self.row_or_404(request, pk, "advocacy.change_campaign"))

    def news_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What it told and what it is about to tell."""
        require(request.user, "advocacy.view_update")
        return news.news_page(self, request, self.row_or_404(request, pk, "advocacy.view_campaign"))

    def letters_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """To this campaign's part of the list of letters."""
        campaign = self.row_or_404(request, pk, "advocacy.view_campaign")
        return HttpResponseRedirect(
            f"{reverse('admin:advocacy_letter_changelist')}?campaign__id__exact={campaign.pk}"
        )

    def _switch_test_mode(self, request: HttpRequest, campaign: Campaign, *, leave: bool) -> None:
        if not Campaign.objects.filter(pk=campaign.pk, test_mode=leave).update(test_mode=not leave):
            return
        self.note(request, campaign, Did.TEST_MODE_LEFT if leave else Did.TEST_MODE_BACK)
        if leave:
            wake(tasks.reallot, campaign.pk)
        sentence = (
            _("New letters now go to the representatives.")
            if leave
            else _("New letters now go to the person testing.")
        )
        self.message_user(request, sentence, messages.SUCCESS)


def _rule_from(request: HttpRequest, campaign: Campaign) -> TargetRule:
    """The rule the query describes; what cannot be read is as if it were not set."""
    rule = TargetRule(campaign=campaign)
    for name in ("country", "chamber", "party", "role"):
        setattr(rule, name, request.GET.get(name, "")[:200].replace("\0", ""))
    for name in ("legislature", "area", "person"):
        setattr(rule, f"{name}_id", key_in(request.GET.get(name, "")))
    return rule


def _members_pages(site: admin.AdminSite) -> list[URLPattern]:
    """The pages of the Members tab, which are the business of the members' own admin."""
    desk: Any = site.get_model_admin(Membership)
    pages: list[URLPattern] = desk.pages_of_a_campaign()
    return pages
