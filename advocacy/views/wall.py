"""What everybody reads of expressions of support: the wall, its feed, each one on a page of its own, and "report it"."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from limits import RateLimitItemPerMinute

from accounts import budgets
from advocacy import abuse, texts, videos
from advocacy.expressions import feed, links, moderating, pictures
from advocacy.expressions import wall as shelf
from advocacy.expressions.forms import ReportForm
from advocacy.models import Campaign, Expression
from advocacy.views.campaigns import find_campaign
from mailer.signup import guard
from mailer.visitors import HONEYPOT, kept_by_the_reader, network_of, public_form

REPORTS = RateLimitItemPerMinute(10, 60)


@require_safe
def wall(request: HttpRequest, slug: str) -> HttpResponse:
    """The published expressions of a campaign, and its empty state."""
    campaign, language = find_campaign(request, slug), get_language() or "en"
    filters = shelf.Filters.of(request.GET)
    context = {
        "campaign": campaign,
        "text": texts.text_for(campaign, language),
        "filters": filters,
        "shown": shelf.page(campaign, filters, request.GET.get("after", "")),
        "feed": links.absolute("support_feed", language, slug),
        "is_open": campaign.status != Campaign.Status.CLOSED,
    }
    return render(request, "advocacy/expressions/wall.html", context)


@require_safe
def newest(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest of them, for programs that read news."""
    campaign = find_campaign(request, slug)
    rows = shelf.published(campaign).order_by("-published_at", "-pk").select_related("campaign")
    xml = feed.written(campaign, list(rows[: feed.LENGTH]), get_language() or "en")
    return HttpResponse(xml, content_type=feed.CONTENT_TYPE)


@require_safe
def one(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One expression, to be passed on."""
    expression = _find(request, slug, pk)
    language = get_language() or "en"
    film = videos.video(expression.video_url)
    context = {
        "campaign": expression.campaign,
        "text": texts.text_for(expression.campaign, language),
        "expression": expression,
        "film": film,
        "title": feed.title_of(expression),
        "canonical": links.page(expression, language),
        "image": _image(expression),
    }
    answer: Any = render(request, "advocacy/expressions/one.html", context)
    if film and film.frame_source:
        # This page only, and this host only, may be shown in a frame once somebody starts the video.
        answer._csp_update = {"frame-src": [film.frame_source]}
    return answer


def _image(expression: Expression) -> str:
    """The whole address of the picture that other sites may show with it; "" for none."""
    if expression.picture:
        return settings.SITE_URL + reverse(
            "advocacy:expression_picture", args=[expression.campaign.slug, expression.pk]
        )
    return expression.campaign.share_image_url


@require_safe
def picture(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return pictures.answer(request, _find(request, slug, pk), is_public=True)  # type: ignore[return-value]


@public_form
@kept_by_the_reader
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Tell staff that it should not stand there. Its writer is led to their own link instead."""
    expression = _find(request, slug, pk)
    campaign = expression.campaign
    form = ReportForm(request.POST if request.method == "POST" else None)
    form_token, message, is_done = abuse.new_form(campaign), "", False
    if form.is_valid():
        message = _not_taken(request, campaign)
        is_done = not message
        form_token = request.POST["form"] if message == guard.HASTY else form_token
    if is_done:
        moderating.report(expression, form.cleaned_data["told"])
    context = {
        "campaign": campaign,
        "expression": expression,
        "form": form,
        "form_token": form_token,
        "honeypot": HONEYPOT,
        "message": message,
        "is_done": is_done,
    }
    status = 422 if form.errors or message else 200
    return render(request, "advocacy/expressions/report.html", context, status=status)


def _not_taken(request: HttpRequest, campaign: Campaign) -> str:
    """Why a report is not taken; "" if it is."""
    try:
        facts = abuse.read_form(request.POST.get("form", ""))
    except abuse.BadForm:
        return _("This page has been open for a long time. Please press the button once more.")
    if facts.campaign_id != campaign.pk:
        return _("This page has been open for a long time. Please press the button once more.")
    if guard.is_hasty(request, facts.age):
        return str(guard.HASTY)
    if not budgets.within(REPORTS, "advocacy", "expression-reports", network_of(request)):
        return _("You have reported many. Please try again in an hour, or write to us.")
    return ""


def _find(request: HttpRequest, slug: str, pk: int) -> Expression:
    """A published one of a campaign that this reader may see. Raises Http404 for any other."""
    campaign = find_campaign(request, slug)
    if pk >= 2**63:
        raise Http404
    return get_object_or_404(shelf.published(campaign).select_related("campaign"), pk=pk)
