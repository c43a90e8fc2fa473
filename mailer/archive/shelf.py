"""What stands in the public archive: mailings that have started, on lists that are open to everybody."""

from __future__ import annotations

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from contacts.models import MailingList
from mailer.models import Mailing, MailingMessage

Status = Mailing.Status


def mailings() -> QuerySet[Mailing]:
    """Newest first, with what strangers read of them.

    The list must be open: what went to a circle of chosen people is not for everybody, though the switch of a mailing
    is on unless somebody turns it off. Who got a follow-up got what stands here once already.
    """
    return with_pages(Mailing.objects.filter(_is_public())).order_by("-started_at", "-pk")


def with_pages(rows: QuerySet[Mailing]) -> QuerySet[Mailing]:
    """The rows with what `stranger.page_of` looks at; the HTML of the one language that is shown is read when it is."""
    for_strangers = MailingMessage.objects.filter(part=0).select_related("message").defer("message__html")
    return rows.select_related("mailing_list").prefetch_related(Prefetch("messages", for_strangers))


def lists() -> QuerySet[MailingList]:
    """The open lists of which anything stands here; `issues` and `newest` say how much, and since when."""
    public = _is_public("mailings__")
    return (
        MailingList.objects.filter(is_public=True)
        .annotate(issues=Count("mailings", filter=public), newest=Max("mailings__started_at", filter=public))
        .filter(issues__gt=0)
        .order_by("name", "pk")
    )


def has_issues(mailing_list: MailingList) -> bool:
    return mailing_list.is_public and mailings().filter(mailing_list=mailing_list).exists()


def is_public(mailing: Mailing) -> bool:
    return Mailing.objects.filter(_is_public(), pk=mailing.pk).exists()


def _is_public(prefix: str = "") -> Q:
    has = {
        "in_archive": True,
        "slug__isnull": False,
        "frozen_at__isnull": False,
        "started_at__isnull": False,
        "mailing_list__is_public": True,
        "status__in": [Status.SENDING, Status.PAUSED, Status.SENT],
    }
    return Q(**{prefix + name: value for name, value in has.items()}) & ~Q(
        **{f"{prefix}relation": Mailing.Relation.FOLLOW_UP}
    )
