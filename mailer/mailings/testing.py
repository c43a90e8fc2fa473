"""Test mails of a mailing: to staff and to seed lists, by the same door as every mail, marked as a test.

What a person's values are is filled in at the door and stored nowhere. Links to leave open pages that say it was a test.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import visible
from contacts import suppressions
from contacts.addresses import Address, parse
from contacts.models import Contact, MailingList, Subscription, Suppression
from contacts.segments.trees import RuleError
from mailer import composing, sending
from mailer import headers as header_values
from mailer.links import slots
from mailer.models import Delivery, Mailing, MailingAct, MailingText
from mailer.writing import conditions, rendering
from mailer.writing import fields as merge_fields
from mailer.writing.fields import FIELD
from mailer.writing.rendering import Rendered

MARK = "[Test]"
MOST_SEEDS = 50
AN_HOUR = dt.timedelta(hours=1)


def staff_to_choose(user: User) -> QuerySet[User]:
    """Whom a test may go to: everybody who works here and has an address."""
    rows = User.objects.filter(is_active=True, is_staff=True).exclude(email="")
    return visible(user, rows).order_by("username")


def seed_lists(user: User) -> QuerySet[MailingList]:
    return visible(user, MailingList.objects.filter(is_seed=True)).order_by("name")


def send(
    mailing: Mailing,
    text: MailingText,
    *,
    by: User,
    staff: Collection[User] = (),
    lists: Collection[MailingList] = (),
    person: Contact | None = None,
) -> int:
    """Queue a test of one language for staff and seed lists, with the values and blocks of `person`; gives how many.

    Not safe to repeat: each call mails again. Raises ValidationError for a text that cannot be sent yet, for nobody to
    send to, a list too long to be one of seeds, and for more than TEST_MAILS_PER_HOUR.
    """
    to = _addresses(staff, lists)
    if not to:
        raise ValidationError(_("Please choose somebody with an address."))
    _check_budget(by, len(to))
    if mailing.sender is None:
        raise ValidationError(_("The mailing has no sender yet."))
    mail = _mail(mailing, text, person)  # takes its time: no transaction is open
    context = {"mailing": mailing.pk, "language": text.language, **({"as": person.pk} if person else {})}
    with transaction.atomic():
        # Once more, now that nobody else can spend it: two windows of one person count together.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        _check_budget(by, len(to))
        message = sending.write(
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            from_name=mailing.sender.name,
            from_address=mailing.sender.address,
            reply_to=mailing.sender.reply_to,
            language=text.language,
            sender=mailing.sender,
        )
        for address in to:
            sending.queue(message, to=address, kind=Delivery.Kind.TEST, context=context)
        MailingAct.objects.create(
            mailing=mailing,
            what=MailingAct.What.TESTED,
            by=by,
            detail={
                "to": len(to),
                "language": text.language,
                "staff": [one.pk for one in staff],
                "lists": [one.pk for one in lists],
            },
        )
    return len(to)


def _addresses(staff: Collection[User], lists: Collection[MailingList]) -> list[Address]:
    """Each address once; an account without a usable one is left out."""
    found: dict[bytes, Address] = {}
    for user in staff:
        try:
            address = parse(user.email)
        except ValidationError:
            continue
        found[address.hash] = address
    for mailing_list in lists:
        for address in _seeds(mailing_list):
            found.setdefault(address.hash, address)
    return list(found.values())


def _seeds(mailing_list: MailingList) -> list[Address]:
    rows = Subscription.objects.filter(
        mailing_list=mailing_list, status=Subscription.Status.CONFIRMED
    ).values_list("contact__address", flat=True)
    found = list(rows.order_by("pk")[: MOST_SEEDS + 1])
    if len(found) > MOST_SEEDS:
        raise ValidationError(
            _("“%(list)s” has more than %(most)d people: it is no list for tests.")
            % {"list": mailing_list.name, "most": MOST_SEEDS}
        )
    addresses = [parse(given) for given in found]
    stopped = suppressions.suppressed_among(
        [address.hash for address in addresses], Suppression.Scope.MAILINGS
    )
    return [address for address in addresses if address.hash not in stopped]


def _check_budget(by: User, people: int) -> None:
    left = settings.TEST_MAILS_PER_HOUR - _sent_lately(by)
    if people > left:
        raise ValidationError(
            _("You may send %(most)d test mails an hour; %(left)d are left.")
            % {"most": settings.TEST_MAILS_PER_HOUR, "left": max(left, 0)}
        )


def _sent_lately(by: User) -> int:
    acts = MailingAct.objects.filter(
        what=MailingAct.What.TESTED, by=by, at__gte=timezone.now() - AN_HOUR
    ).values_list("detail", flat=True)
    return sum(detail.get("to", 0) for detail in acts)


def _mail(mailing: Mailing, text: MailingText, person: Contact | None) -> Rendered:
    """The mail. Of a person's fields only those stay that hold something; the others say what stands in for them."""
    trees = conditions.in_texts([text.blocks])
    part = conditions.ALL
    if person is not None:
        try:
            part = conditions.part_of(trees, person)
        except RuleError as error:
            raise ValidationError(_("A rule of a block cannot be read: %(why)s") % {"why": error}) from error
    text.mailing = mailing
    mail = rendering.render(text, part=part, conditions_of=trees)
    known = _values(person, mail.fields, text.language)
    return replace(
        mail,
        subject=f"{MARK} {_kept(mail.subject, known)}",
        html=_kept(mail.html, known),
        text=_kept(mail.text, known),
    )


def _kept(text: str, known: Mapping[str, str]) -> str:
    """The text in which a field without a value gave way to its fallback."""

    def said(found: Any) -> str:
        if found[1] in merge_fields.SLOTS or known.get(found[1]):
            return str(found[0])
        return (found[2] or "").strip()

    return FIELD.sub(said, text)


def _values(person: Contact | None, wanted: Collection[str], language: str) -> dict[str, str]:
    if person is None:
        return {}
    columns = {name: getattr(person, name) for name in merge_fields.COLUMNS}
    # A field within a link's address has a name of its own.
    names = {*wanted, *(f"{merge_fields.IN_ADDRESS}{name}" for name in wanted)}
    return merge_fields.values(columns, names, language)


# --- at the door


def fields(delivery: Delivery) -> dict[str, str]:
    """The links of a test, and the values of the person as whom it is read."""
    mailing = _mailing(delivery)
    if mailing is None:
        return {}
    language = delivery.context.get("language", "")
    person = Contact.objects.filter(pk=delivery.context.get("as")).first()
    message = delivery.message
    used = composing.fields_in(f"{message.subject} {message.text} {message.html}")
    wanted = {name.removeprefix(merge_fields.IN_ADDRESS) for name in used}
    empty = dict.fromkeys(used - set(merge_fields.SLOTS), "")  # the person was erased meanwhile
    return {**empty, **_values(person, wanted, language), **slots.for_a_test(mailing, language)}


def headers(delivery: Delivery) -> dict[str, str]:
    """Those of the mailing, with links that say it was a test."""
    mailing = _mailing(delivery)
    if mailing is None or mailing.mailing_list is None:
        return {}
    values = slots.for_a_test(mailing, delivery.context.get("language", ""))
    found = header_values.mailing_headers(mailing, delivery.message)
    return {name: composing.fill_slots(value, values) for name, value in found.items()}


def _mailing(delivery: Delivery) -> Mailing | None:
    rows = Mailing.objects.select_related("mailing_list", "sender")
    return rows.filter(pk=delivery.context.get("mailing")).first()


def last_tests(mailing: Mailing, most: int = 5) -> Sequence[MailingAct]:
    """The newest tests, for the page."""
    tests = mailing.acts.filter(what=MailingAct.What.TESTED).select_related("by")
    return list(tests.order_by("-at", "-pk")[:most])
