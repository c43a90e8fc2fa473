"""Second factors that come and go stand in the log of staff acts."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts import audit
from accounts.models import User
from accounts.signin import second_factor


@audit.says("factor")
def _in_words(kind: str) -> str:
    """What one signs in with, by allauth's code."""
    words = {
        Authenticator.Type.TOTP: gettext("authenticator app"),
        Authenticator.Type.WEBAUTHN: gettext("passkey"),
        Authenticator.Type.RECOVERY_CODES: gettext("recovery codes"),
    }
    return words.get(kind, kind)


def watch() -> None:
    """From now on they are written down. Safe to repeat."""
    signals.authenticator_added.connect(_added, dispatch_uid="accounts.signin.added")
    signals.authenticator_removed.connect(_removed, dispatch_uid="accounts.signin.removed")
    signals.authenticator_reset.connect(_renewed, dispatch_uid="accounts.signin.renewed")


def _added(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    audit.record(user, audit.Act.RIGHTS, audit.Did.FACTOR_SET_UP, factor=authenticator.type)


def _removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    second_factor.ask_again(request)
    audit.record(user, audit.Act.RIGHTS, audit.Did.FACTOR_REMOVED, factor=authenticator.type)


def _renewed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    audit.record(user, audit.Act.RIGHTS, audit.Did.RECOVERY_CODES)
