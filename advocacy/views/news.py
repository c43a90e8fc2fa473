"""News of a campaign: the list, a page for each, and the feed."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.signin.second_factor import may_here
from advocacy import news, prose, structured, texts
from advocacy.models import Campaign, Update
from advocacy.views.campaigns import find_campaign

ON_A_PAGE = 20
_EXCERPT = 200  # signs of a description


@require_safe
def news_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The news of a campaign in the reader's language, newest first."""
    campaign, language = find_campaign(request, slug), get_language() or "en"
    pages = Paginator(news.in_language(campaign, language), ON_A_PAGE)
    context = {
        "campaign": campaign,
        "text": texts.text_for(campaign, language),
        "at": pages.get_page(request.GET.get("page", "")[:9]),
    }
    return render(request, "advocacy/news/list.html", context)


@require_safe
def update(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One piece of news; a draft is there for its staff only."""
    campaign = find_campaign(request, slug)
    found = get_object_or_404(Update, campaign=campaign, pk=pk)
    is_draft = not news.published(campaign).filter(pk=pk).exists()
    if is_draft and not may_here(request, "advocacy.view_update", found):
        raise Http404
    context = {
        "campaign": campaign,
        "text": texts.text_for(campaign, get_language() or "en"),
        "update": found,
        "is_draft": is_draft,
        "address": news.address(campaign, found),
        "description": prose.excerpt(found.body, _EXCERPT),
        "structured": structured.of_update(campaign, found),
    }
    return render(request, "advocacy/news/update.html", context)


@require_safe
@cache_control(public=True, max_age=300)
def news_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest of it, for programs that read news. A draft campaign has none, not even for its staff."""
    campaign, language = find_campaign(request, slug), get_language() or "en"
    text = texts.text_for(campaign, language)
    if campaign.status == Campaign.Status.DRAFT or text is None:
        raise Http404
    newest = list(news.in_language(campaign, language)[: news.IN_THE_FEED])
    return HttpResponse(news.feed(campaign, text, language, newest), content_type=news.CONTENT_TYPE)
