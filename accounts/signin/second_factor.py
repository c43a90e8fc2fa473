"""Who must prove who they are by more than a password, and what happens until they can (RELIABILITY A12)."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts import audit, mails
from accounts.languages import DESK, language_of
from accounts.models import User
from accounts.permissions import may

# A right of these kinds reaches many people, or makes others powerful.
_POWERFUL = ("send_", "approve_", "export_", "erase_", "lift_")
_MAKES_OTHERS_POWERFUL = {"accounts.add_user", "accounts.change_user", "auth.change_group"}
_FREE = (
    "account/",
    "login/",
    "logout/",
    "language/",
    "password_change/",
    "oidc/",
    "jsi18n/",
    "welcome/",
    "forgotten/",
)
_KEY = "second_factor"  # in the session: why nothing is missing. Ends with the session, as rights and factors do.


def is_powerful(user: User) -> bool:
    """Whether the person may do what reaches many people or cannot be taken back."""
    if user.is_superuser:
        return True
    rights = user.get_all_permissions()
    return any(
        right in _MAKES_OTHERS_POWERFUL or right.partition(".")[2].startswith(_POWERFUL) for right in rights
    )


def has_one(user: User) -> bool:
    """Whether the person set up an app or a passkey; recovery codes alone are none."""
    return Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def is_missing(request: HttpRequest) -> bool:
    """Whether the person must set up a second factor before they go on. Two queries once a session, then none."""
    user = request.user
    if settings.SECOND_FACTOR != "required" or not isinstance(user, User) or _KEY in request.session:
        return False
    if is_powerful(user) and not has_one(user):
        return True
    request.session[_KEY] = "not missing"
    return False


def may_here(request: HttpRequest, permission: str, row: models.Model | None = None) -> bool:
    """As `permissions.may`, for pages outside the desk: nobody may who must set up a second factor first."""
    return may(request.user, permission, row) and not is_missing(request)


def was_proven_elsewhere(request: HttpRequest) -> None:
    """The identity provider asked for a second factor itself; nothing is missing in this session."""
    request.session[_KEY] = "proven elsewhere"


def ask_again(request: HttpRequest) -> None:
    """Forget in this session that nothing was missing: a factor is gone."""
    request.session.pop(_KEY, None)


@transaction.atomic
def reset(user: User, by: User) -> int:
    """Take away every factor of a person who lost theirs, and end their sessions. How many factors there were."""
    count, _by_model = Authenticator.objects.filter(user=user).delete()
    user.end_sessions()
    audit.record(by, audit.Act.RIGHTS, audit.Did.FACTORS_RESET, user, count=count)
    mails.send("staff_factor_removed", user.email, language_of(user), factor=user.pk)
    return count


class SecondFactorFirst:
    """Middleware: until a second factor is set up, who needs one reaches only the pages where it is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(DESK) and not path.removeprefix(DESK).startswith(_FREE) and is_missing(request):
            return HttpResponseRedirect(reverse("mfa_index"))
        return self.get_response(request)
