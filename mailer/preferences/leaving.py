"""The page behind "unsubscribe", and the address that mail programs post to (RFC 8058)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from contacts.models import MailingList, Suppression
from mailer import preference_links, unsubscribe_links, unsubscribing
from mailer.guards import gone_is_one_page
from mailer.preferences import choosing
from mailer.unsubscribe_links import Leaver
from mailer.unsubscribing import Door
from mailer.visitors import private, public_form


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the lists and one button. POST leaves, without a cookie, a login or a redirect, however often it comes.

    Who left is told so with 200, and so is who had left before: programs try again until they hear a yes.
    """
    if token == unsubscribe_links.TEST:
        return render(request, "mailer/unsubscribe.html", {"state": "test"})
    leaver = unsubscribe_links.read(token)
    lists = unsubscribing.lists_on(leaver)
    if request.method != "POST":
        return _page(request, leaver, _state(leaver, lists), lists)
    match _asked(request):
        case "lists":
            unsubscribing.leave_lists(leaver, Door.PAGE)
            return _page(request, leaver, "left" if lists else _state(leaver, lists), lists)
        case "everything":
            unsubscribing.leave_everything(leaver, Door.PAGE)
            return _page(request, leaver, _state(leaver, []), [])
        case _:
            unsubscribing.leave_lists(leaver, Door.ONE_CLICK)
            return HttpResponse(_("You have left the list."), content_type="text/plain; charset=utf-8")


def _asked(request: HttpRequest) -> str:
    """Which button was pressed; "" for a mail program. The token says all that is needed: a body that nobody can read
    is no reason to go on mailing."""
    try:
        return request.POST.get("action", "")
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return ""


def _state(leaver: Leaver, lists: Sequence[MailingList]) -> str:
    """Where somebody stands: may leave, is on none of the lists, left everything, or gets nothing at this address."""
    if leaver.contact is None:
        return "nobody"
    standing = choosing.standing_of(leaver.contact)
    if standing is not None and standing.reason == Suppression.Reason.LEFT:
        return "left_everything"
    return "ask" if lists or leaver.mailing is None else "off"


def _page(request: HttpRequest, leaver: Leaver, state: str, lists: Sequence[MailingList]) -> HttpResponse:
    contact, language = leaver.contact, get_language() or "en"
    context: dict[str, Any] = {
        "state": state,
        "lists": [(one.public_name(language), one.text_language(language)) for one in lists],
    }
    if contact is not None:
        context["masked"] = choosing.masked(contact.address)
        context["preferences"] = preference_links.token(contact.pk, bytes(contact.address_hash))
    return render(request, "mailer/unsubscribe.html", context)
