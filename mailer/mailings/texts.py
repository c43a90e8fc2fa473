"""Writing the texts of a mailing: several people at once, and nothing anybody wrote is lost.

A save names the version it began from. One against an older version changes nothing; what it wanted to say is kept
aside as a revision, and the editor is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from mailer.models import Mailing, MailingRevision, MailingText

# A paused mailing may be corrected for those who are not written to yet (`running.correct_text`).
WRITABLE = frozenset({Mailing.Status.DRAFT, Mailing.Status.PAUSED})
# The text is saved as one types; of one person's typing one revision is kept for each of these.
PACE = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Content:
    """What a mailing says in one language."""

    subject: str = ""
    preheader: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    plain: str = ""

    @classmethod
    def of(cls, text: MailingText) -> Content:
        return cls(text.subject, text.preheader, text.blocks, text.plain)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Content:
        return cls(data["subject"], data["preheader"], data["blocks"], data["plain"])

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "preheader": self.preheader,
            "blocks": self.blocks,
            "plain": self.plain,
        }


class OvertakenError(Exception):
    """Somebody else saved since this editor began. `text` is what stands now, `mine` what was kept aside."""

    def __init__(self, text: MailingText, mine: MailingRevision) -> None:
        super().__init__(f"text {text.pk} is at version {text.version}")
        self.text = text
        self.mine = mine


class ClosedError(Exception):
    """The mailing is scheduled, on its way or over: its text stands."""


def save(
    text: MailingText, version: int, content: Content, user: User, *, keep_before: bool = False
) -> MailingText:
    """Write `content` over the version it began from; gives the text as it stands now.

    Safe to repeat: what is written already makes no new version. keep_before: keep a revision of what stood there,
    however short ago the last one. Raises OvertakenError with the content kept aside, or ClosedError.
    """
    with transaction.atomic():
        _open(text.mailing_id)
        now = MailingText.objects.select_for_update().get(pk=text.pk)
        if Content.of(now) == content:
            return now
        if now.version == version:
            return _write(now, content, user, keep_before)
        mine, _new = MailingRevision.objects.update_or_create(
            text=now,
            version=version,
            by=user,
            aside=True,
            defaults={"content": content.as_json(), "at": Now()},
        )
    raise OvertakenError(now, mine)


def _open(mailing_id: int) -> None:
    """Hold the mailing's row, so that it is not scheduled while its text is written."""
    mailing = Mailing.objects.select_for_update(no_key=True).only("pk", "status").get(pk=mailing_id)
    if mailing.status not in WRITABLE:
        raise ClosedError
    Mailing.objects.filter(pk=mailing_id).update(changed_at=Now())


def _write(now: MailingText, content: Content, user: User, keep_before: bool) -> MailingText:
    if keep_before or _is_worth_keeping(now, user):
        MailingRevision.objects.get_or_create(
            text=now,
            version=now.version,
            aside=False,
            defaults={"content": Content.of(now).as_json(), "at": now.changed_at, "by_id": now.changed_by_id},
        )
    for name, value in content.as_json().items():
        setattr(now, name, value)
    now.version += 1
    now.changed_by = user
    now.changed_at = timezone.now()
    now.save(update_fields=["subject", "preheader", "blocks", "plain", "version", "changed_by", "changed_at"])
    return now


def _is_worth_keeping(now: MailingText, user: User) -> bool:
    """Whether somebody else wrote what stands there, or the last revision is some minutes of typing away."""
    if now.changed_by_id != user.pk:
        return True
    last = now.revisions.filter(aside=False).order_by("-version").first()
    return last is None or timezone.now() - last.at >= PACE


def restore(text: MailingText, version: int, revision: MailingRevision, user: User) -> MailingText:
    """Make what a revision says the text again; what stands now becomes a revision. Raises as `save` does."""
    return save(text, version, Content.from_json(revision.content), user, keep_before=True)


@transaction.atomic
def add_language(mailing: Mailing, language: str, user: User) -> MailingText:
    """The text in another language, beginning as a copy of the main one; the one there is, if there is one."""
    _open(mailing.pk)
    main = mailing.texts.filter(language=mailing.language).first()
    content = Content.of(main) if main else Content()
    text, _new = mailing.texts.get_or_create(
        language=language, defaults={**content.as_json(), "plain": "", "changed_by": user}
    )
    return text


@transaction.atomic
def remove_language(text: MailingText) -> bool:
    """Take a language away with its revisions; False for the mailing's main one, which stays."""
    _open(text.mailing_id)
    deleted, _rows = MailingText.objects.filter(pk=text.pk).exclude(language=text.mailing.language).delete()
    return bool(deleted)
