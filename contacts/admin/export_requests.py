"""Asking a second person for a large file, and their answer; what waits for one stands on the start page.

What there is to take away is known to the apps: each gives a `Kind` for its pages that lead to files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import Need, StaffAdmin, needs, who
from accounts.models import User
from accounts.permissions import bound_to, may, require, sees_all, visible
from contacts import export_requests
from contacts.export_requests import PERMISSION, AnswerNeeded, NotOpen
from contacts.models import ExportRequest

Rows = models.QuerySet[Any]
_MANY = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. `rows`: the people a request is for as one person sees them; None where they may not, where what
    it names is gone, or was changed since. `page`: where the file is taken. `words`: what it holds, for the answer."""

    rows: Callable[[ExportRequest, User], Rows | None]
    page: Callable[[ExportRequest], str]
    words: Callable[[ExportRequest, User], Sequence[str]]


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Let requests whose `what` begins with `name` ("" for contacts) be of this kind. Safe to repeat."""
    _kinds[name] = kind


def kind_of(asked: ExportRequest) -> Kind | None:
    return _kinds.get(asked.what.partition(" ")[0])


OBJECTIONS = {
    "permission": gettext_lazy("You may not export people."),
    "asked": gettext_lazy("You asked for it, so somebody else must answer."),
    "unseen": gettext_lazy(
        "The file would hold people you do not see, or what it is made of was changed since. Somebody else must answer, or "
        "it is asked for anew."
    ),
}


def objection(asked: ExportRequest, user: User) -> str:
    """Why this person may not answer, or why their yes stands no more: a word of `OBJECTIONS`; "" if they may."""
    if not may(user, PERMISSION):
        return "permission"
    if asked.by_id == user.pk:
        return "asked"
    kind = kind_of(asked)
    mine = kind.rows(asked, user) if kind else None
    theirs = kind.rows(asked, asked.by) if kind else None
    if mine is None or theirs is None:
        return "unseen"
    if sees_all(user):
        return ""
    return "unseen" if theirs.exclude(pk__in=mine.order_by().values("pk")).exists() else ""


def grant(user: User, what: str, query: str) -> ExportRequest | None:
    """The yes by which the person may take this file now; None without. Who gave it must still be one who may."""
    asked = export_requests.last(user, what, query)
    return asked if asked is not None and _stands(asked) else None


def _stands(asked: ExportRequest) -> bool:
    """Whether there is a yes, and who gave it is still one who may."""
    return bool(asked.is_approved and asked.decided_by and not objection(asked, asked.decided_by))


def context(user: User, rows: Rows, what: str, query: str) -> dict[str, Any]:
    """What the page of a file says of the second person: whether one is needed, and how far that is."""
    if not export_requests.is_needed(rows):
        return {}
    asked = export_requests.last(user, what, query)
    good = grant(user, what, query)
    return {
        "second_person": True,
        "asked": asked,
        "granted": good,
        "good_until": good.decided_at + export_requests.GOOD_FOR if good and good.decided_at else None,
        "is_void": bool(asked and asked.is_approved and good is None),
    }


def ask(desk: StaffAdmin, request: HttpRequest, rows: Rows, what: str, query: str) -> None:
    """Take a request from the page of a file; a repeat is the same request."""
    if not export_requests.is_needed(rows):
        return
    by, purpose = who(request), request.POST.get("purpose", "").strip()
    if not purpose:
        desk.message_user(request, _("Say what the file is for; who answers reads it."), messages.ERROR)
        return
    people, anew = rows.order_by().count(), grant(by, what, query) is None
    export_requests.ask(by, what, query, people, purpose=purpose, anew=anew)
    said = _("Whoever may export people sees it on their start page.")
    desk.message_user(request, said, messages.SUCCESS)


def request_view(request: HttpRequest, asked: int, desk: StaffAdmin) -> HttpResponse:
    """One request: who asks for what, and for somebody else the answer."""
    require(request.user, PERMISSION)
    row = get_object_or_404(ExportRequest.objects.select_related("by", "decided_by"), pk=asked)
    user, kind = who(request), kind_of(row)
    is_mine = row.by_id == user.pk
    if kind is None or not (is_mine or visible(user, User.objects.filter(pk=row.by_id)).exists()):
        raise Http404
    against = objection(row, user)
    may_read = is_mine or against != "unseen"
    if not may_read and bound_to(user) is not None:
        raise Http404  # how many people other lists hold, and who asks for them, is nothing of theirs
    if request.method == "POST":
        return _answered(desk, request, row, against)
    context = {
        **desk.admin_site.each_context(request),
        "title": _("A large export"),
        "opts": desk.opts,
        "asked": row,
        "is_open": export_requests.waiting().filter(pk=row.pk).exists(),
        "objection": OBJECTIONS.get(against, ""),
        "may_read": may_read,
        "chips": kind.words(row, user) if may_read else [],
        "page": kind.page(row) if is_mine else "",
    }
    return TemplateResponse(request, "staff/contacts/export_request.html", context)


def _answered(desk: StaffAdmin, request: HttpRequest, row: ExportRequest, against: str) -> HttpResponse:
    back = HttpResponseRedirect(url(row))
    yes, why = request.POST.get("act") == "approve", request.POST.get("why", "").strip()
    if against:
        desk.message_user(request, OBJECTIONS[against], messages.ERROR)
    elif not yes and not why:
        desk.message_user(request, _("Say why; it is kept with your name."), messages.ERROR)
    else:
        try:
            export_requests.decide(row, who(request), yes=yes, why=why)
        except NotOpen:
            desk.message_user(request, _("It was answered meanwhile, or its time is over."), messages.WARNING)
        else:
            said = _("Approved. It can be taken once, within 24 hours.") if yes else _("Refused.")
            desk.message_user(request, said, messages.SUCCESS)
    return back


def refusal(error: Exception) -> str:
    """Why there is no file, where a second person's yes is missing; "" for another reason."""
    needed = _("So many people leave only with a second person's yes. Ask for it here.")
    return needed if isinstance(error, AnswerNeeded) else ""


def url(row: ExportRequest) -> str:
    return reverse("admin:contacts_contactexport_request", args=[row.pk])


@needs.add
def what_waits(user: User) -> list[Need]:
    """Large exports that wait for this person's answer, and those of their own that may be taken now."""
    if not may(user, PERMISSION):
        return []
    people = visible(user, User.objects.all()).order_by().values("pk")
    open_ = export_requests.waiting().exclude(by=user).filter(by__in=people)[: 4 * _MANY]
    asked = [row for row in open_ if not objection(row, user)][:_MANY]
    found = [
        Need(
            1,
            _("%(who)s asks to take %(people)d people away as a file")
            % {"who": row.by, "people": row.people},
            _("answer"),
            url(row),
            urgent=True,
        )
        for row in asked
    ]
    return found + [
        Need(1, _("Your export was approved: it can be taken once"), _("take it"), kind.page(row))
        for row in export_requests.granted(user).select_related("by", "decided_by")[:_MANY]
        if (kind := kind_of(row)) is not None and _stands(row)
    ]
