"""Asking a second person, and their answer; what waits for one stands on the start page."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from accounts.desk import Need, needs, who
from accounts.models import User
from accounts.permissions import may, visible
from mailer import reasons, throttle
from mailer.admin import mailing_audience, mailing_words, pages
from mailer.admin.mailing_confirm import SEND
from mailer.admin.mailings import MailingAdmin
from mailer.mailings import approving
from mailer.models import Mailing, MailingAct
from mailer.preflight import gate

_MANY = 5


@pages.register("approval", "send/approval/")
def approval(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Ask, approve or refuse. What was approved is exactly what the page showed."""
    back = HttpResponseRedirect(pages.url(mailing, "send"))
    if request.method != "POST":
        return back
    wanted, print_ = request.POST.get("act", ""), request.POST.get("print", "")
    try:
        if wanted == "ask":
            _ask(desk, request, mailing, print_)
        elif wanted == "approve":
            approving.approve(mailing, who(request), print_)
            desk.message_user(request, _("Approved. It can be sent now."), messages.SUCCESS)
        elif wanted == "refuse":
            why = request.POST.get("why", "").strip()
            if not why:
                desk.message_user(request, _("Say why; it is kept with your name."), messages.ERROR)
                return back
            approving.refuse(mailing, who(request), print_, why)
            desk.message_user(request, _("Refused. Your reason is kept."), messages.SUCCESS)
    except approving.NotTheirs as not_theirs:
        desk.message_user(request, OBJECTIONS[not_theirs.word], messages.ERROR)
    except approving.Changed:
        desk.message_user(
            request, _("It was changed or decided on meanwhile. Look at it again."), messages.WARNING
        )
    return back


OBJECTIONS = {
    "permission": gettext_lazy("You may not approve mailings."),
    "asked": gettext_lazy("You asked for the approval, so somebody else must give it."),
    "wrote": gettext_lazy("You wrote in it, so somebody else must approve it."),
}


def _ask(desk: MailingAdmin, request: HttpRequest, mailing: Mailing, print_: str) -> None:
    if not any(may(request.user, right, mailing) for right in (SEND, "mailer.change_mailing")):
        return
    found = mailing_audience.figures(mailing, who(request))
    people = found["count"].total if "count" in found else 0
    seen = gate.look(mailing, people)
    if seen.print != print_ or seen.obstacle not in {"approval", "waiting", "refused"}:
        raise approving.Changed
    if approving.ask(mailing, who(request), print_, people):
        desk.message_user(
            request, _("Whoever may approve mailings sees it on their start page."), messages.SUCCESS
        )


@needs.add
def what_waits(user: User) -> list[Need]:
    """Mailings that wait for this person's approval."""
    if not may(user, approving.PERMISSION):
        return []
    found = approving.waiting_for(user, visible(user, Mailing.objects.all()))
    return [
        Need(
            1,
            gettext("“%(name)s” waits for your approval") % {"name": mailing.name},
            gettext("open"),
            pages.url(mailing, "send"),
            urgent=True,
        )
        for mailing in found[:_MANY]
    ]


@needs.add
def what_stands_still(user: User) -> list[Need]:
    """Mailings that the machine has paused, and a provider that makes us wait."""
    if not may(user, SEND):
        return []
    last = MailingAct.objects.filter(mailing=OuterRef("pk"), what=MailingAct.What.PAUSED).order_by(
        "-at", "-pk"
    )
    paused = visible(user, Mailing.objects.filter(status=Mailing.Status.PAUSED).exclude(paused_because=""))
    by_itself = paused.annotate(pauser=Subquery(last.values("by")[:1])).filter(pauser=None)
    found = [
        Need(
            1,
            gettext("“%(name)s” is paused: %(why)s")
            % {"name": mailing.name, "why": reasons.in_words(mailing.paused_because)},
            gettext("see"),
            pages.url(mailing, "send"),
            urgent=True,
        )
        for mailing in by_itself.order_by("-pk")[:_MANY]
    ]
    if (held := throttle.held_for()) > 5:
        words = gettext("No mail leaves just now: the provider lets us wait (%(time)s)")
        url = reverse("admin:mailer_mailing_changelist") + "?status__exact=sending"
        found.append(Need(1, words % {"time": mailing_words.duration(held)}, gettext("see"), url))
    return found
