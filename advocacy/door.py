"""What mailer asks about a letter when it is claimed: the last look before the provider is asked."""

from __future__ import annotations

from advocacy import routes
from advocacy.models import Letter
from mailer.models import Delivery


def check_letter(delivery: Delivery) -> str:
    """Why a letter may not go after all, in words; "" if it may.

    The stop button, test mode, a marked route, a person who asked not to be written to. The letter is then held, not lost
    (`retention.take_back_one`).
    """
    letter = (
        Letter.objects.select_related("campaign", "person", "route", "supporter", "mandate")
        .filter(delivery=delivery)
        .first()
    )
    if letter is None:
        return "" if "letter" not in delivery.context else "the letter was taken back"
    if letter.campaign.stopped:
        return "the campaign's stop button was pressed"
    if letter.campaign.test_mode and not letter.is_test:
        return "the campaign went back to test mode"
    if letter.status != Letter.Status.DISPATCHED:
        return "the letter was taken back"
    if not letter.body:
        return "its writer was erased"
    return routes.why_not(letter)
