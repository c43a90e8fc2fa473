"""The frozen messages of a mailing: the corrected ones, and those of a freeze that was not finished."""

from __future__ import annotations

from django.db.models import Max

from mailer.models import Mailing, MailingMessage, Message
from mailer.writing.messages import freeze_messages


def correct(mailing: Mailing) -> int:
    """Write every message of the mailing anew, as its texts stand now; returns the number of the new version.

    Chunks take the newest version whenever a worker claims one. Raises ValidationError where a text cannot be sent.
    """
    known = MailingMessage.objects.filter(mailing=mailing)
    newest: int = known.aggregate(newest=Max("version"))["newest"] or 0
    groups = known.filter(version=newest).values_list("language", "part")
    freeze_messages(mailing, list(groups), version=newest + 1)
    return newest + 1


def forget(mailing: Mailing) -> None:
    """Remove the messages of a freeze that was not finished; nothing points to them any more."""
    messages = list(MailingMessage.objects.filter(mailing=mailing).values_list("message", flat=True))
    MailingMessage.objects.filter(mailing=mailing).delete()
    Message.objects.filter(pk__in=messages).delete()
