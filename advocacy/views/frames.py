"""The journey inside another site's page: the same steps without our masthead, on the sites the campaign allows.

Only these answers may be framed (docs/decisions/0018): nothing on them is done on the strength of a cookie, and
nothing leaves before the owner of the mailbox has pressed a button on a page of ours that is never framed.
"""

from __future__ import annotations

from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from advocacy import arrivals, embedding, letters, targets, texts
from advocacy.links import page_language
from advocacy.models import Campaign, Submission
from advocacy.views.campaigns import find_campaign, guess_country
from mailer import seals
from mailer.visitors import P, View, public_form

BASE = "base_embedded.html"


def framed(view: View[P]) -> View[P]:
    """A page that the sites of its campaign may frame. What belongs to no campaign is framed by nobody, as elsewhere."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request.base = BASE  # type: ignore[attr-defined]
        try:
            response = view(request, *args, **kwargs)
        except Exception:
            # The pages that say what is wrong are those of the house: not framed, and their links are its own.
            request.base = request.current_app = ""  # type: ignore[attr-defined]
            raise
        campaign = _campaign_of(kwargs)
        if campaign is not None:
            _let_in(response, campaign)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapped


def _campaign_of(named: dict[str, object]) -> Campaign | None:
    """The campaign that an address names by itself or by a link's token.

    The token need not be good: also "this link leads nowhere any more" is said inside the frame.
    """
    if "slug" in named:
        return Campaign.objects.filter(slug=named["slug"]).only("embedded_on").first()
    try:
        row = seals.row_of(str(named["token"]))
    except seals.Gone:
        return None
    submission = Submission.objects.filter(pk=row).select_related("campaign").first()
    return submission.campaign if submission else None


def _let_in(response: HttpResponse, campaign: Campaign) -> None:
    response.xframe_options_exempt = True
    response._csp_replace = {"frame-ancestors": embedding.ancestors(campaign)}  # type: ignore[attr-defined]


@framed
@public_form
@require_safe
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """The way to take part, as small as can be; why is told by the site around it, or by the campaign's own page."""
    campaign = find_campaign(request, slug)
    language = get_language() or settings.LANGUAGE_CODE
    arrival = arrivals.of(campaign, request.GET)
    context: dict[str, object] = {
        "campaign": campaign,
        "member": arrival.member,
        "arrival": arrival,
        "text": texts.text_for(campaign, language),
        "progress": letters.progress(campaign),
        "is_closed": campaign.status == Campaign.Status.CLOSED,
    }
    if not context["is_closed"]:
        countries = targets.countries(campaign, language)
        context |= {"countries": countries, "guess": guess_country(request, {one.code for one in countries})}
    answer = render(request, "advocacy/embedded.html", context)
    patch_vary_headers(answer, ["Accept-Language"])
    return answer


@framed
@require_safe
def in_the_readers_language(request: HttpRequest, slug: str) -> HttpResponse:
    """From the address without a language to the one with: that which the site asks for, else the reader's."""
    asked = request.GET.get("language", "")[:12]
    query = request.GET.copy()
    query.pop("language", None)
    language = page_language(asked) if asked.replace("-", "").isalnum() else get_language()
    with translation.override(language):
        address = reverse("advocacy-embedded:campaign", args=[slug])
    answer = redirect(f"{address}{'?' if query else ''}{query.urlencode()}")
    patch_vary_headers(answer, ["Accept-Language"])
    return answer
