"""What per-list rights (see `contacts.list_rights`) leave of mailings, of what was sent, and of sign-ups."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.permissions import bound_to, narrows
from contacts.segments import within
from mailer.models import Delivery, Mailing, MailingMessage, Message, SignUp


def register() -> None:
    """Safe to repeat."""
    narrows(Mailing, of_lists)
    narrows(SignUp, lambda _user, lists: Q(mailing_list__in=lists))
    # Letters are added by advocacy. Confirmations, notices and tests go to people of whatever list, or of none.
    narrows(Delivery, lambda user, lists: Q(mailing__in=_mailings(user, lists)))
    narrows(Message, lambda user, lists: Q(Exists(_messages(user, lists))))


def of_lists(user: User, lists: frozenset[int]) -> Q:
    """Mailings in the name of one of `lists` that name no other list and no segment that is hidden from the person.

    Only subscribers of its own lists ever get a mailing, so the people of a segment beside them never do.
    """
    found = Q(mailing_list__in=lists)
    for with_lists in (Mailing.include_lists.through, Mailing.exclude_lists.through):
        rows: QuerySet[Any] = with_lists.objects.filter(mailing=OuterRef("pk"))
        found &= ~Q(Exists(rows.exclude(mailinglist__in=lists)))
    segments = within.seen_by(user)
    for with_segments in (Mailing.include_segments.through, Mailing.exclude_segments.through):
        rows = with_segments.objects.filter(mailing=OuterRef("pk"))
        found &= ~Q(Exists(rows.exclude(segment__in=segments)))
    return found


def counts_others(mailing: Mailing, reader: User) -> bool:
    """Whether it is counted for this mailing who of a segment gets nothing, and that would be people the reader, who is
    bound to some lists, does not see."""
    return bound_to(reader) is not None and mailing.include_segments.exists()


def _mailings(user: User, lists: frozenset[int]) -> QuerySet[Any]:
    return Mailing.objects.filter(of_lists(user, lists)).values("pk")


def _messages(user: User, lists: frozenset[int]) -> QuerySet[Any]:
    return MailingMessage.objects.filter(message=OuterRef("pk"), mailing__in=_mailings(user, lists))
