"""The roles in plain words: what each is for, and what it may do with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import User
from accounts.permissions import may, visible
from accounts.roles import ROLES

# Group name -> what it is called, and what it is for.
_MEANT_FOR: dict[str, tuple[Any, Any]] = {
    "Campaigners": (
        _("Campaigners"),
        _("Write a campaign: its page, letters, targets, news and what people share."),
    ),
    "Representatives editors": (
        _("Representatives editors"),
        _("Keep the people who are written to: their seats, addresses and imports."),
    ),
    "Moderators": (
        _("Moderators"),
        _("Look at what is held: letters, reports and expressions of support."),
    ),
    "Contacts editors": (
        _("Contacts editors"),
        _("Keep the address book: people, lists, segments and imports."),
    ),
    "Newsletter editors": (_("Newsletter editors"), _("Write mailings. They do not send them.")),
    "Newsletter senders": (
        _("Newsletter senders"),
        _("Send, pause and cancel mailings, and settle what nobody knows the fate of."),
    ),
    "Newsletter approvers": (
        _("Newsletter approvers"),
        _("Say yes to a mailing of somebody else before it leaves."),
    ),
    "Suppression keepers": (
        _("Suppression keepers"),
        _("Decide who must not be written to, and lift it with a reason."),
    ),
    "Contacts exporters": (_("Contacts exporters"), _("Take people away as a file.")),
    "Data stewards": (
        _("Data stewards"),
        _("Answer for the data: consents, suppressions, imports, exports, erasure, and the log of it all."),
    ),
    "Administrators": (
        _("Administrators"),
        _("Say who works here and as what, and who works with which lists only."),
    ),
}

_ACTIONS: dict[str, Any] = {
    "view": _("see"),
    "add": _("add"),
    "change": _("change"),
    "delete": _("delete"),
    "send": _("send"),
    "approve": _("approve"),
    "export": _("export"),
    "erase": _("erase"),
    "lift": _("lift"),
    "release": _("release"),
    "settle": _("settle"),
    "moderate": _("publish or refuse"),
}


def in_words(name: str) -> str:
    """A role as a tick says it, in HTML: its name set apart, and what it is for. One made by hand has its name alone."""
    known = _MEANT_FOR.get(name)
    return format_html("<strong>{}</strong>: {}", *known) if known else name


@audit.says("roles")
def listed(names: Sequence[str]) -> str:
    """Roles by what they are called: “Campaigners, Moderators”."""
    return gettext(", ").join(str(_MEANT_FOR.get(name, (name,))[0]) for name in names) or gettext("no roles")


@dataclass(frozen=True, slots=True)
class Role:
    """A role as its page shows it. members: how many of the people one may see hold it, None who may not see any."""

    name: str
    purpose: str
    rights: Sequence[tuple[str, str]]
    members: int | None
    is_mine: bool


def roles(reader: User) -> Iterator[Role]:
    """Every role of the service, in the order of `ROLES`."""
    counted: dict[str, int] | None = None
    if may(reader, "accounts.view_user"):
        people = Q(user__in=visible(reader, User.objects.filter(is_active=True)))
        rows = Group.objects.annotate(members=Count("user", filter=people))
        counted = dict(rows.values_list("name", "members"))
    mine = set(reader.groups.values_list("name", flat=True))
    for key, rights in ROLES.items():
        name, purpose = _MEANT_FOR.get(key, (key, ""))
        yield Role(
            name=str(name),
            purpose=str(purpose),
            rights=[(_things(model), _acts(actions)) for model, actions in rights.items()],
            members=None if counted is None else counted.get(key, 0),
            is_mine=key in mine,
        )


def _things(model: str) -> str:
    return str(capfirst(apps.get_model(model)._meta.verbose_name_plural))


def _acts(actions: str) -> str:
    """ "view add change" as “see, add, change”."""
    return gettext(", ").join(str(_ACTIONS.get(action, action)) for action in actions.split())


@require_safe
def roles_view(request: HttpRequest) -> HttpResponse:
    """Whoever works here may read what each role may do."""
    user = request.user
    context = {
        **admin.site.each_context(request),
        "title": gettext("Roles"),
        "roles": list(roles(user)) if isinstance(user, User) else [],
        "may_see_groups": may(user, "auth.view_group"),
    }
    return TemplateResponse(request, "staff/roles.html", context)
