"""Mailings on the home page of the desk: what is under way, what was sent lately, who refuses our mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import CharField, Count, F, Func, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.desk import Need, Panel, needs, panels
from accounts.models import User
from accounts.permissions import may, scope_of, visible
from mailer.models import Delivery, Mailing
from mailer.reporting import comparing, counting, pace
from mailer.reporting.drawing import Part, parts
from mailer.reporting.states import State

MOST_UNDER_WAY = 10
MOST_LATELY = 5
LATELY = dt.timedelta(days=30)
REFUSALS = 20  # of one domain in a week, from which it stands among what needs somebody
_WEEK = dt.timedelta(days=7)
_REMEMBERED = 600  # seconds
_MOST_DOMAINS = 3


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A mailing that is being sent, stands still, or will start."""

    mailing: Mailing
    bar: Sequence[Part]
    words: str


@dataclass(frozen=True, slots=True)
class Done:
    """A mailing of the last days with the two shares that one looks for first. sent_to: people, of its audience."""

    mailing: Mailing
    sent_to: int
    delivered: float | None
    bounced: float | None


@panels.add
def mailings(user: User) -> Panel | None:
    """What moves, with its bar; and the mailings of the last 30 days."""
    if not may(user, "mailer.view_mailing"):
        return None
    rows = visible(user, Mailing.objects.all())
    under_way = [
        _under_way(one) for one in rows.filter(status__in=_MOVING).order_by("starts_at")[:MOST_UNDER_WAY]
    ]
    return Panel("staff/mailings/_home.html", {"under_way": under_way, "done": _done(rows)})


_MOVING = (Mailing.Status.SCHEDULED, Mailing.Status.SENDING, Mailing.Status.PAUSED)


def _under_way(mailing: Mailing) -> UnderWay:
    if mailing.frozen_at is None:
        return UnderWay(mailing, [], "")
    counts = counting.counts(mailing)
    bar = parts([(state.value, counts[state]) for state in State])
    return UnderWay(mailing, bar, pace.in_words(mailing, counts))


def _done(rows: object) -> list[Done]:
    lately = comparing.sent(rows).filter(  # type: ignore[arg-type]
        finished_at__gt=timezone.now() - LATELY, status__in=[Mailing.Status.SENT, Mailing.Status.CANCELLED]
    )
    found = list(lately[:MOST_LATELY])
    shares, sent_to = comparing.arrived(found), counting.sent_of(found)
    return [Done(one, sent_to[one.pk], *shares[one.pk]) for one in found]


@needs.add
def who_refuses_our_mail(user: User) -> list[Need]:
    """Domains that turned many of our mails away in the last week: their mail desk has to be asked, not their readers."""
    if not may(user, "mailer.view_delivery"):
        return []
    key = f"refusing:{scope_of(user)}"
    found = cache.get_or_set(key, lambda: _refusing(user), _REMEMBERED) or []
    words = _("%(domain)s refuses our mail")
    url = reverse("admin:mailer_delivery_changelist") + "?bounce_class__exact=block"
    return [Need(count, words % {"domain": domain}, _("why"), url) for domain, count in found]


def _refusing(user: User) -> list[tuple[str, int]]:
    rows = visible(user, Delivery.objects.all()).filter(
        bounced_at__gt=timezone.now() - _WEEK, bounce_class=Delivery.BounceClass.BLOCK
    )
    domain = Func(F("address"), Value("@"), Value(2), function="split_part", output_field=CharField())
    counted = rows.exclude(address="").order_by().annotate(domain=domain).values_list("domain")
    most = counted.annotate(count=Count("pk")).filter(count__gte=REFUSALS).order_by("-count")
    return list(most[:_MOST_DOMAINS])
