"""What we say, to whom it goes, and whether it arrived."""

from mailer.models.designs import MailingTemplate, Picture, SavedBlock, Theme
from mailer.models.inbound import InboundMail
from mailer.models.ledger import Delivery, DeliveryEvent, Message
from mailer.models.links import Hit, Link
from mailer.models.mailings import (
    Mailing,
    MailingAct,
    MailingChunk,
    MailingFigure,
    MailingMessage,
    MailingPresence,
    MailingRevision,
    MailingText,
)
from mailer.models.senders import Sender
from mailer.models.signups import SignUp, new_nonce

__all__ = [
    "Delivery",
    "DeliveryEvent",
    "Hit",
    "InboundMail",
    "Link",
    "Mailing",
    "MailingAct",
    "MailingChunk",
    "MailingFigure",
    "MailingMessage",
    "MailingPresence",
    "MailingRevision",
    "MailingTemplate",
    "MailingText",
    "Message",
    "Picture",
    "SavedBlock",
    "Sender",
    "SignUp",
    "Theme",
    "new_nonce",
]
