"""What a chunk's people get: the message and its headers, made once, and the values of each person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mailer import composing, headers
from mailer.links import slots
from mailer.mailings.windows import ADDRESS, ADDRESS_HASH, CONTACT, DELIVERY, OF_THE_CONTACT
from mailer.models import Mailing, MailingMessage
from mailer.roads import Content, Recipient
from mailer.writing import fields


class NotWritable(ValueError):  # noqa: N818 - said of one person's mail
    """The mail of one person could not be written; the message says by what kind of error, without their data."""


class Prepared:
    """One frozen message of a mailing, ready for a road. Raises ValidationError for a header that could become another."""

    def __init__(self, mailing: Mailing, frozen: MailingMessage) -> None:
        message = frozen.message
        found = headers.mailing_headers(mailing, message)
        self.content = Content(message, found, {"mailing_id": str(mailing.pk)})
        texts = [message.subject, message.text, message.html, *found.values()]
        named = frozenset().union(*(composing.fields_in(text) for text in texts))
        wanted = named - slots.NAMES
        self.columns: Sequence[str] = fields.columns_of(wanted)
        self._values_of = fields.reader(wanted, frozen.language)
        self._slots_of = slots.filler(mailing, frozen.language)

    def recipient(self, row: Sequence[Any]) -> Recipient:
        """A row of a window as a road takes it. Raises NotWritable where the person's data break the text (F23)."""
        try:
            values = self._slots_of(row[DELIVERY], row[CONTACT], row[ADDRESS_HASH])
            if self.columns:
                person = dict(zip(self.columns, row[OF_THE_CONTACT:], strict=True))
                if "attributes" in person:
                    person["attributes"] = json.loads(person["attributes"])
                values.update(self._values_of(person))
        except Exception as error:
            raise NotWritable(type(error).__name__) from error
        return Recipient(row[DELIVERY], row[ADDRESS], values)
