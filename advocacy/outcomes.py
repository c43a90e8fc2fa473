"""What came of a newsletter: the letters its readers wrote once they had it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.fields import DateTimeField
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from advocacy.models import Letter
from mailer.models import Delivery, Mailing
from mailer.reporting import outcomes
from mailer.reporting.outcomes import Outcome

WITHIN = timedelta(days=14)


def register() -> None:
    outcomes.register("advocacy.letters", letters)


def letters(mailing: Mailing) -> Iterator[Outcome]:
    """Letters confirmed by people of the audience within `WITHIN` after the mailing was sent to them.

    It says that they came after it, not that they came of it: a person may have written anyway. Letters written in test
    mode never count, nor do those that were withdrawn or refused.
    """
    if mailing.started_at is None:
        return
    earliest = ExpressionWrapper(OuterRef("confirmed_at") - WITHIN, output_field=DateTimeField())
    got_it = Delivery.objects.filter(
        address_hash=OuterRef("supporter__address_hash"),
        mailing=mailing,
        status=Delivery.Status.SENT,
        sent_at__gte=earliest,
        sent_at__lte=OuterRef("confirmed_at"),
    )
    # The span first: an index over days makes the candidates few, whatever the age of the campaigns.
    span = (mailing.started_at, (mailing.finished_at or timezone.now()) + WITHIN)
    rows = Letter.objects.filter(
        Exists(got_it), confirmed_at__range=span, status__in=Letter.LIVE, is_test=False
    )
    found = rows.aggregate(
        letters=Count("pk"),
        people=Count("supporter", distinct=True),
        delivered=Count("pk", filter=Q(delivery__delivered_at__isnull=False)),
    )
    people = ngettext("by %(people)s person", "by %(people)s people", found["people"])
    delivered = ngettext("%(delivered)s delivered", "%(delivered)s delivered", found["delivered"])
    shown = {name: number_format(found[name], force_grouping=True) for name in ("people", "delivered")}
    yield Outcome(
        count=found["letters"],
        words=_("letters written within 14 days after it"),
        detail=f"{people} · {delivered}" % shown,
    )
