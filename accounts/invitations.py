"""Asking somebody to work here: one link by mail, good once and for a week, and never more rights than the inviter's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts import audit, mails, people, seals
from accounts.models import Invitation, Organisation, User
from accounts.seals import Gone

GOOD_FOR = timedelta(days=7)
KEPT_FOR = timedelta(days=30)
_PURPOSE = "accounts.invitations"


class CannotInviteError(Exception):
    """The person works here already, or the inviter may not give what they want to give."""


@transaction.atomic
def invite(
    by: User, address: str, roles: Iterable[Group], organisation: Organisation | None, language: str
) -> Invitation:
    """Ask the owner of `address` to work here. An open invitation to the same address is called back by it.

    Raises CannotInviteError for who works here already, and for more rights than `by` has.
    """
    roles = list(roles)
    _require_right_to_give(by, roles, organisation)
    if User.objects.filter(Q(email__iexact=address) | Q(username__iexact=address)).exists():
        raise CannotInviteError("works here already")
    Invitation.objects.filter(address__iexact=address, accepted_at=None, called_back_at=None).update(
        called_back_at=Now()
    )
    invitation = Invitation.objects.create(
        address=address,
        organisation=organisation,
        language=language,
        nonce=_nonce(),
        invited_by=by,
        expires_at=timezone.now() + GOOD_FOR,
    )
    invitation.roles.set(roles)
    names = sorted(role.name for role in roles)
    audit.record(by, audit.Act.RIGHTS, audit.Did.INVITED, invitation, roles=names)
    _mail(invitation)
    return invitation


@transaction.atomic
def call_back(invitation: Invitation, by: User) -> bool:
    """Let the link lead nowhere from now on. False if it was accepted or called back before."""
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, called_back_at=None)
    if not rows.update(called_back_at=Now()):
        return False
    audit.record(by, audit.Act.RIGHTS, audit.Did.CALLED_BACK, invitation)
    return True


@transaction.atomic
def send_again(invitation: Invitation, by: User) -> bool:
    """Mail a new link, good for another week; the old one leads nowhere. False if there is nothing to send again.

    Raises CannotInviteError if `by` may not give what it gives.
    """
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    _require_right_to_give(by, list(locked.roles.all()), locked.organisation)
    if locked.accepted_at or locked.called_back_at:
        return False
    locked.nonce, locked.expires_at, locked.invited_by = _nonce(), timezone.now() + GOOD_FOR, by
    locked.save(update_fields=["nonce", "expires_at", "invited_by"])
    audit.record(by, audit.Act.RIGHTS, audit.Did.INVITED_AGAIN, locked)
    _mail(locked)
    return True


def read(token: str) -> Invitation:
    """The open invitation a link stands for. Raises Gone for any other. Changes nothing."""
    found = Invitation.objects.select_related("invited_by").filter(pk=seals.row_of(token)).first()
    seals.check(_PURPOSE, token, found.nonce if found else None)
    if found is None or refusal(found):
        raise Gone
    return found


@transaction.atomic
def accept(invitation: Invitation, *, first_name: str, last_name: str, password: str) -> User:
    """Make the member of staff. Raises Gone if it was accepted, called back or became void meanwhile: one link, one account."""
    locked = (
        Invitation.objects.select_for_update(of=("self",)).select_related("invited_by").get(pk=invitation.pk)
    )
    name = locked.address.casefold()
    if locked.nonce != invitation.nonce or refusal(locked) or len(name) > 150:
        raise Gone
    user = User(
        username=name,
        email=locked.address,
        first_name=first_name,
        last_name=last_name,
        is_staff=True,
        organisation=locked.organisation,
        language=locked.language,
    )
    user.set_password(password)
    user.save()
    user.groups.set(locked.roles.all())
    Invitation.objects.filter(pk=locked.pk).update(accepted_at=Now())
    audit.record(user, audit.Act.RIGHTS, audit.Did.ACCEPTED, locked, inviter=locked.invited_by_id)
    people.write_rights(user, user, before=None)
    return user


def refusal(invitation: Invitation) -> str:
    """Why the link leads nowhere; "" if it is good. Who may no longer give the roles has given none."""
    if not invitation.is_open:
        return "it was accepted or called back, or its time is over"
    if User.objects.filter(
        Q(email__iexact=invitation.address) | Q(username__iexact=invitation.address)
    ).exists():
        return "the person works here already"
    try:
        _require_right_to_give(invitation.invited_by, list(invitation.roles.all()), invitation.organisation)
    except CannotInviteError:
        return "who invited may no longer give these roles"
    return ""


def forget() -> Iterator[int]:
    """Remove invitations a month after their end: whoever came has an account, of the others nothing is needed."""
    ended = Q(accepted_at__lt=Now() - KEPT_FOR) | Q(called_back_at__lt=Now() - KEPT_FOR)
    gone, _by_model = Invitation.objects.filter(ended | Q(expires_at__lt=Now() - KEPT_FOR)).delete()
    if gone:
        yield gone


def promise_mails() -> None:
    """Answer for the mails of invitations at the mailer's door."""
    mails.promise("invitation", _link, _mail_refusal)


def _require_right_to_give(by: User, roles: list[Group], organisation: Organisation | None) -> None:
    if not people.may_bring_people(by):
        raise CannotInviteError("may not invite")
    if not people.may_give(by, roles):
        raise CannotInviteError("gives more than they have")
    if by.organisation_id is not None and (organisation is None or organisation.pk != by.organisation_id):
        raise CannotInviteError("invites into another organisation")


def _mail(invitation: Invitation) -> None:
    mails.send("staff_invitation", invitation.address, invitation.language, invitation=invitation.pk)


def _link(pk: int) -> str:
    found = Invitation.objects.filter(pk=pk).first()
    return reverse("staff_welcome", args=[seals.make(_PURPOSE, pk, found.nonce)]) if found else ""


def _mail_refusal(pk: int) -> str:
    found = Invitation.objects.select_related("invited_by").filter(pk=pk).first()
    return refusal(found) if found else "the invitation is gone"


def _nonce() -> str:
    return get_random_string(32)
