"""The page Send: what still stands in the way of a draft, and how to stop what is on its way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.desk import who
from accounts.permissions import may
from mailer import reasons, throttle
from mailer.admin import mailing_approval, mailing_audience, mailing_words, pages
from mailer.admin.mailing_confirm import SEND, TYPE_ABOVE, WhenForm, typed_number, when_form
from mailer.admin.mailings import MailingAdmin
from mailer.mailings import approving, forecast, running
from mailer.models import Mailing, MailingAct
from mailer.preflight import gate

Status = Mailing.Status
_MOVING = (Status.SCHEDULED, Status.SENDING)
_SHOWN_ACTS = 100
_SOON = dt.timedelta(minutes=30)  # from then on the seconds are counted


@pages.register("send")
def send_page(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Before it leaves, on its way and after: one page, so that "pause" is where "send" was."""
    if mailing.status == Status.DRAFT:
        return draft_page(desk, request, mailing)
    context = {**_common(desk, request, mailing), **_under_way(request, mailing)}
    return TemplateResponse(request, "staff/mailings/sending.html", context)


def draft_page(
    desk: MailingAdmin, request: HttpRequest, mailing: Mailing, form: WhenForm | None = None
) -> HttpResponse:
    """The way of a draft to its readers, step by step, and when it shall leave."""
    found = mailing_audience.figures(mailing, who(request))
    people = found["count"].total if "count" in found else 0
    seen = gate.look(mailing, people)
    asked = approving.last(mailing)
    context = {
        **_common(desk, request, mailing),
        **found,
        "people": people,
        "gate": seen,
        "form": form or when_form(who(request), mailing),
        "asked": asked if asked and asked.detail.get("print") == seen.print else None,
        "may_ask": any(may(request.user, right, mailing) for right in (SEND, "mailer.change_mailing")),
        "objection": approving.objection(mailing, who(request)),
        "is_approver": may(request.user, approving.PERMISSION, mailing),
        "tab_urls": {name: pages.url(mailing, name) for name in pages.TABS if pages.exists(name)},
    }
    return TemplateResponse(request, "staff/mailings/send.html", context)


@pages.register("send_progress", "send/progress/")
def progress_part(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The part of the page that moves; a mailing that stands elsewhere by now asks for the whole page."""
    if mailing.status != request.GET.get("seen"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    tone, standing = mailing_words.standing(mailing)
    context = {"mailing": mailing, "tone": tone, "standing": standing, "is_part": True}
    return TemplateResponse(
        request, "staff/mailings/_send_progress.html", {**context, **_under_way(request, mailing)}
    )


@pages.register("send_act", "send/act/", permission=SEND)
def act(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Take back, pause, resume, call off, correct: of two who press at once the second is told who was first."""
    back = HttpResponseRedirect(pages.url(mailing, "send"))
    if request.method != "POST":
        return back
    why = request.POST.get("why", "").strip()[:300]
    wanted = request.POST.get("act", "")
    try:
        if wanted == "cancel" and not _knows_how_many(request, mailing):
            desk.message_user(request, _("This is not the number of people who still wait."), messages.ERROR)
        elif wanted in _ACTS:
            _ACTS[wanted](mailing, request, why)
    except running.StandsElsewhere as elsewhere:
        desk.message_user(request, elsewhere.in_words(), messages.WARNING)
    except approving.NotTheirs as not_theirs:
        desk.message_user(request, mailing_approval.OBJECTIONS[not_theirs.word], messages.ERROR)
    except ValidationError as error:
        desk.message_user(request, " ".join(error.messages), messages.ERROR)
    return back


_ACTS: dict[str, Any] = {
    "withdraw": lambda mailing, request, why: running.withdraw(mailing, who(request)),
    "pause": lambda mailing, request, why: running.pause(mailing, who(request), why),
    "resume": lambda mailing, request, why: running.resume(mailing, who(request)),
    "cancel": lambda mailing, request, why: running.cancel(mailing, who(request), why),
    "correct": lambda mailing, request, why: running.correct_text(mailing, who(request), why),
}


def _knows_how_many(request: HttpRequest, mailing: Mailing) -> bool:
    """Calling off more than a thousand people asks for their number, as it was shown."""
    shown = typed_number(request.POST.get("people", "")) or 0
    waiting = _waiting(mailing)
    return max(shown, waiting) <= TYPE_ABOVE or (
        shown >= waiting and typed_number(request.POST.get("typed", "")) == shown
    )


# --- what is shown --------------------------------------------------------------------------------------------


def _common(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> dict[str, Any]:
    return {
        **desk.page_context(request, mailing, "send"),
        "may_send": may(request.user, SEND, mailing),
        "acts": _acts(mailing),
        "report_url": pages.url(mailing, "report") if pages.exists("report") else "",
    }


def _acts(mailing: Mailing) -> list[dict[str, Any]]:
    """Who did what, the newest first."""
    acts = mailing.acts.select_related("by").order_by("-at", "-pk")[:_SHOWN_ACTS]
    return [
        {
            "at": one.at,
            "what": one.get_what_display(),
            "by": one.by.get_username() if one.by else "",
            "why": reasons.in_words(one.why),
        }
        for one in acts
    ]


def _under_way(request: HttpRequest, mailing: Mailing) -> dict[str, Any]:
    context: dict[str, Any] = {
        "is_moving": mailing.status in _MOVING,
        "may_send": may(request.user, SEND, mailing),
        "waiting": _waiting(mailing),
    }
    context["must_type"] = context["waiting"] > TYPE_ABOVE
    if mailing.status == Status.SCHEDULED and mailing.starts_at:
        left = mailing.starts_at - timezone.now()
        context |= {
            "when": mailing_words.when(mailing, mailing.starts_at),
            "is_soon": left < _SOON,
            "seconds_left": max(int(left.total_seconds()), 0),
        }
    if mailing.status in {Status.SENDING, Status.PAUSED} and mailing.frozen_at:
        context |= _progress(mailing)
    if mailing.status == Status.PAUSED:
        context |= _pause(mailing)
    if mailing.status == Status.SENDING and (held := throttle.held_for()) > 1:
        context["held"] = mailing_words.duration(held)
    return context


def _waiting(mailing: Mailing) -> int:
    """People who have not been written to yet."""
    if mailing.frozen_at is None:
        return 0
    return forecast.during(mailing).people


def _progress(mailing: Mailing) -> dict[str, Any]:
    foretold = forecast.during(mailing)
    total = mailing.audience or 0
    return {
        "total": total,
        "done": total - foretold.people,
        "per_second": foretold.per_second if mailing.status == Status.SENDING else 0,
        "left": mailing_words.duration(foretold.seconds) if foretold.seconds else "",
        "ends_at": mailing_words.when(mailing, foretold.ends_at) if foretold.ends_at else "",
    }


def _pause(mailing: Mailing) -> dict[str, Any]:
    """Why it stands still, and what a person can do about it."""
    last = (
        mailing.acts.filter(what=MailingAct.What.PAUSED).select_related("by").order_by("-at", "-pk").first()
    )
    advice, url = _advice(mailing)
    frozen = mailing.messages.order_by("-created_at").values_list("created_at", flat=True).first()
    return {
        "paused": last,
        "paused_why": reasons.in_words(mailing.paused_because),
        "advice": advice if last and last.by_id is None else "",
        "advice_url": url,
        "is_rewritten": bool(frozen and mailing.texts.filter(changed_at__gt=frozen).exists()),
    }


def _advice(mailing: Mailing) -> tuple[str, str]:
    """What to do about a pause of the machine, and where."""
    why = mailing.paused_because
    if why.startswith("the provider does not let us in"):
        return (
            _(
                "Look whether the provider's key is still good and the sending domain is set up there. Nobody was lost "
                "and no attempt was used up: resume it when the key works."
            ),
            _domain_url(mailing),
        )
    if why.startswith("receiving servers refuse our authentication"):
        return _(
            "Look at the sender's domain: SPF, DKIM and DMARC. Resume it when they are mended."
        ), _domain_url(mailing)
    if why.startswith("mails could not be written"):
        return (
            _(
                "Mend the text on the page Write, take the new text for the rest, and resume it. Nobody was skipped."
            ),
            pages.url(mailing, "write") if pages.exists("write") else "",
        )
    if why.endswith("reported it as spam"):
        return (
            _(
                "Did these people ask for it? Look in the report who complained. If you resume, it is paused again should more do so."
            ),
            pages.url(mailing, "report") if pages.exists("report") else "",
        )
    if why.endswith("do not exist"):
        return (
            _(
                "The list is probably old. Look in the report where the addresses came from before you resume."
            ),
            pages.url(mailing, "report") if pages.exists("report") else "",
        )
    if mailing.frozen_at is None:
        return _(
            "Nobody has got it. Call it off, and send a copy of it that is checked and approved as it is now."
        ), ""
    return _("Look at the reason, mend what you can, and resume it or call it off."), ""


def _domain_url(mailing: Mailing) -> str:
    return reverse("admin:mailer_sender_domain", args=[mailing.sender_id]) if mailing.sender_id else ""
