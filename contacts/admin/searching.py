"""What the search of the desk finds of contacts, lists and segments."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may, visible
from accounts.search import MOST, Group, Hit, rows_as_hits, searches
from contacts import searching
from contacts.models import Contact, MailingList, Segment
from contacts.segments import counting

_BOUND_MS = 300


@searches(30)
def contacts(user: User, words: str) -> Group | None:
    """People, by the search of their own list; none where that would take too long."""
    if not may(user, "contacts.view_contact"):
        return None
    rows = searching.by_words_for_a_page(visible(user, Contact.objects.all()), words)
    people = counting.examples(rows, MOST, bound_ms=_BOUND_MS) or []
    hits = [
        Hit(
            one.name or one.address,
            reverse("admin:contacts_contact_change", args=[one.pk]),
            one.address if one.name else "",
        )
        for one in people
    ]
    every = reverse("admin:contacts_contact_changelist") + "?" + urlencode({"q": words})
    return Group(_("Contacts"), hits, every if len(hits) == MOST else "")


@searches(40)
def lists(user: User, words: str) -> Group | None:
    hits = rows_as_hits(
        MailingList.objects.order_by("name"),
        "contacts.view_mailinglist",
        user,
        "admin:contacts_mailinglist_change",
        name__icontains=words,
        slug__icontains=words,
    )
    return None if hits is None else Group(_("Lists"), hits)


@searches(50)
def segments(user: User, words: str) -> Group | None:
    hits = rows_as_hits(
        Segment.objects.order_by("name"),
        "contacts.view_segment",
        user,
        "admin:contacts_segment_change",
        name__icontains=words,
    )
    return None if hits is None else Group(_("Segments"), hits)
