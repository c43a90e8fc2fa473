"""Who has a mailing open in the editor: each open page gives a sign of life, and is told of the others."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from mailer.models import Mailing, MailingPresence

EVERY_SECONDS = 30
GONE_AFTER = dt.timedelta(seconds=2.5 * EVERY_SECONDS)
_FORGOTTEN_AFTER = dt.timedelta(hours=1)


def seen(mailing: Mailing, user: User, tab: uuid.UUID, language: str) -> QuerySet[MailingPresence]:
    """Note that `user` has the mailing open in this tab; gives the others who have. Safe to repeat."""
    now = timezone.now()
    MailingPresence.objects.update_or_create(
        mailing=mailing, user=user, tab=tab, defaults={"language": language, "seen_at": now}
    )
    mailing.present.filter(seen_at__lt=now - _FORGOTTEN_AFTER).delete()
    return others(mailing, user)


def others(mailing: Mailing, user: User) -> QuerySet[MailingPresence]:
    """Who else has it open just now; a person with several tabs once."""
    return (
        mailing.present.filter(seen_at__gte=timezone.now() - GONE_AFTER)
        .exclude(user=user)
        .select_related("user")
        .order_by("user_id", "-seen_at")
        .distinct("user_id")
    )


def gone(mailing: Mailing, user: User, tab: uuid.UUID) -> None:
    """The tab was closed. Safe to repeat."""
    mailing.present.filter(user=user, tab=tab).delete()
