"""Leaving by the link of a mailing: at the word of whoever holds it, at once, and for every list it was sent to.

One press in a mail program (RFC 8058), the button of our page and a mail to the address beside it do the same. Each
takes back the consent with its proof, and marks the mail that made them go.
"""

from __future__ import annotations

import enum

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts import preferences, subscriptions, suppressions
from contacts.models import MailingList, Subscription, Suppression
from mailer import unsubscribe_links
from mailer.links import figures
from mailer.models import Delivery, DeliveryEvent, Mailing
from mailer.preference_links import Access
from mailer.preferences import choosing
from mailer.unsubscribe_links import Leaver

SOURCE = "unsubscribe link"


class Door(enum.StrEnum):
    """How somebody left; the word is kept with the consent they took back."""

    ONE_CLICK = "one-click"
    PAGE = "page"
    MAILTO = "mailto"
    PROVIDER = "provider"  # a button of the provider's own


def leave(token: str, *, door: Door) -> bool:
    """Take whoever holds this token off the lists of its mailing. False if they were on none of them: a repeat changes
    nothing. Raises Gone for a token that we did not make."""
    if token == unsubscribe_links.TEST:
        return False
    return leave_lists(unsubscribe_links.read(token), door)


@transaction.atomic
def leave_lists(leaver: Leaver, door: Door) -> bool:
    """Off every list that the mailing was sent to. False if they were on none of them. Safe to repeat."""
    contact, mailing = leaver.contact, leaver.mailing
    if contact is None:
        return _leave_the_address(leaver, door)
    if (
        mailing is None
    ):  # a backup was restored that is older than the mail: all we know is that they want no more
        return leave_everything(leaver, door)
    # First the address, as everybody who holds both does.
    suppressions.hold(bytes(contact.address_hash))
    on = set(_standing(leaver).values_list("mailing_list", flat=True))
    left = [
        one.slug
        for one in lists_of(mailing)
        if subscriptions.unsubscribe(
            contact, one, source=SOURCE, proof=_proof(leaver, door), page=_page(), text=_("Unsubscribe")
        )
        and one.pk in on
    ]
    if not left:
        return False
    preferences.note(contact, {f"list {slug}": [True, False] for slug in left})
    _mark(leaver.delivery, door)
    return True


@transaction.atomic
def leave_everything(leaver: Leaver, door: Door) -> bool:
    """No newsletter of any list any more. False if nothing came before. Safe to repeat."""
    contact = leaver.contact
    if contact is None:
        return _leave_the_address(leaver, door)
    suppressions.hold(bytes(contact.address_hash))
    was_on = Subscription.objects.filter(contact=contact, status=Subscription.Status.CONFIRMED).exists()
    choosing.leave_all(Access(contact, is_personal=False))
    if was_on:
        _mark(leaver.delivery, door)
    return was_on


def _leave_the_address(leaver: Leaver, door: Door) -> bool:
    """No newsletter to a mailbox whose owner has another address by now, or is nobody of ours: a mailing that was frozen
    before may still be on its way there. False if none may be written there anyway."""
    delivery = leaver.delivery
    if delivery is None:
        return False
    address_hash = bytes(delivery.address_hash)
    suppressions.hold(address_hash)
    if suppressions.blocks(address_hash, Suppression.Scope.MAILINGS):
        return False
    suppressions.suppress(
        address_hash,
        Suppression.Reason.LEFT,
        scope=Suppression.Scope.MAILINGS,
        evidence={"delivery": delivery.pk},
    )
    _mark(delivery, door)
    return True


def lists_of(mailing: Mailing) -> list[MailingList]:
    """The lists that "unsubscribe" leaves: the one in whose name it came first, then those it was sent to."""
    others = [one for one in mailing.include_lists.order_by("name", "pk") if one != mailing.mailing_list]
    return [one for one in [mailing.mailing_list, *others] if one is not None]


def lists_on(leaver: Leaver) -> list[MailingList]:
    """Those of them whose mails still come to this person."""
    if leaver.contact is None or leaver.mailing is None:
        return []
    on = set(_standing(leaver).values_list("mailing_list", flat=True))
    return [one for one in lists_of(leaver.mailing) if one.pk in on]


def _standing(leaver: Leaver) -> QuerySet[Subscription]:
    return Subscription.objects.filter(contact=leaver.contact, status=Subscription.Status.CONFIRMED)


def _mark(delivery: Delivery | None, door: Door) -> None:
    """Write down that this mail made its reader leave, once."""
    if delivery is None:
        return
    now = timezone.now()
    _event, is_new = DeliveryEvent.objects.get_or_create(
        event_key=f"unsubscribed:{delivery.pk}",
        defaults={
            "delivery": delivery,
            "type": DeliveryEvent.Type.UNSUBSCRIBED,
            "occurred_at": now,
            "applied_at": now,
            "detail": door.value,
        },
    )
    if is_new and delivery.mailing_id is not None:
        figures.add(delivery.mailing_id, {("unsubscribed", _DETAIL[door], now): 1})


# What the report tells apart.
_DETAIL = {Door.ONE_CLICK: "link", Door.PAGE: "link", Door.MAILTO: "mailto", Door.PROVIDER: "provider"}


def _proof(leaver: Leaver, door: Door) -> dict[str, object]:
    return {
        "by": door.value,
        "mailing": leaver.mailing.pk if leaver.mailing else None,
        "delivery": leaver.delivery.pk if leaver.delivery else None,
    }


def _page() -> str:
    """Where the choice was made: without the token, which is a secret."""
    return unsubscribe_links.before_token(get_language() or "en")
