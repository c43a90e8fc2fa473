"""A past for the demo: letters of seven weeks, so that figures, charts and the map have something to show.

Nobody wrote them and nothing was sent; they stand in the ledger as letters that were, with the reports of a provider.
Written by bulk and all at once: the same through the supporter's own steps would take minutes of the first start.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from django.db import transaction
from django.utils import timezone

from advocacy import targets, writing
from advocacy.models import Campaign, ContactRoute, Letter, Membership, Submission, Supporter
from advocacy.targets import Candidate
from advocacy.writing import Editor
from contacts.addresses import parse
from mailer.models import Delivery, DeliveryEvent, Message

DAYS = 49
_NAMES = [
    "Amina",
    "Daniel",
    "Esther",
    "Farid",
    "Grace",
    "Hélène",
    "Iván",
    "Joy",
    "Kofi",
    "Lena",
    "Marta",
    "Noor",
]
_FAMILY = [
    "Abebe",
    "Bianchi",
    "Castro",
    "Diallo",
    "Eze",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jones",
    "Kariuki",
]
_FIRST = 10_000  # numbers of the invented mailboxes


@dataclass(frozen=True, slots=True)
class _Written:
    """One invented letter and the moment its writer confirmed it."""

    country: str
    candidate: Candidate
    route: ContactRoute
    editor: Editor
    at: dt.datetime
    number: int


@transaction.atomic
def seed_history(campaign: Campaign, supporters: dict[str, int]) -> int:
    """Invent letters of so many supporters of each country; 0 if the campaign has letters already.

    Safe to repeat. The same every time but for the day it is done on.
    """
    if campaign.letters.exists():
        return 0
    chance = random.Random(1998)  # noqa: S311 (a demo)
    written = list(_written(campaign, supporters, chance))
    people = _supporters(written)
    submissions = _submissions(campaign, written, people, chance)
    letters = _letters(campaign, written, submissions)
    _deliveries(campaign, letters, chance)
    return len(letters)


def _written(campaign: Campaign, supporters: dict[str, int], chance: random.Random) -> Iterator[_Written]:
    numbers = count(_FIRST)
    now = timezone.now()
    for country, many in supporters.items():
        offered = targets.offer(campaign, country).candidates
        reached = [one for one in offered if one.route is not None]
        editors = writing.editors(campaign, reached, campaign.default_language)
        choices = [(one, one.route, editor) for editor in editors for one in editor.candidates if one.route]
        for _each in range(many if choices else 0):
            # More and more from week to week, as news of it goes round.
            age = DAYS * (1 - chance.random() ** 0.6)
            at = now - dt.timedelta(days=max(age, 0.05))
            candidate, route, editor = chance.choice(choices)
            yield _Written(country, candidate, route, editor, at, next(numbers))


def _supporters(written: list[_Written]) -> list[Supporter]:
    rows = []
    for one in written:
        address = parse(f"voice{one.number}@supporters.example")
        rows.append(
            Supporter(
                address=address.given,
                address_key=address.key,
                address_hash=address.hash,
                proven_at=one.at,
                created_at=one.at,
            )
        )
    return Supporter.objects.bulk_create(rows)


def _submissions(
    campaign: Campaign, written: list[_Written], people: list[Supporter], chance: random.Random
) -> list[Submission]:
    members = {
        row.language: row
        for row in Membership.objects.filter(campaign=campaign).select_related("organisation")
    }
    rows = [
        Submission(
            campaign=campaign,
            supporter=person,
            form_key=f"demo-history-{campaign.slug}-{one.number}",
            language=one.editor.template.language,
            name=f"{chance.choice(_NAMES)} {chance.choice(_FAMILY)}",
            country=one.country,
            membership=members.get(one.editor.template.language) if one.country in {"KE", "SN"} else None,
            source=chance.choice(["", "", "newsletter", "poster"]),
            created_at=one.at,
            confirmed_at=one.at,
            expires_at=one.at + dt.timedelta(days=7),
        )
        for one, person in zip(written, people, strict=True)
    ]
    return Submission.objects.bulk_create(rows)


def _letters(campaign: Campaign, written: list[_Written], submissions: list[Submission]) -> list[Letter]:
    """The rows before they are saved: a letter that left needs its delivery first."""
    rows = []
    for one, submission in zip(written, submissions, strict=True):
        template, route = one.editor.template, one.route
        office = parse(route.value)
        composed = writing.compose(
            template,
            one.candidate,
            subject=template.subjects.splitlines()[0],
            body=template.body,
            name=submission.name,
            place="",
        )
        rows.append(
            Letter(
                submission=submission,
                campaign=campaign,
                supporter=submission.supporter,
                person=one.candidate.person,
                mandate=one.candidate.mandate,
                route=route,
                template=template,
                language=template.language,
                subject=composed.subject,
                body=composed.body,
                status=Letter.Status.DISPATCHED,
                address_hash=office.hash,
                domain=office.domain,
                slot=one.at,
                confirmed_at=one.at,
                dispatched_at=one.at,
            )
        )
    return rows


def _deliveries(campaign: Campaign, letters: list[Letter], chance: random.Random) -> None:
    messages = Message.objects.bulk_create(
        Message(
            from_name=f"{letter.submission.name} via {campaign.sender_name}",
            from_address="letters@epistle.example",
            subject=letter.subject,
            text=letter.body,
            language=letter.language,
            content_hash=hashlib.sha256(letter.body.encode()).digest(),
            created_at=letter.submission.created_at,
        )
        for letter in letters
    )
    rows = []
    for letter, message in zip(letters, messages, strict=True):
        at = letter.submission.created_at
        bounced = chance.random() < 0.02
        rows.append(
            Delivery(
                message=message,
                kind=Delivery.Kind.LETTER,
                address=letter.route.value if letter.route else "",
                address_hash=letter.address_hash,
                status=Delivery.Status.SENT,
                attempts=1,
                due_at=at,
                asked_at=at,
                created_at=at,
                sent_at=at + dt.timedelta(seconds=2),
                provider="demo",
                delivered_at=None if bounced else at + dt.timedelta(seconds=40),
                bounced_at=at + dt.timedelta(seconds=50) if bounced else None,
                bounce_class=Delivery.BounceClass.SOFT if bounced else "",
            )
        )
    found = Delivery.objects.bulk_create(rows)
    for letter, delivery in zip(letters, found, strict=True):
        letter.delivery = delivery
    Letter.objects.bulk_create(letters)
    for letter, delivery in zip(letters, found, strict=True):
        delivery.context = {"letter": letter.pk}
    Delivery.objects.bulk_update(found, ["context"], batch_size=500)
    DeliveryEvent.objects.bulk_create(event for delivery in found for event in _events(delivery))


def _events(delivery: Delivery) -> Iterator[DeliveryEvent]:
    reports = [
        (DeliveryEvent.Type.ACCEPTED, delivery.sent_at, ""),
        (DeliveryEvent.Type.DELIVERED, delivery.delivered_at, "demo"),
        (DeliveryEvent.Type.BOUNCED, delivery.bounced_at, "demo"),
    ]
    for type, at, provider in reports:
        if at is not None:
            yield DeliveryEvent(
                delivery=delivery,
                event_key=f"demo:{delivery.pk}:{type}",
                type=type,
                occurred_at=at,
                received_at=at,
                applied_at=at,
                provider=provider,
                bounce_class=delivery.bounce_class if type == DeliveryEvent.Type.BOUNCED else "",
            )
