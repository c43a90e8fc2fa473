"""Whoever signs in at the desk may guess at only a few times: at a password, and at a code (RELIABILITY A12).

Failed attempts are counted in Valkey, shared by all web processes: of one account from one network, of one account
from everywhere, and of one network for all accounts. The first is small and stops guessing without locking out
the account's owner, who comes from another network; the second stops guessing from many networks. The answer is
the same for an account that exists and for one that does not.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from limits import RateLimitItem, RateLimitItemPerMinute

from accounts import budgets
from accounts.models import User
from accounts.networks import network_of

logger = logging.getLogger(__name__)

OF_ACCOUNT_AND_NETWORK = RateLimitItemPerMinute(10, 15)
OF_ACCOUNT = RateLimitItemPerMinute(50, 60)
OF_NETWORK = RateLimitItemPerMinute(100, 15)


class LoginForm(AdminAuthenticationForm):
    """Django's own, asked only as long as the budgets of failed attempts last. The address does for the name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Name or mail address")

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["username"] = name = _name_of(str(self.cleaned_data.get("username") or ""))
        # Before the password is looked at: a right guess must not stand out either.
        refuse_if_spent(self.request, name)
        try:
            return super().clean()
        except ValidationError:
            spend(self.request, name)
            raise


def refuse_if_spent(request: HttpRequest | None, account: str) -> None:
    """Raise ValidationError if nobody may guess at `account` from here any more. Costs nothing of the budgets."""
    if not all(budgets.has_room(budget, "login", *names) for budget, names in _budgets(request, account)):
        logger.warning("a login was refused after too many failed ones")
        raise ValidationError(
            _("Too many failed logins. Please try again in a quarter of an hour."), code="throttled"
        )


def spend(request: HttpRequest | None, account: str) -> None:
    """Count one failed attempt at `account`, which may be no account at all."""
    for budget, names in _budgets(request, account):
        budgets.within(budget, "login", *names)


def _budgets(request: HttpRequest | None, account: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
    """The budgets of an attempt, each with whose it is; no name reaches Valkey."""
    typed = account.strip().casefold()
    sealed = salted_hmac("accounts.logins", typed, algorithm="sha256").hexdigest()[:32]
    network = network_of(request) if request is not None else ""
    return [
        (OF_ACCOUNT_AND_NETWORK, ("account", sealed, network)),
        (OF_ACCOUNT, ("account", sealed)),
        (OF_NETWORK, ("network", network)),
    ]


def _name_of(typed: str) -> str:
    """The user name behind an address that belongs to exactly one member of staff; else what was typed."""
    if "@" not in typed or "\0" in typed or User.objects.filter(username=typed).exists():
        return typed
    found = User.objects.filter(email__iexact=typed, is_active=True, is_staff=True).values_list(
        "username", flat=True
    )
    names = list(found[:2])
    return names[0] if len(names) == 1 else typed
