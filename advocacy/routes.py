"""Where a letter goes: the representative's address, or in test mode whoever tests; and why it may not go."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import timezone

from advocacy.models import ContactRoute, Letter, Mandate
from advocacy.targets import best_route
from contacts.addresses import Address, parse

Kind, State = ContactRoute.Kind, ContactRoute.State


@dataclass(frozen=True, slots=True)
class Destination:
    """An address, or None and the reason in words; `by_hand` where only the person's own form is left."""

    address: Address | None
    route: ContactRoute | None = None
    reason: str = ""
    by_hand: bool = False


def resolve(letter: Letter) -> Destination:
    """Where this letter would go now. A route its source no longer gives is replaced by the next usable one.

    A route that bounced or was refused is not replaced by a machine: a person should look why.
    """
    if letter.is_test:
        return _test_destination(letter)
    if letter.person.refuses_letters:
        return Destination(None, reason="this person asked not to be written to")
    route = letter.route
    if route is None or route.state == State.RETIRED:
        route = best_route(letter.person, Kind.EMAIL)
        if route is None:
            by_hand = best_route(letter.person, Kind.WEB_FORM) is not None
            return Destination(None, reason="no usable address is known", by_hand=by_hand)
    if route.state != State.USABLE:
        why = f": {route.state_reason}" if route.state_reason else ""
        return Destination(None, route, reason=f"the address is marked “{route.get_state_display()}”{why}")
    try:
        return Destination(parse(route.value), route)
    except ValidationError:
        return Destination(None, route, reason="the address is broken")


def why_not(letter: Letter) -> str:
    """Why a letter that is due may not leave, in words; "" if it may. The stop button only makes it wait."""
    if letter.is_test:
        return ""
    if letter.mandate is None or not _is_current(letter.mandate):
        return "the mandate has ended"
    return resolve(letter).reason


def _is_current(mandate: Mandate) -> bool:
    today = timezone.localdate()
    return (mandate.start_date is None or mandate.start_date <= today) and (
        mandate.end_date is None or mandate.end_date > today
    )


def _test_destination(letter: Letter) -> Destination:
    # A person with a web form only shows in a test what it shows in earnest.
    if letter.route is None and best_route(letter.person, Kind.WEB_FORM) is not None:
        return Destination(None, reason="only a web form is known", by_hand=True)
    try:
        return Destination(parse(letter.campaign.test_address or letter.supporter.address), letter.route)
    except ValidationError:
        return Destination(None, reason="the campaign's test address is broken")
