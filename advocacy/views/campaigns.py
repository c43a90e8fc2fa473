"""Campaign pages, and the privacy notice: what is read before anything is written."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.signin.second_factor import may_here
from advocacy import arrivals, forms, home, links, maps, progress, structured, targets, texts
from advocacy.models import Campaign, CampaignText


@require_safe
def campaigns(request: HttpRequest) -> HttpResponse:
    """The campaigns one can take part in."""
    rows = Campaign.objects.filter(status=Campaign.Status.OPEN, texts__isnull=False).distinct()
    told = [(row, texts.text_for(row, get_language())) for row in rows.prefetch_related("texts")]
    return render(request, "advocacy/campaigns.html", {"told": told})


@require_safe
@vary_on_headers("Accept-Language")
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """One campaign: why, and the way to take part. A closed one says how it went."""
    campaign = find_campaign(request, slug)
    arrival = arrivals.of(campaign, request.GET)
    if arrival.member is not None and campaign.status != Campaign.Status.CLOSED:
        return redirect(links.member(arrival.member, via=arrival.via))
    return campaign_page(request, campaign)


def campaign_page(
    request: HttpRequest,
    campaign: Campaign,
    *,
    template: str = "advocacy/campaign.html",
    text: CampaignText | None = None,
    **more: Any,
) -> HttpResponse:
    """The page of a campaign; `more` joins what its template is given, for the page of a member.

    Without `text` it is the one for the language of the request. Raises Http404 for a campaign that says nothing.
    """
    language = get_language() or "en"
    text = text or texts.text_for(campaign, language)
    if text is None:
        raise Http404
    shown = home.home(campaign, text, language)
    told, reached = progress.figures(campaign)
    context: dict[str, Any] = {
        "campaign": campaign,
        "text": text,
        "home": shown,
        "progress": told,
        "map": _map(reached),
        "via": forms.via(request.GET),
        "is_closed": campaign.status == Campaign.Status.CLOSED,
        "canonical": links.campaign(campaign, text.language),
        "alternates": texts.alternates(campaign),
        "structured": structured.of_campaign(campaign, text, shown),
    }
    if not context["is_closed"]:
        countries = targets.countries(campaign, language)
        context |= {"countries": countries, "guess": guess_country(request, {one.code for one in countries})}
    answer = render(request, template, context | more)
    if shown.video and shown.video.frame_source:
        # This page only, and this host only, may be shown in a frame once somebody starts the video.
        answer._csp_update = {"frame-src": [shown.video.frame_source]}  # type: ignore[attr-defined]
    return answer


def _map(reached: progress.Reached) -> maps.Map | None:
    """Where its supporters live; none for a campaign at home in one country."""
    if len(reached.supporters) + reached.few < 2:
        return None
    return maps.countries(reached.supporters, few=reached.few, lowest=progress.FEWEST)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What we keep of whom, how long, and whom to ask. `?campaign=` names the organisation that asks."""
    rows = Campaign.objects.exclude(status=Campaign.Status.DRAFT)
    asking = rows.filter(slug=request.GET.get("campaign", "").replace("\0", "")[:50]).first()
    context = {
        "campaign": asking,
        "postal_address": settings.POSTAL_ADDRESS,
        "contact_address": asking.contact_address if asking else "",
    }
    return render(request, "advocacy/privacy.html", context)


def find_campaign(request: HttpRequest, slug: str) -> Campaign:
    """The campaign as this reader may see it: a draft is there for its staff only. Raises Http404."""
    rows = Campaign.objects.select_related("mailing_list", "hero", "logo", "video_still")
    campaign = rows.prefetch_related("texts").filter(slug=slug).first()
    if campaign is None or not campaign.texts.all():
        raise Http404
    if campaign.status == Campaign.Status.DRAFT and not may_here(request, "advocacy.view_campaign", campaign):
        raise Http404
    return campaign


def guess_country(request: HttpRequest, offered: set[str]) -> str:
    """The country the browser's languages name, if it is offered: KE for "sw-KE". Never from the network address.

    A language alone names no country: most who read English do not live in England.
    """
    for entry in request.headers.get("Accept-Language", "")[:200].split(","):
        language, _dash, region = entry.partition(";")[0].strip().rpartition("-")
        if language and region.upper() in offered:
            return region.upper()
    return ""
