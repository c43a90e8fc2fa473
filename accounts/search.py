"""Searching the whole desk: each app adds what it can find, bounded, and only what the person may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import may, visible

MOST = 5  # hits of one kind; there is a list for more
SHORTEST, LONGEST = 2, 100  # characters that are looked for


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: what it is called, where it is, and a word that tells it from others of the name."""

    label: str
    url: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind. `more` is the address of a list with all of them, "" for none."""

    title: str
    hits: Sequence[Hit]
    more: str = ""


Searcher = Callable[[User, str], Group | None]

_searchers: list[tuple[int, Searcher]] = []


def searches(order: int) -> Callable[[Searcher], Searcher]:
    """Add a searcher; groups are shown by `order`. It answers None where the person may not look."""

    def add(searcher: Searcher) -> Searcher:
        if (order, searcher) not in _searchers:
            _searchers.append((order, searcher))
        return searcher

    return add


def found(user: User, text: str) -> Iterator[Group]:
    """What matches, by kind; nothing for a word too short to look for."""
    words = " ".join(text.replace("\0", " ").split())[:LONGEST]
    if len(words) < SHORTEST:
        return
    for _order, search in sorted(_searchers, key=lambda entry: entry[0]):
        group = search(user, words)
        if group is not None and group.hits:
            yield group


@require_safe
def search_view(request: HttpRequest) -> HttpResponse:
    """The page of what was found; only its list for the dialog, which asks while one types."""
    text = request.GET.get("q", "")
    user = request.user
    groups = list(found(user, text)) if isinstance(user, User) else []
    context: dict[str, Any] = {"groups": groups, "asked": text.strip(), "shortest": SHORTEST}
    if request.headers.get("HX-Request"):
        answer = TemplateResponse(request, "staff/_found.html", context)
    else:
        whole = {**admin.site.each_context(request), "title": _("Search the desk"), **context}
        answer = TemplateResponse(request, "staff/search.html", whole)
    answer["Vary"] = "HX-Request"
    return answer


def rows_as_hits(rows: Any, permission: str, user: User, page: str, **matches: str) -> list[Hit] | None:
    """The first rows of a queryset in which any of `matches` (lookup to text) is so; None without the permission."""
    if not may(user, permission):
        return None
    asked = Q()
    for lookup, text in matches.items():
        asked |= Q(**{lookup: text})
    return [Hit(str(row), reverse(page, args=[row.pk])) for row in visible(user, rows).filter(asked)[:MOST]]


@searches(70)
def staff(user: User, words: str) -> Group | None:
    """People who work here."""
    hits = rows_as_hits(
        User.objects.order_by("username"),
        "accounts.view_user",
        user,
        "admin:accounts_user_change",
        username__icontains=words,
        first_name__icontains=words,
        last_name__icontains=words,
    )
    return None if hits is None else Group(_("Staff"), hits)
