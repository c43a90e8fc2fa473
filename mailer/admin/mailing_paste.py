"""What somebody pastes from Word, Google Docs or a web page, made into the few tags a mail may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from mailer.admin import pages
from mailer.admin.mailing_write import CHANGE
from mailer.models import Mailing
from mailer.writing import pasting, rich

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin


@pages.register("paste", permission=CHANGE)
def paste(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The HTML of a clipboard, clean; changes nothing. `as`: "inline" for what stands in one paragraph."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    found = pasting.cleaned(request.POST.get("html", ""))
    return JsonResponse({"html": found if request.POST.get("as") != "inline" else rich.clean_line(found)})
