"""Anymail's payloads without what costs most of a batch: reading each address as a header, walking through the values.

A plain address needs no header parser, and values that are known to be strings are not lazy. Bodies are the same as
Anymail's own (tests/mailer/roads/test_api.py); everything else, answers above all, stays Anymail's.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from json.encoder import encode_basestring_ascii as json_string
from typing import Any

from anymail.backends.base import BasePayload
from anymail.backends.brevo import BrevoPayload
from anymail.backends.brevo import EmailBackend as BrevoBackend
from anymail.backends.mailgun import EmailBackend as MailgunBackend
from anymail.backends.mailgun import MailgunPayload
from anymail.backends.sendgrid import EmailBackend as SendGridBackend
from anymail.backends.sendgrid import SendGridPayload
from anymail.utils import EmailAddress, force_non_lazy_dict, parse_address_list

from mailer.roads.batches import Batch
from mailer.roads.contract import Recipient

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
plain_address = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*").fullmatch


class PlainAddress(EmailAddress):
    """An address of which it is known that it is one, without a name."""

    def __init__(self, address: str) -> None:
        self._display_name = ""
        self._username, _at, self._domain = address.partition("@")
        self.__dict__["address"] = self.__dict__["_plain"] = address

    @property
    def addr_spec(self) -> str:
        return str(self.__dict__["_plain"])

    def format(self, **options: Any) -> str:
        return str(self.__dict__["_plain"])


def addresses(given: Any, field: str | None = None) -> list[EmailAddress]:
    """What Anymail's `parse_address_list` gives, quicker where an address is plain."""
    if not isinstance(given, (list, tuple)):
        return parse_address_list(given, field=field)
    found: list[EmailAddress] = []
    for address in given:
        if isinstance(address, str) and plain_address(address):
            found.append(PlainAddress(address))
        else:
            found += parse_address_list([address], field=field)
    return found


def _quick(attributes: Iterable[tuple[str, Any, Any]]) -> tuple[tuple[str, Any, Any], ...]:
    converters: dict[Any, Callable[..., Any]] = {parse_address_list: addresses}
    return tuple(
        (
            name,
            combine,
            None if name in _OURS and convert is force_non_lazy_dict else converters.get(convert, convert),
        )
        for name, combine, convert in attributes
    )


_OURS = frozenset({"merge_data", "merge_metadata", "merge_headers"})  # made in `batches`: strings throughout


class _Quick(BasePayload):
    base_message_attrs = _quick(BasePayload.base_message_attrs)
    anymail_message_attrs = _quick(BasePayload.anymail_message_attrs)


class _SendGridPayload(_Quick, SendGridPayload):
    pass


class _BrevoPayload(_Quick, BrevoPayload):
    pass


class QuickSendGrid(SendGridBackend):
    def build_message_payload(self, message: Any, defaults: Any) -> SendGridPayload:
        return _SendGridPayload(message, defaults, self)


class QuickBrevo(BrevoBackend):
    def build_message_payload(self, message: Any, defaults: Any) -> BrevoPayload:
        return _BrevoPayload(message, defaults, self)


# --- Mailgun -------------------------------------------------------------------------------------------------


class RecipientVariables:
    """Mailgun's `recipient-variables` of one call, written as JSON without dictionaries between."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.header_names = [*batch.own_headers, *(["Message-Id"] if batch.gives_message_ids else [])]
        names = ["v:delivery_id", *(variable.name for variable in batch.variables)]
        names += [f"h:{name.title()}" for name in self.header_names]
        self._keys = [f"{', ' if at else ''}{json_string(name)}: " for at, name in enumerate(names)]

    def of(self, recipient: Recipient) -> str:
        """One recipient's part of the object. Raises ValidationError, or MergeError for a value that is missing."""
        values = self._batch.values_of(recipient).values()
        own = self._batch.headers_of(recipient).values()
        strings = (str(recipient.delivery_id), *values, *own)
        body = "".join(chain.from_iterable(zip(self._keys, map(json_string, strings), strict=True)))
        return f"{json_string(recipient.address)}: {{{body}}}"


class _MailgunPayload(_Quick, MailgunPayload):
    """Takes `recipient-variables` as they were written, and sends a form that needs no escaping (RFC 7578)."""

    def populate_recipient_variables(self) -> None:
        message = self.message
        self.data |= {f"v:{name}": value for name, value in self.metadata.items()}
        self.data["v:delivery_id"] = "%recipient.v:delivery_id%"
        for name in message.header_names:
            self.data[f"h:{name.title()}"] = f"%recipient.h:{name.title()}%"
        self.data["recipient-variables"] = message.recipient_variables

    def get_request_params(self, api_url: str) -> dict[str, Any]:
        params: dict[str, Any] = super().get_request_params(api_url)
        boundary = secrets.token_hex(16)
        params["data"] = b"".join(_form(params["data"], boundary))
        params["headers"] = {
            **(params["headers"] or {}),
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        return params


def _form(data: dict[str, Any], boundary: str) -> Iterator[bytes]:
    for name, value in data.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        values: Sequence[Any] = value if isinstance(value, (list, tuple)) else (value,)
        yield "".join(f"{head}{each}\r\n" for each in values).encode()
    yield f"--{boundary}--\r\n".encode()


class QuickMailgun(MailgunBackend):
    """Mailgun's backend, quick for messages that bring their `recipient_variables`."""

    def build_message_payload(self, message: Any, defaults: Any) -> MailgunPayload:
        quick = hasattr(message, "recipient_variables")
        return (_MailgunPayload if quick else MailgunPayload)(message, defaults, self)


BACKENDS = {
    "mailgun": "mailer.roads.quick.QuickMailgun",
    "sendgrid": "mailer.roads.quick.QuickSendGrid",
    "brevo": "mailer.roads.quick.QuickBrevo",
}
