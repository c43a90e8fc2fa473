"""Passing a campaign on: all its words with their links, the way to one's own Mastodon server, and a link as a picture."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from advocacy import arrivals, sharing, texts
from advocacy.models import Campaign
from advocacy.sharing import Kit, qr, servers
from advocacy.views.campaigns import find_campaign


@require_safe
def share(request: HttpRequest, slug: str) -> HttpResponse:
    """Every message, hashtag, video and link of a campaign, for the reader's own link where the address names it."""
    campaign = find_campaign(request, slug)
    if campaign.status == Campaign.Status.CLOSED:
        return redirect("advocacy:campaign", slug)
    return render(request, "advocacy/share/page.html", _context(request, campaign))


@require_safe
def mastodon(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the reader's server, then show one link to it. Nobody is led on without pressing it."""
    campaign = find_campaign(request, slug)
    if campaign.status == Campaign.Status.CLOSED:
        return redirect("advocacy:campaign", slug)
    context = _context(request, campaign)
    kit: Kit = context["kit"]
    words = kit.by_key(request.GET.get("message", ""))
    text = kit.whole(words, "mastodon")
    typed = request.GET.get("server", "")[:200]
    context |= {"words": words, "text_and_link": f"{text}\n{kit.link}", "typed": typed}
    if typed:
        try:
            server = servers.read(typed)
            context |= {"server": server, "href": servers.share(server, text, kit.link)}
        except ValidationError as error:
            context["error"] = error.messages[0]
    return render(request, "advocacy/share/mastodon.html", context, status=422 if "error" in context else 200)


@require_safe
@cache_control(public=True, max_age=86_400)
def share_qr(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """A link of the campaign as a QR code. A link it has not is no page: nothing wrong is to be printed."""
    campaign = find_campaign(request, slug)
    kit = _kit(request, campaign)
    if request.GET.get("link") and "link=" not in kit.query:
        raise Http404
    answer = HttpResponse(qr.draw(kit.link, kind), content_type=qr.TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{campaign.slug}-qr.{kind}"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if campaign.status == Campaign.Status.DRAFT:
        answer["Cache-Control"] = "private, no-store"
    return answer


def _kit(request: HttpRequest, campaign: Campaign) -> Kit:
    member = arrivals.of(campaign, request.GET).member
    return sharing.kit(campaign, get_language(), code=request.GET.get("link", "")[:60], member=member)


def _context(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    kit, text = _kit(request, campaign), texts.text_for(campaign, get_language())
    return {
        "campaign": campaign,
        "text": text,
        "kit": kit,
        "arrival": arrivals.of(campaign, request.GET),
        "video": (text.video_url if text else "") or campaign.video_url,
        "is_personal": "link=" in kit.query,
    }
