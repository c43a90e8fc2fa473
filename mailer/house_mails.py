"""Mails of the house to its contacts and staff: rendered once a language, stored once, linked at the door."""

from __future__ import annotations

import functools
from email.utils import parseaddr
from typing import Any

from django.conf import settings

from contacts.models import MailingList
from mailer import composing, sending
from mailer.composing import Rendered
from mailer.models import Message
from mailer.signup.wording import page_language


def house_name(mailing_list: MailingList | None = None) -> str:
    """Who such a mail comes from: the list's organisation, else the house."""
    if mailing_list is not None and mailing_list.organisation is not None:
        return mailing_list.organisation.name
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or "Epistle"


def message(mail: str, language: str, *, from_name: str, **context: str) -> Message:
    """The message of `templates/email/<mail>/` in one language: one row for everybody who gets the same text."""
    values = _values(from_name, context)
    rendered = _rendered(mail, tuple(sorted(values.items())), page_language(language))
    key = (rendered, from_name)
    kept = Message.objects.filter(pk=_messages.get(key, 0), erased_at=None, subject=rendered.subject)
    found = kept.only("pk").first() or _write(rendered, from_name, language)
    _messages[key] = found.pk
    return found


def own_message(mail: str, language: str, *, from_name: str, **context: Any) -> Message:
    """The same, for one reader: a row of its own."""
    rendered = composing.render_mail(mail, _values(from_name, context), page_language(language))
    return _write(rendered, from_name, language)


def _values(from_name: str, context: dict[str, Any]) -> dict[str, Any]:
    return {"sender_name": from_name, "postal_address": settings.POSTAL_ADDRESS, **context}


def _write(rendered: Rendered, from_name: str, language: str) -> Message:
    return sending.write(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        from_name=from_name,
        language=page_language(language),
    )


@functools.lru_cache(maxsize=256)
def _rendered(mail: str, context: tuple[tuple[str, Any], ...], language: str) -> Rendered:
    return composing.render_mail(mail, dict(context), language)


_messages: dict[tuple[Rendered, str], int] = {}
