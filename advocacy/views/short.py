"""Short links: to the campaign in the reader's language, and one more opening in the figures."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe
from limits import RateLimitItemPerMinute

from accounts import budgets
from advocacy import links
from advocacy.models import ShareLink
from advocacy.sharing.links import count_opening, find
from advocacy.views.campaigns import find_campaign
from mailer.links import agents
from mailer.visitors import network_of, private

# A class or an office behind one address is counted; who reloads a page a thousand times is not (A14).
PER_NETWORK_OPENINGS = RateLimitItemPerMinute(20, 60)


@private
@require_safe
def short(request: HttpRequest, code: str) -> HttpResponse:
    """Lead to the campaign of a short link. No address comes from the request: nobody can borrow our name for theirs."""
    link = find(code)
    if link is None:
        raise Http404
    find_campaign(request, link.campaign.slug)
    if agents.is_person(request) and budgets.within(
        PER_NETWORK_OPENINGS, "share", str(link.pk), network_of(request)
    ):
        count_opening(link)
    return redirect(_page(link))


def _page(link: ShareLink) -> str:
    own = link.language or (link.membership.language if link.membership else "")
    if link.membership is not None and link.membership.is_active:
        return links.member(link.membership, via=link.code, language=own)
    with translation.override(links.page_language(own) if own else translation.get_language()):
        page = reverse("advocacy:campaign", args=[link.campaign.slug])
    return f"{page}?via={link.code}"
