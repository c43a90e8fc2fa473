"""A new mailing: from blocks somebody chose, or after a past one."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from contacts.models import MailingList
from mailer.mailings.texts import Content
from mailer.models import Mailing, MailingAct, MailingText, Sender


@transaction.atomic
def begin(
    *,
    name: str,
    mailing_list: MailingList,
    sender: Sender,
    language: str,
    content: Content,
    user: User,
    organisation_id: int | None,
) -> Mailing:
    """A draft to the people of one list, with one text. Not safe to repeat: each call is one more mailing."""
    mailing = Mailing.objects.create(
        name=name,
        mailing_list=mailing_list,
        sender=sender,
        language=language,
        organisation_id=organisation_id,
    )
    mailing.include_lists.add(mailing_list)
    MailingText.objects.create(mailing=mailing, language=language, changed_by=user, **content.as_json())
    _note(mailing, user)
    return mailing


_AS_BEFORE = (
    "organisation_id", "sender_id", "mailing_list_id", "language", "fallbacks", "leave_out",
    "track_clicks", "track_opens", "in_archive", "noindex",
)  # fmt: skip


@transaction.atomic
def duplicate(past: Mailing, *, name: str, user: User) -> Mailing:
    """A draft that says in all languages what `past` said, to the same audience. Not safe to repeat."""
    mailing = Mailing.objects.create(
        name=name,
        based_on=past,
        relation=Mailing.Relation.COPY,
        **{field: getattr(past, field) for field in _AS_BEFORE},
    )
    for audience in ("include_lists", "include_segments", "exclude_lists", "exclude_segments"):
        getattr(mailing, audience).set(getattr(past, audience).all())
    for text in past.texts.all():
        MailingText.objects.create(
            mailing=mailing, language=text.language, changed_by=user, **Content.of(text).as_json()
        )
    _note(mailing, user, based_on=past.pk)
    return mailing


def _note(mailing: Mailing, user: User, **detail: Any) -> None:
    MailingAct.objects.create(mailing=mailing, what=MailingAct.What.CREATED, by=user, detail=detail)
