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
from accounts.steps import Step, along
from mailer.models import Mailing
from mailer.preflight.fingerprint import fingerprint

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


WAY = ("write", "audience", "check", "send")  # of the tabs, what leads to a mailing that is on its way
_NOT_SENT = (Mailing.Status.DRAFT, Mailing.Status.SCHEDULED)


def steps(mailing: Mailing, here: str) -> list[Step]:
    """The way of a mailing that has not begun, with what is done of it; none for one that has: it has tabs."""
    if mailing.status not in _NOT_SENT or here not in WAY:
        return []
    done = {number for number, name in enumerate(WAY, start=1) if _DONE[name](mailing)}
    urls = [url(mailing, name) if exists(name) else "" for name in WAY]
    return along([TABS[name] for name in WAY], WAY.index(here) + 1, urls=urls, done=done)


def first_steps() -> list[Step]:
    """The way of a mailing that is only being begun."""
    return along([TABS[name] for name in WAY], 1)


_DONE: dict[str, Callable[[Mailing], bool]] = {
    "write": lambda mailing: mailing.texts.filter(language=mailing.language).exclude(subject="").exists(),
    "audience": lambda mailing: bool(
        mailing.based_on_id or mailing.include_lists.exists() or mailing.include_segments.exists()
    ),
    # What was checked is what it says now; another text has to be checked again.
    "check": lambda mailing: (
        bool(mailing.preflight_print) and mailing.preflight_print == fingerprint(mailing)
    ),
    "send": lambda mailing: mailing.status == Mailing.Status.SCHEDULED,
}


def tabs(mailing: Mailing, here: str) -> list[dict[str, Any]]:
    """The tabs whose pages exist."""
    return [
        {"label": label, "url": url(mailing, name), "here": name == here}
        for name, label in TABS.items()
        if name in _pages
    ]
