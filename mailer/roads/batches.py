"""A message compiled once for a provider's batch call: its slots become the provider's placeholders.

Each recipient then costs a dictionary of the values behind them: made safe here, since a provider fills them in blindly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from mailer import composing, headers
from mailer.roads import abilities, lines
from mailer.roads.contract import Content, Recipient
from mailer.roads.skeleton import MAX_SLOT, cut, is_slot

Values = Mapping[str, str]
_control = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_special = re.compile(r"[&<>\"']").search


class ForeignTextError(Exception):
    """The text holds what the provider would read as its own language."""


class Variable(NamedTuple):
    """One place for a value: its name at the provider, and what makes its value from a person's."""

    name: str
    make: Callable[[Values], str]


class Batch:
    """One compiled message. Raises ValidationError for a header that could become another one, ForeignTextError."""

    def __init__(self, content: Content, provider: str) -> None:
        message = content.message
        self._provider = provider
        self._abilities = abilities.of(provider)
        self._variables: dict[tuple[str, str, str], Variable] = {}
        self.subject = self._compiled(headers.check_line(message.subject, limit=headers.MAX_SUBJECT), "line")
        self.text = self._compiled(message.text, "plain")
        self.html = self._compiled(message.html, "html")
        self.from_email = headers.mailbox(message.from_name, message.from_address)
        self.reply_to = [headers.mailbox(message.reply_to_name, message.reply_to)] if message.reply_to else []
        self.headers: dict[str, str] = {}
        self.own_headers: dict[str, Callable[[Values], str]] = {}
        for name, value in content.headers.items():
            lines.line(name, value)  # refuses what could become another header
            if any(not isinstance(piece, str) for piece in cut(value)):
                self.own_headers[name] = _header(value)
            else:
                self.headers[name] = value
        self.metadata = dict(content.metadata)
        self.variables = list(self._variables.values())
        self._message_id = headers.message_ids()

    @property
    def gives_message_ids(self) -> bool:
        return self._abilities.message_ids

    def values_of(self, recipient: Recipient) -> dict[str, str]:
        """Variable to value. Raises ValidationError, or MergeError for a value that is missing."""
        values = recipient.values
        try:
            return {name: make(values) for name, make in self.variables}
        except KeyError as error:
            raise composing.MergeError(f"no value for the merge field {error.args[0]}") from None

    def headers_of(self, recipient: Recipient) -> dict[str, str]:
        """The headers that differ from person to person. Raises as `values_of` does."""
        try:
            found = {name: make(recipient.values) for name, make in self.own_headers.items()}
        except KeyError as error:
            raise composing.MergeError(f"no value for the merge field {error.args[0]}") from None
        if self._abilities.message_ids:
            found["Message-Id"] = self._message_id(recipient.delivery_id)
        return found

    def frame(self, addresses: list[str]) -> EmailMultiAlternatives:
        """The message to these addresses, with everything but what differs from person to person."""
        mail = EmailMultiAlternatives(
            subject=self.subject,
            body=self.text,
            from_email=self.from_email,
            to=addresses,
            reply_to=self.reply_to,
            headers=self.headers,
        )
        if self.html:
            mail.attach_alternative(self.html, "text/html")
        abilities.add_options(mail, self._provider, self.metadata)
        return mail

    def mail(
        self, people: Sequence[tuple[Recipient, dict[str, str], dict[str, str]]]
    ) -> EmailMultiAlternatives:
        """The call as Anymail's own batch, of (recipient, `values_of`, `headers_of`): for every provider, and what the
        quick ways are held against."""
        mail = self.frame([recipient.address for recipient, _values, _headers in people])
        options: dict[str, Any] = {
            "merge_data": {recipient.address: values for recipient, values, _headers in people},
            "merge_metadata": {
                recipient.address: {"delivery_id": str(recipient.delivery_id)}
                for recipient, *_others in people
            },
            "merge_headers": {recipient.address: own for recipient, _values, own in people},
        }
        for name, value in options.items():
            setattr(mail, name, value)
        return mail

    def _compiled(self, text: str, kind: str) -> str:
        pieces: list[str] = []
        for piece in cut(text):
            if isinstance(piece, str):
                if self._abilities.is_foreign(piece):
                    raise ForeignTextError
                pieces.append(piece)
                continue
            name, fallback = piece
            key = ("slot", name, "") if is_slot(name) else (kind, name, fallback)
            if key not in self._variables:
                self._variables[key] = Variable(f"v{len(self._variables)}", _maker(*key))
            pieces.append(self._abilities.placeholder(self._variables[key].name))
        return "".join(pieces)


def _maker(kind: str, name: str, fallback: str) -> Callable[[Values], str]:
    match kind:
        case "slot":
            return lambda values: _slot(values[name])
        case "html":
            return lambda values: _html(values[name] or fallback)
        case "line":
            return lambda values: _line(values[name] or fallback)
        case _:
            return lambda values: _plain(values[name] or fallback)


def _header(value: str) -> Callable[[Values], str]:
    pieces = list(cut(value))

    def make(values: Values) -> str:
        return _line(
            "".join(piece if isinstance(piece, str) else values[piece[0]] or piece[1] for piece in pieces)
        )

    return make


def _slot(value: str) -> str:
    if len(value) > MAX_SLOT or not (value.isascii() and value.isprintable()):
        raise ValidationError(_("This address cannot stand in a mail."), code="invalid")
    return value


def _line(value: str) -> str:
    if len(value) > headers.MAX_HEADER or not value.isprintable():
        headers.check_line(value, limit=headers.MAX_HEADER)
    return value


def _plain(value: str) -> str:
    return value if value.isprintable() else _control.sub(" ", value)


def _html(value: str) -> str:
    if not value.isprintable():
        value = _control.sub(" ", value)
    return escape(value) if _special(value) else value
