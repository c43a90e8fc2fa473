"""Mailings side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.desk import key_in
from mailer.admin import pages
from mailer.models import Mailing
from mailer.reporting import comparing

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin


@pages.register_beside("compare")
def compare(desk: MailingAdmin, request: HttpRequest) -> HttpResponse:
    """The mailings that are ticked, or the last ones of a list, oldest first as one reads a development."""
    rows = desk.get_queryset(request)
    mailings = _chosen(desk, request)
    context = {
        **desk.admin_site.each_context(request),
        "title": _("Compare mailings"),
        "opts": desk.opts,
        "mailings": mailings,
        "lines": comparing.lines(mailings, get_language() or "en") if len(mailings) > 1 else [],
        "choosable": comparing.choosable(rows),
        "chosen": {one.pk for one in mailings},
        "lists": sorted(
            {
                (one.mailing_list_id, str(one.mailing_list))
                for one in comparing.choosable(rows)
                if one.mailing_list
            },
            key=lambda pair: pair[1].casefold(),
        ),
        "most": comparing.MOST,
    }
    return TemplateResponse(request, "staff/mailings/compare.html", context)


def _chosen(desk: MailingAdmin, request: HttpRequest) -> list[Mailing]:
    rows = comparing.sent(desk.get_queryset(request))
    if mailing_list := key_in(request.GET.get("list", "")):
        return list(rows.filter(mailing_list=mailing_list)[: comparing.MOST])[::-1]
    keys = [key for text in request.GET.getlist("mailing") if (key := key_in(text))]
    return list(rows.filter(pk__in=keys[: comparing.MOST]))[::-1]
