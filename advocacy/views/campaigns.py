"""Campaign pages, and the privacy notice: what is read before anything is written."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from advocacy import prose
from advocacy.models import Campaign


@require_safe
def campaigns(request: HttpRequest) -> HttpResponse:
    """The campaigns one can take part in."""
    rows = Campaign.objects.filter(status=Campaign.Status.OPEN, texts__isnull=False).distinct()
    told = [prose.tell(row, get_language()) for row in rows.prefetch_related("texts")]
    return render(request, "advocacy/campaigns.html", {"told": told})


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
