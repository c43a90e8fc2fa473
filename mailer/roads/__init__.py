"""The two roads to the wire for mailings (DESIGN): a provider's API in batches, our own pipelined SMTP.

    with roads.open_road(mailing.sender) as road:
        content = roads.Content(message, headers)
        turn = road.turn(road.window)
        outcomes = road.ask(content, recipients)

Single mails go by `providers.ask`.
"""

from __future__ import annotations

from mailer.models import Sender
from mailer.roads.contract import Content, Recipient, Road, Turn

__all__ = ["Content", "Recipient", "Road", "Turn", "open_road"]


def open_road(sender: Sender) -> Road:
    """The road of this sender. Raises ImproperlyConfigured where the settings do not lead anywhere."""
    from mailer.roads.api import ApiRoad
    from mailer.roads.smtp import SmtpRoad

    return SmtpRoad(sender) if sender.road == Sender.Road.SMTP else ApiRoad(sender)
