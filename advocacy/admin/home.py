"""Campaigns on the home page of the desk: where letters came from, and representatives whose data is old."""

from __future__ import annotations

import datetime as dt

from django.core.cache import cache
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.desk import Need, Panel, needs, panels
from accounts.models import User
from accounts.permissions import may, scope_of, visible
from advocacy import maps
from advocacy.models import Legislature, Submission

STALE = dt.timedelta(days=365)  # an election, a by-election or a new office is likely within a year
LATELY = dt.timedelta(days=90)
_REMEMBERED = 3_600  # seconds


@panels.add
def where_from(user: User) -> Panel | None:
    """The people who confirmed letters in the last 90 days, by country; counted at most once an hour."""
    if not may(user, "advocacy.view_letter"):
        return None
    counts = cache.get_or_set(f"countries:{scope_of(user)}", lambda: _countries(user), _REMEMBERED) or {}
    shown = {"map": maps.countries(counts), "days": LATELY.days}
    return Panel("staff/_where_from.html", shown, is_aside=True)


def _countries(user: User) -> dict[str, int]:
    rows = visible(user, Submission.objects.filter(confirmed_at__gt=timezone.now() - LATELY))
    counted = rows.exclude(country="").order_by().values_list("country")
    return dict(counted.annotate(people=Count("pk")))


@needs.add
def old_data(user: User) -> list[Need]:
    """Legislatures nobody brought up to date for a year: their members may have changed."""
    if not may(user, "advocacy.add_representativeimport"):
        return []
    before = timezone.localdate() - STALE
    count = Legislature.objects.filter(as_of__lt=before).count()
    sentence = ngettext(
        "%(count)d legislature was last brought up to date more than a year ago",
        "%(count)d legislatures were last brought up to date more than a year ago",
        count,
    ) % {"count": count}
    url = f"{reverse('admin:advocacy_legislature_changelist')}?as_of__lt={before.isoformat()}"
    return [Need(count, sentence, _("see"), url)]
