"""Per-list rights: who is bound to some mailing lists sees and uses these and nothing of any other list.

A member of staff with one `ListRight` or more is bound; with none they work with every list. What that leaves of
each kind of row is said here, and asked by `accounts.permissions` alone.
"""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.permissions import binds, narrows
from contacts.models import (
    Consent,
    Contact,
    ContactExport,
    Erasure,
    Import,
    ListRight,
    MailingList,
    Segment,
    Subscription,
    Suppression,
)
from contacts.segments import within

# What reaches beyond the lists a person is bound to. A person they added would stand on no list, so they could not see
# them; an import onto their list is the way.
SHUT = (
    "contacts.add_mailinglist",
    "contacts.add_contact",
    "contacts.erase_contact",
    "contacts.lift_suppression",
    "contacts.delete_listright",  # taking a person's last one away opens every list to them
)


def lists_of(user: User) -> frozenset[int]:
    """The ids of the lists the person is bound to; empty for who works with all of them."""
    return frozenset(ListRight.objects.filter(user=user).values_list("mailing_list", flat=True))


def register() -> None:
    """Make the rights hold everywhere. Safe to repeat."""
    binds(lists_of, shut=SHUT)
    narrows(MailingList, lambda _user, lists: Q(pk__in=lists))
    narrows(Subscription, lambda _user, lists: Q(mailing_list__in=lists))
    narrows(Consent, lambda _user, lists: Q(mailing_list__in=lists))
    narrows(Contact, lambda _user, lists: Q(Exists(_subscriptions(lists))))
    # Anybody with the right may bring a "no"; whose it is, is shown of one's own people only.
    narrows(Suppression, lambda _user, lists: Q(Exists(_people(lists))))
    narrows(Segment, lambda user, _lists: Q(pk__in=within.seen_by(user)))
    # Before the list is chosen a file belongs to who brought it; so does one that names no list at all.
    narrows(Import, lambda user, lists: Q(mailing_list__in=lists) | Q(mailing_list=None, created_by=user))
    narrows(ContactExport, lambda user, _lists: Q(by=user))
    narrows(Erasure, lambda _user, _lists: Q(pk__in=[]))
    # The log names whom others changed; and the number of a suppression would say that its address was known before.
    suppression = Q(content_type__app_label="contacts", content_type__model="suppression")
    narrows(LogEntry, lambda user, _lists: Q(user=user) & ~suppression)
    # Nobody frees themselves.
    narrows(ListRight, lambda user, lists: Q(mailing_list__in=lists) & ~Q(user=user))


def _subscriptions(lists: frozenset[int]) -> QuerySet[Subscription]:
    return Subscription.objects.filter(contact=OuterRef("pk"), mailing_list__in=lists)


def _people(lists: frozenset[int]) -> QuerySet[Contact]:
    """The people of the lists by the hash of their address, which is all that a suppression knows."""
    return Contact.objects.filter(Exists(_subscriptions(lists)), address_hash=OuterRef("address_hash"))
