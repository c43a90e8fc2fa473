"""Parts of a campaign at the desk: rows that are made from one of its tabs, keep their campaign, and lead back there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.desk import StaffAdmin, key_in
from accounts.permissions import may, visible
from advocacy.admin import tabs
from advocacy.models import Campaign


def asked_campaign(request: HttpRequest) -> Campaign | None:
    """The campaign that the address or the form of a new row names, if it is theirs."""
    key = key_in(request.POST.get("campaign", "") or request.GET.get("campaign", ""))
    return visible(request.user, Campaign.objects.all()).filter(pk=key).first() if key else None


class OfACampaign(StaffAdmin):
    """A row of a tab of a campaign: made from there for its campaign, which it keeps, and back there afterwards."""

    tab: str
    keeps: tuple[str, ...] = ("campaign",)  # what a row keeps once it is made

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(self.keeps if obj is not None else ())]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The campaign is asked for only where the tab has not said it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "campaign" and asked_campaign(request) is not None:
            field.widget = forms.HiddenInput()
        return field

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        campaign = obj.campaign if obj is not None else asked_campaign(request)
        if campaign is not None and may(request.user, "advocacy.view_campaign", campaign):
            context |= tabs.frame(request, campaign, self.tab) | self.around(campaign, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def around(self, campaign: Campaign, obj: Any) -> dict[str, Any]:
        """What stands beside the form; `obj` is None for a new row."""
        return {}

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(self.tab, args=[obj.campaign_id]))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(self.tab, args=[obj.campaign_id]))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        row = self.get_object(request, object_id)
        answer = super().delete_view(request, object_id, extra_context)
        if row is not None and request.method == "POST" and answer.status_code == 302:
            return HttpResponseRedirect(reverse(self.tab, args=[row.campaign_id]))
        return answer
