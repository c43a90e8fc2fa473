"""What somebody pastes from Word, Google Docs or a web page, made into the few tags a mail may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from mailer.admin import pages
from mailer.admin.mailing_write import CHANGE
from mailer.models import Mailing
from mailer.writing import rich

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

_MOST = 2_000_000  # characters; Word's own marks are most of what it puts on the clipboard


@pages.register("paste", permission=CHANGE)
def paste(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The HTML of a clipboard, clean; changes nothing. `as`: "inline" or "items" for what stands in one paragraph."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    html = request.POST.get("html", "")[:_MOST]
    clean = rich.clean if request.POST.get("as") in {"rich", "items"} else rich.clean_line
    return JsonResponse({"html": clean(html)})
