"""Saved views: a list of the desk as somebody narrowed and ordered it, kept under a name for themselves."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import SavedView, User

MOST = 20  # views a person keeps of one list
_LONGEST = 1_000
# The words searched for may be a person's name or address, which no view keeps; the others are places in the list.
_NOT_KEPT = {"q", "words", "at", "p", "e", "all", "_popup", "_to_field", "_facets", "csrfmiddlewaretoken"}


def of(user: User, page: str) -> QuerySet[SavedView]:
    """The person's views of a list, by name."""
    return SavedView.objects.filter(user=user, page=page).order_by("name")


def query_of(asked: QueryDict) -> str:
    """What a view of this request keeps: filters and order, always written alike; "" where nothing narrows."""
    kept = QueryDict(mutable=True)
    for name in sorted(set(asked) - _NOT_KEPT):
        if values := [value for value in asked.getlist(name) if value and "\0" not in value]:
            kept.setlist(name, values)
    return kept.urlencode()


def keep(user: User, page: str, query: str, name: str) -> SavedView:
    """Keep the view under `name`; one of the same name is replaced. Raises ValidationError with words for the person."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise ValidationError(_("Please enter a name of at most 80 characters."))
    if not query or len(query) > _LONGEST:
        raise ValidationError(_("Choose a filter or an order first."))
    others = of(user, page).exclude(name=name)
    if others.count() >= MOST:
        raise ValidationError(_("You keep 20 views of this list already. Remove one first."))
    return SavedView.objects.update_or_create(user=user, page=page, name=name, defaults={"query": query})[0]


# --- pages


@require_POST
def keep_view(request: HttpRequest) -> HttpResponse:
    """Keep what a list shows."""
    page = request.POST.get("page", "")
    url = _list_of(request, page)
    query = query_of(QueryDict(request.POST.get("query", "")))
    try:
        view = keep(_who(request), page, query, request.POST.get("name", ""))
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        messages.success(request, _("The view “%(name)s” is kept.") % {"name": view.name})
    return HttpResponseRedirect(f"{url}?{query}")


@require_POST
def drop_view(request: HttpRequest, view: int) -> HttpResponse:
    """Remove a view of one's own."""
    kept = get_object_or_404(SavedView, pk=view, user=_who(request))
    url = _list_of(request, kept.page)
    kept.delete()
    messages.success(request, _("The view “%(name)s” is removed.") % {"name": kept.name})
    return HttpResponseRedirect(url)


def _list_of(request: HttpRequest, page: str) -> str:
    """The address of a list the person may see. Raises Http404."""
    for model, desk in admin.site._registry.items():
        if page == model._meta.label_lower.replace(".", "_") and desk.has_view_or_change_permission(request):
            try:
                return reverse(f"admin:{page}_changelist")
            except NoReverseMatch:
                break
    raise Http404


def _who(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user
