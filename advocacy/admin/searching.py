"""What the search of the desk finds of campaigns and of representatives."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.search import MOST, Group, rows_as_hits, searches
from advocacy.models import Campaign, Person


@searches(10)
def campaigns(user: User, words: str) -> Group | None:
    hits = rows_as_hits(
        Campaign.objects.order_by("name"),
        "advocacy.view_campaign",
        user,
        "admin:advocacy_campaign_change",
        name__icontains=words,
        slug__icontains=words,
    )
    return None if hits is None else Group(_("Campaigns"), hits)


@searches(60)
def representatives(user: User, words: str) -> Group | None:
    hits = rows_as_hits(
        Person.objects.order_by("sort_name", "name"),
        "advocacy.view_person",
        user,
        "admin:advocacy_person_change",
        name__icontains=words,
        native_name__icontains=words,
    )
    if hits is None:
        return None
    every = reverse("admin:advocacy_person_changelist") + "?" + urlencode({"q": words, "seat": "any"})
    return Group(_("Representatives"), hits, every if len(hits) == MOST else "")
