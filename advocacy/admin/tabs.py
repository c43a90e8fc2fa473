"""The tabs of a campaign at the desk: the same on each of its pages, whichever part of the house brings the page.

A part adds its tab when its admin module loads. A page shows them by `frame`, in a template that extends
`staff/campaigns/_frame.html`, or `staff/campaigns/change_form.html` for a page of Django's admin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.desk import Registry, places
from accounts.permissions import may
from advocacy.models import Campaign


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of every campaign; its address takes the campaign's number and nothing else."""

    order: int
    label: Any  # a string, translated when it is shown
    url_name: str
    permission: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A tab as it stands on the page of one campaign."""

    label: Any
    url: str
    here: bool


_tabs: Registry[Tab] = Registry()


def add(order: int, label: Any, url_name: str, permission: str) -> None:
    """Put a tab on the pages of every campaign, for those who hold `permission`. Safe to repeat."""
    _tabs.add(Tab(order, label, url_name, permission))


def of(request: HttpRequest, campaign: Campaign, here: str) -> list[Shown]:
    """The tabs this person sees, in order. `here` is the `url_name` of the tab that the page is on or below."""
    mine = sorted((tab for tab in _tabs if may(request.user, tab.permission)), key=lambda tab: tab.order)
    return [Shown(tab.label, reverse(tab.url_name, args=[campaign.pk]), tab.url_name == here) for tab in mine]


def frame(request: HttpRequest, campaign: Campaign, here: str) -> dict[str, Any]:
    """What `staff/campaigns/_tabs.html` shows: the campaign's name, how it stands, and its tabs.

    Under names of its own, so that it can join the context of any page, after the desk's own: the head line is on
    the campaigns then, whatever the address of the page.
    """
    return {
        "tabs_of": campaign,
        "tabs": of(request, campaign, here),
        "desk_places": places(request, "admin:advocacy_campaign_changelist"),
    }
