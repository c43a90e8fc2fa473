"""Campaigns: their texts, whom they ask to write to, what the letters say."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, StaffInline, navigation
from advocacy.models import Campaign, CampaignText, LetterTemplate, TargetRule

navigation.add(Place(10, _("Campaigns"), "admin:advocacy_campaign_changelist", "advocacy.view_campaign"))


class TextInline(StaffInline, admin.StackedInline):
    model = CampaignText


class RuleInline(StaffInline):
    model = TargetRule
    autocomplete_fields = ["legislature", "area", "person"]


@admin.register(Campaign)
class CampaignAdmin(StaffAdmin):
    list_display = ["name", "status", "test_mode", "organisation"]
    search_fields = ["name", "slug"]
    inlines = [TextInline, RuleInline]


@admin.register(LetterTemplate)
class LetterTemplateAdmin(StaffAdmin):
    list_display = ["name", "campaign", "language", "priority"]
    autocomplete_fields = ["campaign", "legislature", "area"]
    search_fields = ["name"]
