"""The login of the desk: a password may be guessed at only a few times (RELIABILITY A12).

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
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from limits import RateLimitItem, RateLimitItemPerMinute

from accounts import budgets
from accounts.networks import network_of

logger = logging.getLogger(__name__)

OF_ACCOUNT_AND_NETWORK = RateLimitItemPerMinute(10, 15)
OF_ACCOUNT = RateLimitItemPerMinute(50, 60)
OF_NETWORK = RateLimitItemPerMinute(100, 15)


class LoginForm(AdminAuthenticationForm):
    """Django's own, asked only as long as the budgets of failed attempts last."""

    def clean(self) -> dict[str, Any]:
        spent = self._budgets()
        if not all(budgets.has_room(budget, "login", *names) for budget, names in spent):
            # Before the password is looked at: a right guess must not stand out either.
            logger.warning("a login was refused after too many failed ones")
            raise ValidationError(
                _("Too many failed logins. Please try again in a quarter of an hour."), code="throttled"
            )
        try:
            return super().clean()
        except ValidationError:
            for budget, names in spent:
                budgets.within(budget, "login", *names)
            raise

    def _budgets(self) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        """The budgets of this attempt, each with whose it is; no name reaches Valkey."""
        typed = str(self.cleaned_data.get("username") or "").strip().casefold()
        account = salted_hmac("accounts.logins", typed, algorithm="sha256").hexdigest()[:32]
        network = network_of(self.request) if self.request is not None else ""
        return [
            (OF_ACCOUNT_AND_NETWORK, ("account", account, network)),
            (OF_ACCOUNT, ("account", account)),
            (OF_NETWORK, ("network", network)),
        ]
