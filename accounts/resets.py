"""A new password by mail: asked for by anybody, answered the same whatever was typed, used by the mailbox's owner."""

from __future__ import annotations

import logging

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from limits import RateLimitItemPerHour

from accounts import audit, budgets, mails
from accounts.languages import language_of
from accounts.models import User
from accounts.networks import network_of
from accounts.seals import Gone

logger = logging.getLogger(__name__)

OF_PERSON = RateLimitItemPerHour(3)
OF_NETWORK = RateLimitItemPerHour(20)


def ask(request: HttpRequest, address: str) -> None:
    """Mail a link to the member of staff with this address, if there is one and the budgets last. Says nothing."""
    if not budgets.within(OF_NETWORK, "reset", "network", network_of(request)):
        logger.warning("links for new passwords were asked for too often from one network")
        return
    user = _owner(address)
    if user is not None and budgets.within(OF_PERSON, "reset", "person", str(user.pk)):
        send(user)


@transaction.atomic
def send(user: User) -> None:
    mails.send("staff_password", user.email, language_of(user), reset=user.pk)


def read(token: str) -> User:
    """The person a link was made for. Raises Gone for any other, and two hours later. Changes nothing."""
    pk, _dash, seal = token.partition("-")
    is_number = pk.isascii() and pk.isdecimal() and len(pk) < 19
    user = User.objects.filter(pk=int(pk)).first() if is_number else None
    if user is None or _refusal_of(user) or not default_token_generator.check_token(user, seal):
        raise Gone
    return user


@transaction.atomic
def accept(user: User, password: str) -> None:
    """Set the password: the link is used up by it, and every session ends. Signs nobody in."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(user, audit.Act.CHANGED, audit.Did.PASSWORD_SET)


def promise_mails() -> None:
    """Answer for these mails, and for the one about a removed second factor, at the mailer's door."""
    mails.promise("reset", _link, _refusal)
    mails.promise("factor", lambda pk: reverse("mfa_index"), _refusal)


def _owner(address: str) -> User | None:
    if "\0" in address:
        return None
    found = list(User.objects.filter(email__iexact=address)[:2])
    return found[0] if address and len(found) == 1 and not _refusal_of(found[0]) else None


def _link(pk: int) -> str:
    user = User.objects.filter(pk=pk).first()
    return (
        reverse("staff_new_password", args=[f"{pk}-{default_token_generator.make_token(user)}"])
        if user
        else ""
    )


def _refusal(pk: int) -> str:
    user = User.objects.filter(pk=pk).first()
    return _refusal_of(user) if user else "the account is gone"


def _refusal_of(user: User) -> str:
    if not (user.is_active and user.is_staff):
        return "the account is switched off"
    # Who signs in by an identity provider alone gets no second door.
    return "" if user.has_usable_password() else "the account has no password"
