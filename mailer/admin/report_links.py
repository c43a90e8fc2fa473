"""The links of a mailing: how many followed each, drawn on the mail itself, and how persons are told from machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.desk import key_in
from accounts.permissions import may
from mailer.admin import pages
from mailer.models import Mailing, MailingMessage
from mailer.reporting import clicks
from mailer.reporting.heat import heat_map

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

# The mail of a stranger would be no more trusted: nothing runs, nothing is fetched from elsewhere, no link opens.
_CSP = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"


@pages.register("report_links", "report/links/")
def report_links(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Every link with its figures, the mail with its badges, and the reasons for which requests were judged so."""
    frozen = mailing.messages.order_by("language", "part", "-version")
    chosen = key_in(request.GET.get("message", ""))
    context = {
        **desk.page_context(request, mailing, "report", _("Links")),
        "clicked": clicks.by_link(mailing),
        "people_url": pages.url(mailing, "report_people")
        if may(request.user, "mailer.view_delivery")
        else "",
        "reasons": clicks.reasons(mailing),
        "frozen": frozen,
        "chosen": frozen.filter(pk=chosen or 0).first() or _first(mailing),
    }
    return TemplateResponse(request, "staff/mailings/report_links.html", context)


def _first(mailing: Mailing) -> MailingMessage | None:
    """The newest message in the mailing's own language, or else any."""
    frozen = mailing.messages.order_by("part", "-version", "language")
    return frozen.filter(language=mailing.language).first() or frozen.first()


@pages.register("report_mail", "report/mail/")
def report_mail(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """One frozen message with its badges, for the sandboxed frame of the page."""
    chosen = key_in(request.GET.get("message", "")) or 0
    frozen = get_object_or_404(mailing.messages.select_related("message"), pk=chosen)
    clicked = {one.link.number: one for one in clicks.by_link(mailing)}
    title = _("%(people)s people clicked, and %(machines)s machines")
    answer = HttpResponse(heat_map(frozen, clicked, title))
    answer["Content-Security-Policy"] = _CSP
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["Cache-Control"] = "no-store"
    return answer
