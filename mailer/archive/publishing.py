"""Putting a mailing into the archive once it has started: its readable address, and what a stranger reads of it.

A stranger sees what everybody sees (part 0), in each language there is a complete text in. Those messages are frozen with
the mailing, or with its correction, so that the page of an old mailing shows what was sent and costs no rendering.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import slugify

from mailer.archive import stranger
from mailer.models import Mailing, MailingMessage
from mailer.writing import languages, messages

logger = logging.getLogger(__name__)

MAX_SLUG = 80  # and a number behind it
TRIED_FOR = timedelta(days=1)  # what cannot be shown to strangers after so long never can
_TRIES = 50
_UNFINISHED = {"subject", "missing", "problem"}


def publish(mailing: Mailing) -> bool:
    """Give a started mailing its address, and freeze what strangers read of its newest version. False if it stood so.

    Not in the archive, it is still read by the link in its mails. A language whose text cannot be sent is left out. Safe
    to repeat.
    """
    version = MailingMessage.objects.filter(mailing=mailing).aggregate(newest=Max("version"))["newest"] or 1
    there = set(
        MailingMessage.objects.filter(mailing=mailing, part=0, version=version).values_list(
            "language", flat=True
        )
    )
    frozen = sum(
        [_freeze(mailing, code, version) for code in _languages_of(mailing, version) if code not in there]
    )
    return _name(mailing) or bool(frozen)


def publish_due(limit: int = 20) -> int:
    """Publish what has started and is not published yet, also what was corrected since. Returns how many."""
    twin = MailingMessage.objects.filter(
        mailing=OuterRef("mailing"), language=OuterRef("language"), version=OuterRef("version"), part=0
    )
    lacking = MailingMessage.objects.filter(
        ~Exists(twin), mailing=OuterRef("pk"), created_at__gte=Now() - TRIED_FOR
    )
    due = Mailing.objects.filter(Q(slug=None) | Exists(lacking), frozen_at__isnull=False).order_by("-pk")
    return sum([publish(mailing) for mailing in due[:limit]])


# --- parts ----------------------------------------------------------------------------------------------------------


def _languages_of(mailing: Mailing, version: int) -> list[str]:
    """Of a correction those the first version had; at first all that are written, but for texts that nobody was sent."""
    rows = MailingMessage.objects.filter(mailing=mailing).filter(Q(part=0) | Q(version=version))
    read = set(rows.values_list("language", flat=True))
    if version > 1:
        return sorted(read)
    unfinished = {
        gap.language for gap in languages.gaps(mailing) if gap.what in _UNFINISHED and not gap.block
    }
    return sorted(read | (set(languages.written(mailing)) - unfinished))


def _freeze(mailing: Mailing, language: str, version: int) -> bool:
    try:
        messages.freeze_messages(mailing, [(language, 0)], version=version)
    except ValidationError:
        logger.warning(
            "a language of a mailing cannot be shown in the archive", extra={"mailing": mailing.pk}
        )
        return False
    return True


def _name(mailing: Mailing) -> bool:
    """Give the mailing the first free address made of its day and subject; False if it has one."""
    base = _words_of(mailing)
    for number in range(1, _TRIES + 1):
        slug = base if number == 1 else f"{base}-{number}"
        try:
            with transaction.atomic():
                named = Mailing.objects.filter(pk=mailing.pk, slug=None).update(slug=slug)
        except IntegrityError:  # another mailing of that day says the same
            continue
        mailing.refresh_from_db(fields=["slug"])
        return bool(named)
    Mailing.objects.filter(pk=mailing.pk, slug=None).update(slug=f"{base[:60]}-m{mailing.pk}")
    mailing.refresh_from_db(fields=["slug"])
    return True


def _words_of(mailing: Mailing) -> str:
    """`2026-11-22-stand-with-victims`; of a subject in another script the words of a language that has Latin letters."""
    day = timezone.localtime(mailing.started_at or timezone.now()).date().isoformat()
    texts = sorted(mailing.texts.all(), key=lambda text: (text.language != mailing.language, text.language))
    words = (slugify(stranger.line(text.subject)) for text in texts)
    name = f"{day}-{next((found for found in words if found), '')}".strip("-")
    return re.sub(r"-[^-]*$", "", name[: MAX_SLUG + 1]) if len(name) > MAX_SLUG else name
