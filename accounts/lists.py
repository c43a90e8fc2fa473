"""The lists of the desk: filters as menus and removable chips, counts that agree with the rows, and pages by key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.text import capfirst

AT = "at"  # the place of a page by key: "after-120" or "before-170", see `DeskList.get_results`
COUNT_UP_TO = 10_000  # a list counts no further; above it says "more than"
_KEPT = (IS_POPUP_VAR, TO_FIELD_VAR)  # what a list in a pop-up needs to stay one
_OWN = {AT, SEARCH_VAR, ORDER_VAR, *_KEPT}


def title_of(opts: Any) -> str:
    """What the list of these rows is called at the desk: in the head line, as its title, and on the way back to it."""
    page = admin.site._registry.get(opts.model)
    return str(capfirst(getattr(page, "list_title", "") or opts.verbose_name_plural))


def key_in(text: str) -> int | None:
    """The key of a row that a form or a query names; None for anything else, such as a number no row can have."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


class BoundedPaginator(Paginator):
    """Counts at most `COUNT_UP_TO` rows: a list of ten million deliveries opens as fast as one of ten."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: COUNT_UP_TO + 1].count())


@dataclass(frozen=True, slots=True)
class Menu:
    """A filter: what it narrows by, what is chosen now, and every choice with the address it leads to."""

    title: str
    chosen: str
    is_set: bool
    choices: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows the list, and the address of the list without it."""

    label: str
    url: str


class DeskList(ChangeList):
    """A list of the desk.

    Where the admin class says `newest_first` it is in the order of its key and paged by it: the thousandth page costs
    what the first does, and rows that come meanwhile move nothing.
    """

    model_admin: Any  # a `StaffAdmin`
    back = on = ""  # the places of the neighbouring pages, "" where there is none

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.at = request.GET.get(AT, "")
        super().__init__(request, *args, **kwargs)
        self.add_facets = self._can_count_filters()
        if not self.is_popup:
            self.title = title_of(self.opts)

    def get_filters_params(self, params: Any = None) -> Any:
        for known in (self.params, self.filter_params):
            known.pop(AT, None)
        return super().get_filters_params(params)

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        return ["-pk"] if self.model_admin.newest_first else super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        """The rows of this page. A place nobody can read is the first page."""
        if not self.model_admin.newest_first:
            super().get_results(request)
            return
        way, _dash, number = self.at.partition("-")
        start = key_in(number) if way in {"after", "before"} else None
        backwards = way == "before" and start is not None
        rows, size = self.queryset, self.list_per_page
        if start is not None:
            rows = rows.filter(**{f"pk__{'gt' if backwards else 'lt'}": start})
        found = list(rows.order_by("pk" if backwards else "-pk")[: size + 1])
        more, found = len(found) > size, found[:size]
        if backwards:
            found.reverse()
        if found and (more if backwards else start is not None):
            self.back = f"before-{found[0].pk}"
        if found and (backwards or more):
            self.on = f"after-{found[-1].pk}"
        self.paginator = self.model_admin.get_paginator(request, self.queryset, size)
        only = start is None and not self.on
        self.result_count = len(found) if only else self.paginator.count
        self.result_list = found
        self.full_result_count, self.show_full_result_count = None, False
        self.show_admin_actions = self.can_show_all = self.multi_page = False

    @property
    def pages_by_key(self) -> dict[str, str]:
        """The addresses of the pages before and after this one."""
        return {
            name: self.get_query_string({AT: place})
            for name, place in (("back", self.back), ("on", self.on))
            if place
        }

    # --- what narrows it

    @cached_property
    def menus(self) -> list[Menu]:
        """The filters with all their choices."""
        found = []
        for spec in self.filter_specs:
            choices = list(spec.choices(self))
            chosen = next((choice["display"] for choice in choices if choice["selected"]), "")
            is_set = any(name in self.filter_params for name in spec.expected_parameters())
            found.append(Menu(str(spec.title), str(chosen), is_set, choices))
        return found

    @cached_property
    def chips(self) -> list[Chip]:
        """Everything that narrows the list: the words searched for, the filters, and what an address brought along."""
        found = [Chip(f"“{self.query}”", self._without({SEARCH_VAR}))] if self.query else []
        claimed: set[str] = set()
        for menu, spec in zip(self.menus, self.filter_specs, strict=True):
            names = {str(name) for name in spec.expected_parameters()}
            claimed |= names
            if menu.is_set:
                found.append(Chip(f"{capfirst(menu.title)}: {menu.chosen}", self._without(names)))
        for name in sorted(set(self.filter_params) - claimed - _OWN):
            value = ", ".join(self.filter_params[name])
            found.append(Chip(f"{self._name_of(name)}: {value}", self._without({name})))
        return found

    @property
    def url_of_all(self) -> str:
        """The list with nothing that narrows it."""
        return self._without(set(self.filter_params) - {*_KEPT, ORDER_VAR})

    def _without(self, names: Collection[str]) -> str:
        left = {name: value for name, value in self.filter_params.items() if name not in names}
        return "?" + urlencode(sorted(left.items()), doseq=True)

    def _name_of(self, lookup: str) -> str:
        name = lookup.partition("__")[0]
        try:
            return str(capfirst(getattr(self.lookup_opts.get_field(name), "verbose_name", name)))
        except FieldDoesNotExist:
            return name

    def _can_count_filters(self) -> bool:
        """Whether every choice of a filter shows how many rows it would leave: only where all rows are few."""
        if not (self.model_admin.counts_filters and self.filter_specs) or self.result_count > COUNT_UP_TO:
            return False
        return bool(self.root_queryset.order_by()[: COUNT_UP_TO + 1].count() <= COUNT_UP_TO)
