"""One request a person: for providers whose API takes no batch of own texts."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives

from mailer import composing, headers, providers
from mailer.models import Sender
from mailer.providers import Answer, Outcome
from mailer.roads.contract import Content, Recipient, Turn


class SingleRoad:
    """Fills and sends each mail by itself, as the door for single mails does."""

    window = 50

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.provider = providers.provider_name()

    def turn(self, people: int) -> Turn:
        return Turn(people)

    def ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        return [self._ask(content, recipient) for recipient in recipients]

    def _ask(self, content: Content, recipient: Recipient) -> Outcome:
        try:
            mail = compose(content, recipient)
        except (ValidationError, composing.MergeError) as error:
            return Outcome(Answer.REFUSED, reason=f"the mail could not be written: {type(error).__name__}")
        return providers.ask(mail)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def compose(content: Content, recipient: Recipient) -> EmailMultiAlternatives:
    """The whole mail of one recipient. Raises ValidationError for a header that could become another one, MergeError
    for a field without a value."""
    message, values = content.message, recipient.values
    own = {"Message-ID": headers.message_id_for(recipient.delivery_id)}
    for name, value in content.headers.items():
        own[name] = headers.check_line(composing.fill(value, values), limit=headers.MAX_HEADER)
    mail = EmailMultiAlternatives(
        subject=headers.check_line(composing.fill(message.subject, values), limit=headers.MAX_SUBJECT),
        body=composing.fill(message.text, values),
        from_email=headers.mailbox(message.from_name, message.from_address),
        to=[headers.mailbox("", recipient.address)],
        reply_to=[headers.mailbox(message.reply_to_name, message.reply_to)] if message.reply_to else None,
        headers=own,
    )
    if message.html:
        mail.attach_alternative(composing.fill(message.html, values, html=True), "text/html")
    mail.metadata = {**content.metadata, "delivery_id": str(recipient.delivery_id)}  # type: ignore[attr-defined]
    mail.track_opens = False  # type: ignore[attr-defined]
    mail.track_clicks = False  # type: ignore[attr-defined]
    return mail
