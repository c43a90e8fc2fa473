"""Judging what was hit: verdicts onto the hits, dates onto the deliveries, figures onto the mailing, all in one go.

A request is kept unjudged and judged a little later, when the provider's word of the delivery has had time to come and a
machine to show itself. Everything is computed from the whole set of a mail's hits, and written as the difference to what
stands there: the order of requests does not matter, and better rules can be applied to old hits (`judge_anew`).
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Now

from contacts import doorbell
from mailer.links import figures, judging
from mailer.links.judging import Mail, Seen
from mailer.models import Delivery, DeliveryEvent, Hit
from mailer.retention import HIT_DAYS

logger = logging.getLogger(__name__)

SETTLE = timedelta(seconds=30)
LATE = timedelta(hours=2)  # reports of providers that come later change no verdict by themselves
BATCH = 500  # deliveries in one transaction

Fact = DeliveryEvent.Type


def judge_waiting(settle: timedelta = SETTLE) -> int:
    """Judge every mail with a hit that waited `settle`, and those whose delivery was reported after their hits were
    judged. Returns how many mails. Safe to repeat, and to run twice at once."""
    total = 0
    while done := _judge_batch(_waiting(settle)):
        total += done
    while done := _judge_batch(_overtaken()):
        total += done
    return total


def judge_anew() -> int:
    """Judge all hits whose traces are still kept by the rules as they are now. Returns how many mails. Safe to repeat."""
    total, after = 0, 0
    while pks := _kept_after(after):
        total += _judge_batch(pks)
        after = pks[-1]
    return total


def _waiting(settle: timedelta) -> list[int]:
    rows = Hit.objects.filter(reason="", at__lt=Now() - settle)
    return list(rows.order_by("delivery").values_list("delivery", flat=True).distinct()[:BATCH])


def _overtaken() -> list[int]:
    """Mails that arrived, as we know by now, when a hit taken for a person's had been there already or came at once."""
    rows = Hit.objects.filter(
        ~Q(agent="") | ~Q(network=""),  # the condition of the index by date
        at__gte=Now() - LATE,
        reason__in=judging.BY_TIME,
        delivery__delivered_at__gt=F("at") - judging.TOO_SOON,
    )
    return list(rows.order_by("delivery").values_list("delivery", flat=True).distinct()[:BATCH])


def _kept_after(pk: int) -> list[int]:
    rows = Hit.objects.filter(delivery__gt=pk, at__gte=Now() - HIT_DAYS)
    return list(rows.order_by("delivery").values_list("delivery", flat=True).distinct()[:BATCH])


@dataclass(frozen=True, slots=True)
class _Firsts:
    """When it first happened to one mail, by what the hits are taken for."""

    person: dict[str, datetime]
    machine: dict[str, datetime]


@transaction.atomic
def _judge_batch(pks: Sequence[int]) -> int:
    """Judge the mails with these numbers. Holds their rows in one order, so that two of us wait and do not deadlock."""
    if not pks:
        return 0
    rows = Delivery.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=pks).order_by("pk")
    deliveries = {row.pk: row for row in rows}
    hits: dict[int, list[Hit]] = defaultdict(list)
    for hit in Hit.objects.filter(delivery__in=pks).order_by("at", "pk"):
        hits[hit.delivery_id].append(hit)
    reported = _reported(deliveries)
    changed: list[Hit] = []
    moved: list[Delivery] = []
    counts: dict[int, Counter[tuple[str, str, datetime]]] = defaultdict(Counter)
    for pk, of_mail in hits.items():
        delivery = deliveries.get(pk)
        before = _firsts(hit for hit in of_mail if hit.reason)
        changed += _judged(of_mail, delivery)
        if delivery is None or delivery.mailing_id is None:
            continue
        after = _firsts(of_mail)
        count = counts[delivery.mailing_id]
        _differ(count, "machine_click", before.machine.get(Hit.Kind.CLICK), after.machine.get(Hit.Kind.CLICK))
        if _date(delivery, after, reported, count):
            moved.append(delivery)
    Hit.objects.bulk_update(changed, ["verdict", "reason"], batch_size=1_000)
    Delivery.objects.bulk_update(moved, ["clicked_at", "opened_at"], batch_size=500)
    for mailing_id in sorted(counts):
        figures.add(mailing_id, counts[mailing_id])
    _prove(deliveries.values(), hits)
    return len(pks)


def _judged(hits: Sequence[Hit], delivery: Delivery | None) -> list[Hit]:
    """Those whose verdict or reason is another one now. What has lost its traces keeps the verdict it had."""
    arrived = (delivery.delivered_at or delivery.sent_at) if delivery else None
    seen = [Seen(hit.kind, hit.link_id, hit.at, hit.agent, hit.network) for hit in hits]
    changed = []
    for hit, (verdict, reason) in zip(hits, judging.judge(Mail(arrived, seen)), strict=True):
        is_forgotten = bool(hit.reason) and not hit.agent and not hit.network
        if not is_forgotten and (hit.verdict, hit.reason) != (verdict, reason):
            hit.verdict, hit.reason = verdict, reason
            changed.append(hit)
    return changed


def _firsts(hits: Iterable[Hit]) -> _Firsts:
    person: dict[str, datetime] = {}
    machine: dict[str, datetime] = {}
    for hit in hits:
        side = machine if hit.verdict == Hit.Verdict.MACHINE else person
        side[hit.kind] = min(side.get(hit.kind, hit.at), hit.at)
    return _Firsts(person, machine)


def _date(
    delivery: Delivery,
    after: _Firsts,
    reported: dict[tuple[int, str], datetime],
    count: Counter[tuple[str, str, datetime]],
) -> bool:
    """Set when a person first clicked and opened, by our hits and the provider's reports. False if it stands so."""
    is_moved = False
    for column, kind, fact in (
        ("clicked_at", Hit.Kind.CLICK, Fact.CLICKED),
        ("opened_at", Hit.Kind.OPEN, Fact.OPENED),
    ):
        known = [when for when in (after.person.get(kind), reported.get((delivery.pk, fact))) if when]
        new, old = min(known, default=None), getattr(delivery, column)
        if new != old:
            _differ(count, fact, old, new)
            setattr(delivery, column, new)
            is_moved = True
    return is_moved


def _differ(
    count: Counter[tuple[str, str, datetime]], fact: str, old: datetime | None, new: datetime | None
) -> None:
    if old == new:
        return
    if old is not None:
        count[fact, "", old] -= 1
    if new is not None:
        count[fact, "", new] += 1


def _reported(deliveries: dict[int, Delivery]) -> dict[tuple[int, str], datetime]:
    """The earliest click and opening that the provider reported, where it was asked to watch."""
    rows = (
        DeliveryEvent.objects.filter(delivery__in=deliveries, type__in=[Fact.CLICKED, Fact.OPENED])
        .values_list("delivery", "type")
        .annotate(first=Min("occurred_at"))
    )
    return {(pk, kind): first for pk, kind, first in rows}


def _prove(deliveries: Iterable[Delivery], hits: dict[int, list[Hit]]) -> None:
    """A link that stands in one mail alone was fetched: so that mail was delivered, though we got no answer (F6)."""
    proofs = [
        DeliveryEvent(
            event_key=f"hit:{delivery.pk}",
            type=Fact.DELIVERED,
            occurred_at=hits[delivery.pk][0].at,
            provider="links",
            delivery_ref=delivery.pk,
            detail="a link of the mail was fetched",
        )
        for delivery in deliveries
        if delivery.status == Delivery.Status.UNKNOWN and hits[delivery.pk]
    ]
    if proofs:
        from mailer import tasks

        DeliveryEvent.objects.bulk_create(proofs, ignore_conflicts=True)
        doorbell.wake(tasks.apply_events)
