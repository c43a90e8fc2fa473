"""One whole mail for one recipient, as the door for single mails would write it: where a provider takes no batch."""

from __future__ import annotations

from django.core.mail import EmailMultiAlternatives

from mailer import composing, headers, providers
from mailer.roads import abilities
from mailer.roads.contract import Content, Recipient


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
    metadata = {**content.metadata, "delivery_id": str(recipient.delivery_id)}
    abilities.add_options(mail, providers.provider_name(), metadata)
    return mail
