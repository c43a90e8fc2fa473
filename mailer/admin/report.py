"""The page Report of a mailing: the bar that moves while it is sent, what became of it, and what can follow it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.desk import who
from accounts.permissions import may, require
from mailer import list_rights
from mailer.admin import pages
from mailer.deeds import Did
from mailer.mailings import audience, running
from mailer.models import Mailing
from mailer.reporting import bouncing, clicks, counting, outcomes, pace, states, summary, timing
from mailer.reporting.counting import Counts
from mailer.reporting.drawing import parts
from mailer.reporting.states import State

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

_FIRST_LINKS = 10
_MOVING = (Mailing.Status.SENDING, Mailing.Status.PAUSED)
_NEWS = timedelta(minutes=15)  # after the last mail, in which most of its reports come


@pages.register("report")
def report(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """What became of the mailing. Before its audience is fixed there is nothing to report."""
    context = desk.page_context(request, mailing, "report")
    if mailing.frozen_at is None:
        return TemplateResponse(request, "staff/mailings/report.html", context)
    counts = counting.counts(mailing)
    context |= {
        **live_context(request, mailing, counts),
        "exclusions": [] if list_rights.counts_others(mailing, who(request)) else excluded(mailing),
        "rates": summary.rates(mailing, counts),
        "timeline": timing.timeline(mailing),
        "bounces": bouncing.bounces(mailing),
        "clicked": clicks.by_link(mailing) if mailing.track_clicks else [],
        "first_links": _FIRST_LINKS,
        "languages": summary.languages(mailing),
        "may_follow": may(request.user, "mailer.add_mailing"),
        "unreached": _unreached(mailing, counts),
        "followed_by": mailing.followed_by.exclude(relation=Mailing.Relation.COPY).order_by("pk"),
    }
    return TemplateResponse(request, "staff/mailings/report.html", context)


def _unreached(mailing: Mailing, counts: Counts) -> int | None:
    """How many a draft to those it could not reach would be for; None where counting them takes too long."""
    if not (
        counts[State.FAILED] or counts[State.BOUNCED] or counts[State.COMPLAINED] or counts[State.CANCELLED]
    ):
        return 0
    try:
        return audience.unreached(mailing)
    except OperationalError:
        return None


@pages.register("report_live", "report/live/")
def report_live(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The part of the page that moves. When the mailing is done the whole page is asked for again."""
    counts = counting.counts(mailing)
    if not _is_moving(mailing, counts):
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"mailing": mailing, **live_context(request, mailing, counts)}
    return TemplateResponse(request, "staff/mailings/_report_live.html", context)


def _is_moving(mailing: Mailing, counts: Counts) -> bool:
    """Whether the bar is about to change: mails are still to go, or news of the last ones are on their way."""
    if mailing.status in _MOVING:
        return True
    is_fresh = mailing.finished_at is not None and timezone.now() - mailing.finished_at < _NEWS
    return is_fresh and counts[State.NO_NEWS] > 0


def live_context(request: HttpRequest, mailing: Mailing, counts: Counts) -> dict[str, Any]:
    """The bar with the people of each of its parts, and how old it is."""
    may_see = may(request.user, "mailer.view_delivery")
    return {
        "counts": counts,
        "is_moving": _is_moving(mailing, counts),
        "pace": pace.in_words(mailing, counts),
        "bar": parts([(state.value, counts[state]) for state in State]),
        "states": [
            {
                "key": state.value,
                "label": state.label,
                "means": states.MEANS[state],
                "count": counts[state],
                "share": counts[state] / counts.audience if counts.audience else 0,
            }
            for state in State
            if counts[state]
        ],
        "people_url": pages.url(mailing, "report_people") if may_see else "",
        "may_settle": may(request.user, "mailer.settle_delivery"),
        "age": counting.age(),
    }


def excluded(mailing: Mailing) -> list[tuple[Any, int]]:
    """Who was meant and left out when the audience was fixed, by the reason, in the order in which it was asked."""
    known = [(words, mailing.exclusions.get(reason, 0)) for reason, words in audience.REASONS.items()]
    return [(words, count) for words, count in known if count]


@pages.register("report_outcomes", "report/outcomes/")
def report_outcomes(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """What came of the mailing, counted by the apps above: a part of the page that comes after it."""
    found = outcomes.outcomes(mailing, get_language() or "en") if mailing.frozen_at else []
    return TemplateResponse(request, "staff/mailings/_report_outcomes.html", {"outcomes": found})


@pages.register("report_follow", "report/follow/")
def report_follow(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Begin a draft to those who could not be reached, or to exactly those who were sent it. A repeat is another draft."""
    require(request.user, "mailer.add_mailing")
    if request.method != "POST" or mailing.frozen_at is None:
        return HttpResponseRedirect(pages.url(mailing, "report"))
    makes = {
        Mailing.Relation.FOLLOW_UP.value: running.make_follow_up,
        Mailing.Relation.CORRECTION.value: running.make_correction,
    }
    make = makes.get(request.POST.get("relation", ""))
    if make is None:
        return HttpResponseRedirect(pages.url(mailing, "report"))
    draft = make(mailing, who(request))
    desk.note(request, draft, Did.BEGUN_AFTER, mailing=mailing.pk)
    desk.message_user(request, _("A draft was begun. Nothing is sent before you send it."), messages.SUCCESS)
    return HttpResponseRedirect(pages.url(draft, "write" if pages.exists("write") else "report"))
