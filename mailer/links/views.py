"""What a counted link and the pixel answer. They show nothing, set no cookie, and lead nowhere but to our own table."""

from __future__ import annotations

import base64
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri
from django.views.decorators.http import require_safe

from mailer.guards import gone_is_one_page
from mailer.links import agents, hits, tokens
from mailer.links.rewriting import TRAP, may_be_counted
from mailer.models import Hit, Link
from mailer.seals import Gone
from mailer.visitors import private

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@private
@gone_is_one_page
@require_safe
def click(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """Lead the reader of a mail to where its link of this number leads. Only a GET counts.

    404 for a token that we did not make and for a number that the mailing does not have: no address comes from the
    request, so nobody can borrow our name for a link of theirs (CVE-2021-22873).
    """
    delivery_id = tokens.read(token)
    if int(number) == TRAP:
        _count(request, delivery_id, Hit.Kind.CLICK)
        return _lead(f"{settings.SITE_URL}/")
    link = hits.target(delivery_id, int(number))
    if link is None or not may_be_counted(link.url):
        raise Gone
    _count(request, delivery_id, Hit.Kind.CLICK, link)
    return _lead(link.url)


@private
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """One transparent point. The same for a token that we did not make: a broken picture would stand in a mail."""
    with suppress(Gone):
        _count(request, tokens.read(token), Hit.Kind.OPEN)
    return HttpResponse(_PIXEL, content_type="image/gif")


def _count(request: HttpRequest, delivery_id: int, kind: Hit.Kind, link: Link | None = None) -> None:
    """A HEAD asks whether there is a page; a browser that says it fetches ahead has no reader yet. Neither counts."""
    if request.method == "GET" and not agents.is_ahead(request):
        hits.keep(request, delivery_id, kind, link)


def _lead(url: str) -> HttpResponse:
    answer = HttpResponse(status=302)
    answer["Location"] = iri_to_uri(url)
    return answer
