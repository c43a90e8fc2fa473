"""What advocacy does with the news of a delivery. Each may come twice and in any order."""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone

from advocacy import retention
from advocacy.models import ContactRoute, Letter
from mailer.bounces import in_words
from mailer.models import Delivery

logger = logging.getLogger(__name__)

Status = Letter.Status


def on_settled(sender: Any, delivery: Delivery, change: str, **kwargs: Any) -> None:
    """Mark the route of a representative that refuses mail, and hold what waits for it.

    The supporter is not to blame and nobody is suppressed. Mailer itself suppresses a supporter's own address whose
    confirmation bounced or was reported.
    """
    if delivery.kind != Delivery.Kind.LETTER:
        return
    letter = Letter.objects.filter(delivery=delivery).select_related("route", "delivery").first()
    if letter is None:
        return
    if change == "suppressed":
        retention.take_back_one(letter)
    # A test went to the tester: their mailbox says nothing about the representative.
    if letter.route is None or letter.is_test:
        return
    if change == "bounced" and delivery.bounce_class == Delivery.BounceClass.HARD:
        mark(letter.route, ContactRoute.State.BOUNCED, in_words(delivery.bounce_class, delivery.bounce_code))
    elif change == "complained":
        mark(letter.route, ContactRoute.State.REFUSED, "the office reported a letter as spam")


def mark(route: ContactRoute, state: str, reason: str) -> int:
    """Mark an address as not usable, for everybody who shares it, and hold every letter that waits for it.

    Returns how many letters were held. The routes and the held letters are what staff see, once, on their desk; a
    repeat finds nothing left to mark or hold.
    """
    now = timezone.now()
    shared = ContactRoute.objects.filter(
        kind=route.kind, value_key=route.value_key, state=ContactRoute.State.USABLE
    )
    marked = shared.update(state=state, state_reason=reason[:300], state_changed_at=now)
    held = Letter.objects.filter(
        route__kind=route.kind, route__value_key=route.value_key, status=Status.CONFIRMED, is_test=False
    ).update(
        status=Status.WITHHELD,
        held_because=f"the address is marked: {reason}"[:300],
        held_at=now,
        held_by=None,
        slot=None,
    )
    if marked:
        logger.warning("a route of a representative was marked", extra={"route": route.pk, "held": held})
    return held
