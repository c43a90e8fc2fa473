"""The staff desk: Django's admin with our header, our home page, and the rights of `permissions.py`.

The apps above fill it when their admin modules load: `navigation`, `needs`, `figures` and `panels` are the
registries of what stands in the head line and on the home page, so that this ground imports nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit, charts, languages, role_words, saved_views, search
from accounts.charts import Series
from accounts.lists import COUNT_UP_TO, BoundedPaginator, DeskList, key_in
from accounts.models import User
from accounts.permissions import may, names_its_organisation, require, sees_all, visible
from accounts.widgets import DayInput, MomentInput, TimeInput

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")

__all__ = ["COUNT_UP_TO", "BoundedPaginator", "DeskList", "key_in"]  # of the lists, for the apps above


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the head line: shown to who may look there."""

    order: int
    label: Any  # a string, translated when it is shown; of a list, the list's own title
    url_name: str
    permission: str
    part: Any = ""  # what the part of the desk is called that begins here, where not as its first page is


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person."""

    count: int
    sentence: str
    link: str
    url: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the home page with a template of its own, which finds `shown` under the name `panel`."""

    template: str
    shown: Any
    is_aside: bool = False  # shown beside what waits, not below it


class Registry(Generic[T]):
    """What the upper apps bring; a repeat of the same entry is one."""

    def __init__(self) -> None:
        self._entries: list[T] = []

    def add(self, entry: T) -> T:
        """Keep `entry` and give it back, so that it serves as a decorator."""
        if entry not in self._entries:
            self._entries.append(entry)
        return entry

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries)


navigation: Registry[Place] = Registry()
needs: Registry[Callable[[User], Iterable[Need]]] = Registry()
figures: Registry[Callable[[User, int], Iterable[Series]]] = Registry()  # asked for so many days
panels: Registry[Callable[[User], Panel | None]] = Registry()


class Desk(admin.AdminSite):
    """The one admin site of the service (see `DeskConfig`)."""

    site_header = "Epistle"
    site_title = "Epistle"
    index_title = _("Desk")
    index_template = "staff/index.html"
    enable_nav_sidebar = False
    empty_value_display = "–"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "desk_places": places(request)}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Django's list of all models, a third of the time of a page, only where an address asks for one app's.

        No page of the desk draws the whole list: it has a head line and a home page of its own.
        """
        return super().get_app_list(request, app_label) if app_label else []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        user = who(request)
        asked = request.GET.get("days", "")
        days = int(asked) if asked in map(str, charts.PERIODS) else charts.PERIODS[0]
        shown = [series for ask in figures for series in ask(user, days)]
        waiting = [need for ask in needs for need in ask(user) if need.count]
        context = {
            "needs": sorted(waiting, key=lambda need: not need.urgent),
            "figures": shown,
            "figures_by_day": charts.by_day(shown),
            "days": days,
            "periods": charts.PERIODS,
            "panels": [panel for ask in panels if (panel := ask(user)) is not None],
        }
        return super().index(request, {**context, **(extra_context or {})})

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Show rows of ours. Those of the sign-in library hold secrets of people, and each has a page of their own."""
        asked = model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        ours = [model for model in asked if not model.__module__.startswith("allauth.")]
        super().register(ours, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The door of the desk is no longer Django's own, which asks for no second factor."""
        from accounts.signin.views import login

        return login(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        wrap = self.admin_view
        return [
            path("language/", languages.choose, name="set_language"),
            path("roles/", wrap(role_words.roles_view), name="roles"),
            path("search/", wrap(search.search_view), name="search"),
            path("views/keep/", wrap(saved_views.keep_view), name="keep_view"),
            path("views/<int:view>/drop/", wrap(saved_views.drop_view), name="drop_view"),
            *super().get_urls(),
        ]


@search.searches(80)
def _pages(user: User, words: str) -> search.Group:
    """The desk's own pages, by name."""
    mine = [place for place in navigation if words.casefold() in str(place.label).casefold()]
    shown = [place for place in sorted(mine, key=lambda one: one.order) if may(user, place.permission)]
    hits = [search.Hit(str(place.label), reverse(place.url_name)) for place in shown]
    return search.Group(gettext("Pages of the desk"), hits[: search.MOST])


def places(request: HttpRequest, at: str = "") -> dict[str, list[dict[str, Any]]]:
    """The head line: whole tens are its entries, and those after an entry are the pages below it.

    The pages below are shown while one is in their part of the desk. Where one is, the address of the page says;
    a page whose address does not begin with its place's gives the place's `url_name` as `at`, and puts what comes
    back into its context as `desk_places`.
    """
    mine = sorted(
        (place for place in navigation if may(request.user, place.permission)), key=lambda one: one.order
    )
    urls = {place: reverse(place.url_name) for place in mine}
    # The longest address that leads here: /letter/held/ is not /letter/.
    by_address = max(
        (place for place in mine if request.path.startswith(urls[place])),
        key=lambda place: len(urls[place]),
        default=None,
    )
    here = next((place for place in mine if at and place.url_name == at), by_address)
    part = here.order // 10 if here else None
    shown = [
        {
            "label": place.label,
            "part_label": place.part or place.label,
            "url": urls[place],
            "here": place is here,
            "part": place.order // 10,
        }
        for place in mine
    ]
    parts = list({entry["part"]: entry for entry in reversed(shown)}.values())[::-1]
    return {
        "parts": [{**entry, "here": entry["part"] == part} for entry in parts],
        "pages": [entry for entry in shown if entry["part"] == part],
    }


INPUTS: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    models.URLField: {"assume_scheme": "https"},
    models.DateField: {"widget": DayInput},
    models.TimeField: {"widget": TimeInput},
    models.DateTimeField: {"widget": MomentInput},
}
# Columns that have no words of their own in their model.
UNNAMED = {"logo": _("logo"), "slug": _("short name in addresses")}


class StaffAdmin(admin.ModelAdmin):
    """What every page of the desk has in common: rights and rows by `accounts.permissions`, and bounded lists."""

    newest_first = (
        False  # a list in the order of its key and in no other: sorting millions by a column helps nobody
    )
    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    actions: Any = None  # what is done to many rows has a page of its own that counts them first
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER  # DeskList decides: a count a filter is a scan a filter
    counts_filters = True  # False where a filter narrows only together with another
    list_title: Any = (
        ""  # what the list is called; empty: as the rows are, which for a model of ours is right
    )
    purpose: Any = ""  # what the list is for, in one sentence below its title
    add_words: Any = ""  # what the button and the page say that add a row: “Add a campaign”
    empty_words: Any = ""  # what to do while there is no row at all
    may_be_of_others: Sequence[str] = ()  # relations to rows that not everybody who changes this one sees
    formfield_overrides = INPUTS
    saves_in_a_row = False  # True where people enter one after the other, such as areas or postcodes

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeskList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list as the query asks for it. A filter holding NUL, which PostgreSQL's text cannot, is no filter."""
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters("NUL in the query")
        return super().get_changelist_instance(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = {"title": self.add_words} if self.add_words else {}
        return super().add_view(request, form_url, {**title, **(extra_context or {})})

    @admin.display(description=_("number"))
    def number(self, row: models.Model) -> int:
        """What a row without a name is called at the desk."""
        return int(row.pk)

    # --- whose rows, and who may
    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return visible(request.user, super().get_queryset(request))

    def _may(self, request: HttpRequest, action: str, row: models.Model | None = None) -> bool:
        return may(request.user, f"{self.opts.app_label}.{action}_{self.opts.model_name}", row)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return any(self._may(request, action) for action in ("view", "add", "change", "delete"))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "view", obj) or self._may(request, "change", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "delete", obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What a row names and the person does not see is shown, and not theirs to take away: a form that cannot offer
        it would empty it by saving."""
        found = list(super().get_readonly_fields(request, obj))
        for name in () if sees_all(who(request)) else self.may_be_of_others:
            named = getattr(obj, name, None)
            if named is not None:
                rows = type(named)._default_manager.filter(pk=named.pk)
                found += [] if visible(request.user, rows).exists() else [name]
        return found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in UNNAMED and db_field.verbose_name == db_field.name:
            kwargs.setdefault("label", capfirst(UNNAMED[db_field.name]))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Django's page with the buttons that help: few rows are followed by another of their kind."""
        context.setdefault("show_save_and_add_another", self.saves_in_a_row)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- an organisation's own staff neither choose another's rows nor give rows away
    def get_exclude(self, request: HttpRequest, obj: models.Model | None = None) -> list[str] | None:
        excluded = list(super().get_exclude(request, obj) or [])
        if _bound(request) and names_its_organisation(self.model):
            excluded.append("organisation")
        return excluded or None

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """The fieldsets without what is excluded: Django's own would bring `organisation` back."""
        fieldsets = super().get_fieldsets(request, obj)
        hidden = set(self.get_exclude(request, obj) or [])
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in fieldsets
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and field.queryset is not None:
            field.queryset = visible(request.user, field.queryset)
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if _bound(request) and names_its_organisation(self.model):
            obj.organisation_id = own_organisation(request)
        super().save_model(request, obj, form, change)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        """Where Django leads to the start page with a guess, answer as every other page of the desk does: 404."""
        raise Http404(f"no such {opts.model_name}")

    def row_or_404(self, request: HttpRequest, pk: int, permission: str) -> Any:
        """The row of one of our own pages: 404 for one that is not theirs, 403 without the right."""
        require(request.user, permission)
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        require(request.user, permission, row)
        return row

    def note(
        self,
        request: HttpRequest,
        row: models.Model,
        did: models.TextChoices,
        act: audit.Act = audit.Act.CHANGED,
        **details: Any,
    ) -> None:
        """Write what a person did to a row into the log of staff acts, as `audit.record` takes it."""
        audit.record(who(request), act, did, row, **details)


class _InlineOfStaff:
    """Rows shown inside another's page: the page's row decides whose they are, the model's rights who may."""

    extra = 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and field.queryset is not None:
            field.queryset = visible(request.user, field.queryset)
        return field


class StaffInline(_InlineOfStaff, admin.TabularInline):
    """As a table."""

    formfield_overrides = INPUTS


class StackedStaffInline(_InlineOfStaff, admin.StackedInline):
    """One under the other, for long texts."""

    formfield_overrides = INPUTS


class ReadOnly:
    """Mixed into an admin class: staff look at these rows and never change them."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False


def who(request: HttpRequest) -> User:
    """The member of staff who asks. Pages wrapped by `admin_view` let nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied("staff only")
    return request.user


def own_organisation(request: HttpRequest) -> int | None:
    """The id of the one organisation the person works for; None: for the house as a whole."""
    own: int | None = getattr(request.user, "organisation_id", None)
    return own


def _bound(request: HttpRequest) -> bool:
    """Whether the person works for one organisation only."""
    return own_organisation(request) is not None
