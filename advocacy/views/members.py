"""A member's page: the campaign's, in the member's name."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from advocacy import arrivals, forms, members
from advocacy.models import Campaign
from advocacy.views.campaigns import campaign_page, find_campaign


@require_safe
@vary_on_headers("Accept-Language")
def member(request: HttpRequest, slug: str, short_name: str) -> HttpResponse:
    """The campaign's page with a member's name, logo, colour and words. One that is closed leads to the campaign's own."""
    campaign = find_campaign(request, slug)
    found = members.of(campaign, short_name)
    if found is None:
        if not campaign.memberships.filter(organisation__slug=short_name).exists():
            raise Http404
        return redirect("advocacy:campaign", slug)
    if campaign.status == Campaign.Status.CLOSED:
        return redirect("advocacy:campaign", slug)
    return campaign_page(
        request,
        campaign,
        template="advocacy/members/page.html",
        member=found,
        member_text=members.text_for(found, get_language() or campaign.default_language),
        arrival=arrivals.Arrival(forms.via(request.GET), found),
    )
