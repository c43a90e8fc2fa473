"""Rows that are valid by default; a test names only what it is about."""

from __future__ import annotations

import itertools
from typing import Any

from contacts.addresses import Address, parse
from mailer import sending
from mailer.models import Delivery, Message

_number = itertools.count(1)


def unique_address(name: str = "person") -> Address:
    return parse(f"{name}{next(_number)}@example.org")


def make_message(**fields: Any) -> Message:
    return sending.write(
        **{
            "subject": "Save the bus",
            "text": "Dear Sam Lee,\n\nplease keep line 42.\n",
            "from_name": "Epistle",
            **fields,
        }
    )


def make_delivery(
    to: Address | str | None = None,
    kind: str = Delivery.Kind.LETTER,
    message: Message | None = None,
    **fields: Any,
) -> Delivery:
    """A queued delivery; `fields` are written on the row afterwards, whatever its life would allow."""
    address = parse(to) if isinstance(to, str) else to or unique_address()
    delivery = sending.queue(message or make_message(), to=address, kind=kind)
    if fields:
        Delivery.objects.filter(pk=delivery.pk).update(**fields)
    delivery.refresh_from_db()
    return delivery
