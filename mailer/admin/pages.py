"""The pages of one mailing: each module of this package adds its own, and the tabs lead to those that are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import require
from mailer.models import Mailing

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

View = Callable[["MailingAdmin", HttpRequest, Mailing], HttpResponseBase]
ListView = Callable[["MailingAdmin", HttpRequest], HttpResponseBase]
V = TypeVar("V", bound=View)
R = TypeVar("R", bound=HttpResponseBase)

# The way of a mailing, in the order of its tabs.
TABS = {
    "write": _("Write"),
    "audience": _("Audience"),
    "check": _("Check"),
    "send": _("Send"),
    "report": _("Report"),
}


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    path: str
    view: View
    permission: str


_pages: dict[str, Page] = {}
_beside: dict[str, tuple[ListView, str]] = {}


def register(name: str, path: str = "", *, permission: str = "mailer.view_mailing") -> Callable[[V], V]:
    """Show a view at /staff/mailer/mailing/<pk>/<path>, named admin:mailer_mailing_<name>.

    The view is given the admin class, the request and the mailing, which is one the person may see and has
    `permission` for. Without `path` its name is its path. A name of `TABS` makes it that tab.
    """

    def add(view: V) -> V:
        _pages[name] = Page(name, path or f"{name}/", view, permission)
        return view

    return add


def register_beside(name: str, *, permission: str = "mailer.view_mailing") -> Callable[[ListView], ListView]:
    """As `register`, for a page beside the list, about many mailings: /staff/mailer/mailing/<name>/."""

    def add(view: ListView) -> ListView:
        _beside[name] = (view, permission)
        return view

    return add


def urls(desk: MailingAdmin) -> list[URLPattern]:
    """The addresses of all pages registered so far."""
    beside = [
        path(f"{name}/", desk.admin_site.admin_view(_listed(desk, *entry)), name=f"mailer_mailing_{name}")
        for name, entry in _beside.items()
    ]
    return beside + [
        path(f"<int:pk>/{page.path}", desk.admin_site.admin_view(_opened(desk, page)), name=_url_name(page))
        for page in _pages.values()
    ]


def _url_name(page: Page) -> str:
    return f"mailer_mailing_{page.name}"


def _opened(desk: MailingAdmin, page: Page) -> Callable[..., HttpResponseBase]:
    def view(request: HttpRequest, pk: int) -> HttpResponseBase:
        return shown(desk, request, desk.row_or_404(request, pk, page.permission), page.view)

    return view


def shown(
    desk: MailingAdmin,
    request: HttpRequest,
    mailing: Mailing,
    view: Callable[[MailingAdmin, HttpRequest, Mailing], R],
) -> R:
    """What `view` answers, written at once: all times on the page of a mailing that has its moment are in its zone."""
    zone = (
        timezone.get_current_timezone_name() if mailing.status == Mailing.Status.DRAFT else mailing.time_zone
    )
    with timezone.override(ZoneInfo(zone)):
        answer = view(desk, request, mailing)
        if isinstance(answer, SimpleTemplateResponse):
            answer.render()
    return answer


def _listed(desk: MailingAdmin, page: ListView, permission: str) -> Callable[..., HttpResponseBase]:
    def view(request: HttpRequest) -> HttpResponseBase:
        require(request.user, permission)
        return page(desk, request)

    return view


def exists(name: str) -> bool:
    return name in _pages


def url(mailing: Mailing, name: str) -> str:
    """The address of a page of `mailing`."""
    return reverse(f"admin:mailer_mailing_{name}", args=[mailing.pk])


def tabs(mailing: Mailing, here: str) -> list[dict[str, Any]]:
    """The tabs whose pages exist."""
    return [
        {"label": label, "url": url(mailing, name), "here": name == here}
        for name, label in TABS.items()
        if name in _pages
    ]
