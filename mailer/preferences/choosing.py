"""Which lists somebody may choose, and their choice. Leaving takes effect at once; joining is a consent with a proof."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts import preferences, subscriptions, suppressions
from contacts.addresses import parse
from contacts.models import Contact, MailingList, Subscription, Suppression
from mailer.preference_links import Access
from mailer.signup import wording


@dataclass(frozen=True, slots=True)
class Offer:
    """One list on the page: what it is called, what joining agrees to, and whether its mails come."""

    mailing_list: MailingList
    is_on: bool
    language: str

    @property
    def name(self) -> str:
        return self.mailing_list.public_name(self.language)

    @property
    def description(self) -> str:
        return self.mailing_list.public_description(self.language)

    @property
    def text_language(self) -> str:
        return self.mailing_list.text_language(self.language)


def offers(contact: Contact, language: str) -> list[Offer]:
    """The lists whose mails somebody gets, and the open ones they may join: of their own organisations and the house."""
    on = set(
        Subscription.objects.filter(contact=contact, status=Subscription.Status.CONFIRMED).values_list(
            "mailing_list", flat=True
        )
    )
    known = MailingList.objects.filter(subscriptions__contact=contact).values_list("organisation", flat=True)
    organisations = {contact.organisation_id, *known} - {None}
    open_to_them = Q(is_public=True) & (Q(organisation=None) | Q(organisation__in=organisations))
    lists = MailingList.objects.filter(Q(pk__in=on) | open_to_them).order_by("name", "pk")
    return [Offer(one, one.pk in on, language) for one in lists]


@transaction.atomic
def choose(access: Access, ticked: Collection[int], shown: Collection[int], language: str) -> bool:
    """Join and leave so that of the lists `shown` exactly those `ticked` are on. False if some could not be joined.

    Anybody may leave; only the personal link joins. One that came in a newsletter may have been forwarded with it: it
    must neither put its owner on a list nor bring them back to one they left.

    Safe to repeat. What the page did not show stays as it is: another tab, or another day, may have changed it.
    """
    contact = access.contact
    # First the address, as everybody who holds both does.
    suppressions.hold(bytes(contact.address_hash))
    changes, is_done = {}, True
    for offer in offers(contact, language):
        one = offer.mailing_list
        if one.pk not in shown or (one.pk in ticked) == offer.is_on:
            continue
        if not offer.is_on and not access.is_personal:
            is_done = False
            continue
        changed = _leave(access, one) if offer.is_on else _join(access, one, language)
        if changed:
            changes[f"list {one.slug}"] = [offer.is_on, not offer.is_on]
    if changes:
        preferences.note(contact, changes)
    return is_done


@transaction.atomic
def leave_all(access: Access) -> None:
    """No newsletter any more, of whatever list. Safe to repeat."""
    before = sorted(
        Subscription.objects.filter(contact=access.contact, status=Subscription.Status.CONFIRMED).values_list(
            "mailing_list__slug", flat=True
        )
    )
    left = subscriptions.leave_all(
        access.contact,
        source=preferences.SOURCE,
        proof=_proof(access),
        page=_page(),
        text=_("Leave everything"),
    )
    if left:
        preferences.note(access.contact, {f"list {slug}": [True, False] for slug in before})


def standing_of(contact: Contact) -> Suppression | None:
    """What keeps newsletters from them, their own leaving before anything else; None if nothing does."""
    rows = Suppression.objects.filter(
        address_hash=bytes(contact.address_hash),
        scope__in=[Suppression.Scope.MAILINGS, Suppression.Scope.ALL],
    ).filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()))
    return min(rows, key=lambda row: row.reason != Suppression.Reason.LEFT, default=None)


def masked(address: str) -> str:
    """An address as its owner knows it and a stranger who was handed the mail does not: a…@example.org."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _leave(access: Access, mailing_list: MailingList) -> bool:
    return subscriptions.unsubscribe(
        access.contact,
        mailing_list,
        source=preferences.SOURCE,
        proof=_proof(access),
        page=_page(),
        text=_("Unticked in the preferences"),
    )


def _join(access: Access, mailing_list: MailingList, language: str) -> bool:
    """Join by a tick on the personal link, which also ends "left everything". It lifts nothing else: a link of this
    morning says nothing of a mailbox that died at noon.
    """
    joined = subscriptions.subscribe_proven(
        parse(access.contact.address),
        mailing_list,
        text=wording.consent_text(mailing_list, language),
        page=_page(),
        source=preferences.SOURCE,
        proof=_proof(access),
    )
    return joined is not None


def _proof(access: Access) -> dict[str, str]:
    by = "personal link, mailed within a day" if access.is_personal else "link in a mail"
    return {"by": by, "confirmed_at": timezone.now().isoformat()}


def _page() -> str:
    """Where the choice was made: without the token, which is a secret."""
    return settings.SITE_URL + reverse("mailer:forgotten")
