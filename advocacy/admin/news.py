"""News of a campaign at the desk: written, published, taken back to draft."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.desk import StaffAdmin
from accounts.permissions import may
from advocacy import news as told
from advocacy.admin import languages, tabs
from advocacy.admin.parts import OfACampaign, asked_campaign
from advocacy.admin.texts import area, line
from advocacy.models import Campaign, Update

TAB = "admin:advocacy_campaign_news"
tabs.add(30, _("News"), TAB, "advocacy.view_update")

_SHOWN = 100


class UpdateForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=languages.of_pages)

    class Meta:
        model = Update
        fields = ["language", "title", "body"]
        widgets = {"title": line(), "body": area(14, markdown=True)}


@admin.register(Update)
class UpdateAdmin(OfACampaign):
    tab = TAB
    purpose = _("What campaigns told; every campaign's page has its own under “News”.")
    add_words = _("Add a piece of news")
    empty_words = _("No news yet. It is written on the page of its campaign.")
    form = UpdateForm
    change_form_template = "staff/campaigns/update.html"
    list_display = ["title", "campaign", "language", "published_at"]
    list_select_related = ["campaign"]
    list_filter = ["language"]
    search_fields = ["title", "campaign__name"]
    fieldsets = [
        (None, {"fields": ["campaign", "language", "title", "body"]}),
        (_("Date"), {"fields": ["published_at"], "classes": ["collapse"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        first, *others = fieldsets  # the head of the page names the campaign
        return [(first[0], {"fields": [name for name in first[1]["fields"] if name != "campaign"]}), *others]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        campaign = asked_campaign(request)
        return {
            "language": campaign.default_language if campaign else "en",
            **super().get_changeform_initial_data(request),
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Published or taken back by the button that was pressed; by another one it stays as it stands."""
        if "_publish" in request.POST and obj.published_at is None:
            obj.published_at = timezone.now()
        elif "_draft" in request.POST:
            obj.published_at = None
        super().save_model(request, obj, form, change)

    def around(self, campaign: Campaign, obj: Any) -> dict[str, Any]:
        return {"address": told.address(campaign, obj)} if obj is not None else {}


def news_page(model_admin: StaffAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The news of a campaign, drafts first and then the newest."""
    updates = list(campaign.updates.order_by("-published_at", "-pk")[:_SHOWN])  # NULL sorts first
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("News"),
        "opts": model_admin.opts,
        "campaign": campaign,
        "updates": [
            (update, languages.name_of(update.language), told.address(campaign, update)) for update in updates
        ],
        "now": timezone.now(),
        "may_add": may(request.user, "advocacy.add_update"),
        **tabs.frame(request, campaign, TAB),
    }
    return TemplateResponse(request, "staff/campaigns/news.html", context)
