"""Lists and segments put together: who is meant by "these, but not those"."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts.models import Contact, MailingList, Segment, Subscription
from contacts.segments import compiling

Part = MailingList | Segment


def members(include: Sequence[Part], exclude: Sequence[Part] = ()) -> QuerySet[Contact]:
    """The contacts in any of `include` and in none of `exclude`, each once.

    Of a list, those whose subscription is confirmed. Suppressions are not looked at here: that is asked when a mail
    is claimed. Nobody for an empty `include`. Raises RuleError for a segment that cannot be compiled.
    """
    return Contact.objects.filter(_any(include)).exclude(_any(exclude))


def _any(parts: Sequence[Part]) -> Q:
    lists = [part.pk for part in parts if isinstance(part, MailingList)]
    found = Q(pk__in=[])
    if lists:
        confirmed = Subscription.objects.filter(
            contact=OuterRef("pk"), mailing_list__in=lists, status=Subscription.Status.CONFIRMED
        )
        found |= Q(Exists(confirmed))
    for part in parts:
        if isinstance(part, Segment):
            found |= Q(pk__in=compiling.queryset(part).values("pk"))
    return found
