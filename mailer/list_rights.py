"""What per-list rights (see `contacts.list_rights`) leave of mailings, of what was sent, and of sign-ups."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.permissions import narrows
from mailer.models import Delivery, Mailing, MailingMessage, Message, SignUp


def register() -> None:
    """Safe to repeat."""
    narrows(Mailing, lambda _user, lists: of_lists(lists))
    narrows(SignUp, lambda _user, lists: Q(mailing_list__in=lists))
    # A letter goes to an office, and is of no list. Confirmations, notices and tests go to people.
    narrows(
        Delivery,
        lambda _user, lists: Q(mailing__in=_mailings(lists)) | Q(mailing=None, kind=Delivery.Kind.LETTER),
    )
    narrows(Message, lambda _user, lists: Q(Exists(_messages(lists))))


def of_lists(lists: frozenset[int]) -> Q:
    """Mailings in the name of one of `lists` that go to no other list's people."""
    to_others = Mailing.include_lists.through.objects.filter(mailing=OuterRef("pk"))
    return Q(mailing_list__in=lists) & ~Q(Exists(to_others.exclude(mailinglist__in=lists)))


def _mailings(lists: frozenset[int]) -> QuerySet[Any]:
    return Mailing.objects.filter(of_lists(lists)).values("pk")


def _messages(lists: frozenset[int]) -> QuerySet[Any]:
    return MailingMessage.objects.filter(message=OuterRef("pk"), mailing__in=_mailings(lists))
