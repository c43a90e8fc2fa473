"""Mailings that have been frozen and sent, as the ledger leaves them, without sending anything."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from contacts.addresses import parse
from contacts.models import Contact, Subscription
from mailer.models import (
    Delivery,
    Hit,
    Link,
    Mailing,
    MailingAct,
    MailingChunk,
    MailingFigure,
    MailingMessage,
    Message,
)
from mailer.reporting.states import OF_SENT, State
from tests.factories import make_mailing, make_message

_number = itertools.count(1)
_Status = Delivery.Status

# What is settled first stands first in its chunk, then the window being asked, then who waits.
_ORDER = [state for state in State if state not in {State.ASKED, State.WAITING}] + [
    State.ASKED,
    State.WAITING,
]
_STATUS = {
    **dict.fromkeys(OF_SENT, _Status.SENT),
    State.UNKNOWN: _Status.UNKNOWN,
    State.FAILED: _Status.FAILED,
    State.SUPPRESSED: _Status.SUPPRESSED,
    State.CANCELLED: _Status.CANCELLED,
    State.ASKED: _Status.QUEUED,
    State.WAITING: _Status.QUEUED,
}
_REASON = {
    State.UNKNOWN: "the connection to the provider broke before its answer",
    State.FAILED: "the provider refused the address",
    State.SUPPRESSED: "the address was erased",
    State.CANCELLED: "the mailing was called off",
}
EVERY = {
    "delivered": 9, "no_news": 3, "bounced": 4, "complained": 1, "unknown": 2, "failed": 1, "suppressed": 2,
    "cancelled": 1, "asked": 2, "waiting": 6,
}  # fmt: skip
HTML = (
    '<html><body><p>Dear {{ first_name | friend }},</p><p><a href="https://act.example/c/1/{{ hit }}">Write to them</a> or '
    '<a href="https://act.example/c/2/{{ hit }}">read more</a>.</p><p><a href="{{ unsubscribe_link }}">Unsubscribe</a></p></body></html>'
)


def make_frozen_mailing(
    states: Mapping[str, int] | None = None,
    *,
    languages: Iterable[str] = ("en",),
    domains: Iterable[str] = ("example.org",),
    chunk_size: int = 1_000,
    sent_at: dt.datetime | None = None,
    **fields: Any,
) -> Mailing:
    """A mailing whose audience is fixed and whose people are in these states (words of `State`), in each language.

    People are new contacts, confirmed on the mailing's list, with addresses of `domains` in turn. Chunks, figures and
    rows agree with one another. It is being sent while anybody waits, else sent; `fields` change the mailing.
    """
    states = Counter(
        {State(state): count for state, count in ({State.DELIVERED: 3} if states is None else states).items()}
    )
    sent_at = sent_at or timezone.now() - dt.timedelta(hours=2)
    is_done = not states[State.WAITING] + states[State.ASKED]
    languages = list(languages)
    mailing = make_mailing(
        **{
            "status": Mailing.Status.SENT if is_done else Mailing.Status.SENDING,
            "starts_at": sent_at,
            "started_at": sent_at,
            "frozen_at": sent_at,
            "finished_at": sent_at + dt.timedelta(minutes=1) if is_done else None,
            "audience": states.total() * len(languages),
            "candidates": states.total() * len(languages),
            **fields,
        }
    )
    MailingAct.objects.create(mailing=mailing, what=MailingAct.What.STARTED, at=sent_at)
    in_turn = itertools.cycle(domains)
    for language in languages:
        message = make_message(subject=f"Stand with victims ({language})", html=HTML, language=language)
        message.sender = mailing.sender
        message.save(update_fields=["sender"])
        frozen = MailingMessage.objects.create(mailing=mailing, message=message, language=language)
        people = [state for state in _ORDER for _ in range(states[state])]
        for start in range(0, len(people), chunk_size):
            _make_chunk(mailing, frozen, message, people[start : start + chunk_size], in_turn, sent_at)
    _count_figures(mailing)
    return mailing


def make_clicked_mailing(**fields: Any) -> Mailing:
    """A mailing in two languages with people in every state, and three of them who clicked."""
    mailing = make_frozen_mailing(
        EVERY, **{"languages": ["en", "ar"], "name": "May call", "track_clicks": True, **fields}
    )
    first, _second = make_links(mailing)
    for delivery in mailing.deliveries.filter(delivered_at__isnull=False)[:3]:
        Hit.objects.create(delivery=delivery, link=first, kind="click", verdict="human", reason="click")
    return mailing


def make_links(mailing: Mailing, *urls: str) -> list[Link]:
    """The links of `HTML`, numbered from 1."""
    urls = urls or ("https://epistle.example/write/", "https://epistle.example/more/")
    return [
        Link.objects.create(mailing=mailing, number=number, url=url, label=url.rstrip("/").rpartition("/")[2])
        for number, url in enumerate(urls, start=1)
    ]


def _make_chunk(
    mailing: Mailing,
    frozen: MailingMessage,
    message: Message,
    people: list[State],
    domains: Iterable[str],
    sent_at: dt.datetime,
) -> MailingChunk:
    contacts = _make_contacts(mailing, len(people), frozen.language, domains)
    rows = Delivery.objects.bulk_create(
        Delivery(
            mailing=mailing,
            message=message,
            contact=contact,
            kind=Delivery.Kind.MAILING,
            address=contact.address,
            address_hash=contact.address_hash,
            **_row(state, sent_at),
        )
        for contact, state in zip(contacts, people, strict=True)
    )
    counted = Counter(str(_STATUS[state]) for state in people)
    asked = [row.pk for row, state in zip(rows, people, strict=True) if state == State.ASKED]
    settled = [row.pk for row in rows if row.status != _Status.QUEUED]
    is_done = not counted[_Status.QUEUED]
    working = {
        "status": MailingChunk.Status.WORKING,
        "claim": uuid.uuid4(),
        "lease_until": timezone.now() + dt.timedelta(minutes=5),
        "asked_to": asked[-1] if asked else None,
        "asked_at": timezone.now(),
    }
    return MailingChunk.objects.create(
        mailing=mailing,
        mailing_message=frozen,
        number=mailing.chunks.count() + 1,
        first_id=rows[0].pk,
        last_id=rows[-1].pk,
        size=len(rows),
        reached=settled[-1] if settled else None,
        finished_at=sent_at if is_done else None,
        **{name: counted[name] for name in ("sent", "failed", "suppressed", "unknown", "cancelled")},
        **(working if asked else {"status": MailingChunk.Status.DONE} if is_done else {}),
    )


def _make_contacts(mailing: Mailing, count: int, language: str, domains: Iterable[str]) -> list[Contact]:
    found = [
        (number, parse(f"reader{number}@{domain}"))
        for number, domain in zip(itertools.islice(_number, count), domains, strict=False)
    ]
    contacts = Contact.objects.bulk_create(
        Contact(
            address=address.given,
            address_key=address.key,
            address_hash=address.hash,
            name=f"Ada Reader{number}",
            first_name="Ada",
            last_name=f"Reader{number}",
            language=language,
            organisation=mailing.organisation,
        )
        for number, address in found
    )
    Subscription.objects.bulk_create(
        Subscription(contact=contact, mailing_list=mailing.mailing_list, status=Subscription.Status.CONFIRMED)
        for contact in contacts
    )
    return contacts


def _row(state: State, sent_at: dt.datetime) -> dict[str, Any]:
    """What stands on a delivery in `state`."""
    row: dict[str, Any] = {"status": _STATUS[state], "reason": _REASON.get(state, "")}
    later = sent_at + dt.timedelta(minutes=3)
    if state in OF_SENT:
        row |= {"sent_at": sent_at, "provider": "test", "attempts": 1}
    if state in {State.DELIVERED, State.COMPLAINED}:
        row["delivered_at"] = later
    if state == State.BOUNCED:
        row |= {"bounced_at": later, "bounce_class": Delivery.BounceClass.HARD, "bounce_code": "5.1.1"}
    if state == State.COMPLAINED:
        row["complained_at"] = later + dt.timedelta(hours=1)
    return row


def _count_figures(mailing: Mailing) -> None:
    """The figures as the reports of these deliveries would have counted them."""
    counted: Counter[tuple[str, str, dt.datetime]] = Counter()
    for row in mailing.deliveries.all():
        for fact in ("delivered", "bounced", "complained"):
            if at := getattr(row, f"{fact}_at"):
                detail = row.bounce_class if fact == "bounced" else ""
                counted[fact, detail, at.replace(minute=0, second=0, microsecond=0)] += 1
    MailingFigure.objects.bulk_create(
        MailingFigure(mailing=mailing, fact=fact, detail=detail, hour=hour, count=count)
        for (fact, detail, hour), count in counted.items()
    )
