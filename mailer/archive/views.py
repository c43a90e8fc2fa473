"""Past mailings in a browser. A stranger reads them: no personal link, no name, no script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailer.archive import addresses
from mailer.guards import gone_is_one_page
from mailer.seals import Gone


@gone_is_one_page
@require_safe
def view(request: HttpRequest, token: str) -> HttpResponse:
    """ "View in browser": the mailing of a link in its mails."""
    addresses.read(token)
    raise Gone
