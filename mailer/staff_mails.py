"""Mails to staff: each is known by the id in its context, and asks whoever wrote it for its link at the door."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError

from accounts import mails
from contacts.addresses import parse
from mailer import house_mails, import_mails, sending
from mailer.models import Delivery


def post(mail: str, to: str, language: str, context: Mapping[str, int]) -> None:
    """Queue a mail about an account. One text serves everybody who gets it in a language."""
    try:
        address = parse(to)
    except ValidationError:
        return
    message = house_mails.message(mail, language, from_name=house_mails.house_name())
    sending.queue(message, to=address, kind=Delivery.Kind.STAFF, context=dict(context))


def check(delivery: Delivery) -> str:
    return mails.refusal_of(delivery.context)


def fields(delivery: Delivery) -> Mapping[str, str]:
    if "import" in delivery.context:
        return import_mails.fields(delivery)
    link = mails.link_of(delivery.context)
    return {"link": link} if link else {}
