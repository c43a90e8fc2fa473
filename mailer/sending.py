"""The one door out: write a message, queue it for an address, deliver it once.

A delivery's row is the queue. `deliver` may be called by any number of workers, at any time, for any id: the
row lets one of them through. Between the moment the provider is asked and the moment its answer is stored the
row says `sending` with `asked_at`; if the worker dies there, the delivery is `unknown` and no machine retries.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Min
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from contacts import doorbell, suppressions
from contacts.addresses import Address
from mailer import composing, headers, kinds, providers, throttle
from mailer.models import Delivery, DeliveryEvent, Message, Sender
from mailer.providers import Answer, Outcome
from mailer.roads import abilities
from mailer.signals import delivery_settled

logger = logging.getLogger(__name__)

Status = Delivery.Status
Fact = DeliveryEvent.Type

# Minutes before attempts 2 to 8: eight attempts over four and a half hours (RELIABILITY F5).
RETRY_MINUTES = (1, 3, 10, 20, 40, 75, 120)
# A row whose worker died this often before asking is poison, not bad luck (F16).
MAX_LAPSES = 3
# Seconds between tries to store an answer; with a call of 35 s all of it stays within a task's limit of 120 s.
SETTLE_PAUSES = (0.5, 2.0, 5.0, 10.0, 20.0)


# --- into the queue ----------------------------------------------------------------------------------------


def write(
    *,
    subject: str,
    text: str,
    html: str = "",
    from_name: str,
    from_address: str = "",
    reply_to: str = "",
    reply_to_name: str = "",
    language: str = "",
    preheader: str = "",
    sender: Sender | None = None,
) -> Message:
    """Store the text of a mail. Raises ValidationError if a header could be read as anything but itself."""
    headers.check_line(subject, limit=headers.MAX_SUBJECT)
    from_address = from_address or f"letters@{settings.MAIL_DOMAIN}"
    headers.mailbox(from_name, from_address)
    if reply_to:
        headers.mailbox(reply_to_name, reply_to)
    content = "\0".join([subject, text, html, from_name, from_address, reply_to, reply_to_name, language])
    return Message.objects.create(
        from_name=from_name,
        from_address=from_address,
        reply_to=reply_to,
        reply_to_name=reply_to_name,
        subject=subject,
        text=text,
        html=html,
        language=language,
        preheader=preheader,
        sender=sender,
        content_hash=hashlib.sha256(content.encode()).digest(),
    )


@transaction.atomic
def queue(
    message: Message,
    *,
    to: Address,
    kind: str,
    due_at: datetime | None = None,
    context: dict[str, Any] | None = None,
) -> Delivery:
    """Queue one copy of `message` for one address; a worker is woken once the transaction is committed.

    Not safe to repeat: each call is one more mail. Works without a broker, the sweeper then finds the row.
    """
    delivery = Delivery.objects.create(
        message=message,
        kind=kind,
        address=to.mailable,
        address_hash=to.hash,
        context=context or {},
        **({"due_at": due_at} if due_at else {}),
    )
    record(delivery, Fact.QUEUED)
    if due_at is None or due_at <= timezone.now():
        from mailer import tasks

        doorbell.wake(tasks.task_of(kind), delivery.pk)
    return delivery


@transaction.atomic
def cancel(delivery: Delivery, reason: str) -> bool:
    """Call a queued delivery off. False if it was no longer waiting; a repeat changes nothing."""
    if not delivery.move_to(Status.CANCELLED, reason=reason):
        return False
    record(delivery, Fact.CANCELLED, reason)
    tell(delivery, "cancelled")
    return True


# --- out of the queue --------------------------------------------------------------------------------------


def deliver(delivery_id: int) -> Outcome | None:
    """Deliver one queued row, if it is due, allowed, and nobody else has it. Safe to repeat.

    Returns the provider's answer, or None if there was nothing to do. No transaction is open while the
    provider is asked.
    """
    wait = throttle.held_for()
    if wait:
        _postpone(delivery_id, wait)
        return None
    delivery = claim(delivery_id)
    if delivery is None:
        return None
    try:
        mail = compose(delivery)
    except (ValidationError, composing.MergeError) as error:
        outcome = Outcome(Answer.REFUSED, reason=f"the mail could not be written: {type(error).__name__}")
        settle(delivery, outcome)
        return outcome
    if not start_asking(delivery):
        return None
    outcome = providers.ask(mail)
    _settle_patiently(delivery, outcome)
    return outcome


def _settle_patiently(delivery: Delivery, outcome: Outcome) -> None:
    """Store the answer even if the database restarts just now; past that the lease makes the delivery unknown (F3)."""
    for pause in SETTLE_PAUSES:
        try:
            settle(delivery, outcome)
        except (OperationalError, InterfaceError):
            logger.warning("an answer could not be stored yet", extra={"delivery": delivery.pk})
            connection.close()
            time.sleep(pause)
        else:
            return
    settle(delivery, outcome)


def claim(delivery_id: int) -> Delivery | None:
    """Take a due row for this worker, with the consent check in the same transaction; None if there is none.

    The attempt is counted before any work, so that a row that kills its worker cannot do so for ever.
    """
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("message")
            .filter(pk=delivery_id, status=Status.QUEUED, wakes_at__lte=Now())
            .first()
        )
        if delivery is None or _stopped(delivery):
            return None
        delivery.move_to(
            Status.SENDING,
            claim=uuid.uuid4(),
            attempts=F("attempts") + 1,
            lease_until=Now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS),
            asked_at=None,
            reason="",
        )
        record(delivery, Fact.CLAIMED)
        return delivery


def start_asking(delivery: Delivery) -> bool:
    """Write down that the provider is about to be asked; False if we may no longer ask.

    Consent is checked once more here, under the same lock that a suppression takes: no request starts later
    than the commit of what forbids it (invariant I4). A claim whose lease has run out has lost the row.
    """
    with transaction.atomic():
        held = Delivery.objects.select_for_update().filter(
            pk=delivery.pk, claim=delivery.claim, status=Status.SENDING, lease_until__gt=Now()
        )
        if not held.exists() or _stopped(delivery):
            return False
        held.update(asked_at=Now(), provider=providers.provider_name())
        record(delivery, Fact.ASKED)
    return True


def compose(delivery: Delivery) -> EmailMultiAlternatives:
    """The mail of a delivery, ready for the provider; every header is checked here once more.

    Raises ValidationError for a header that could become another one.
    """
    message = delivery.message
    slots = kinds.rule(delivery.kind).fields(delivery)
    mail = EmailMultiAlternatives(
        subject=headers.check_line(composing.fill_slots(message.subject, slots), limit=headers.MAX_SUBJECT),
        body=composing.fill_slots(message.text, slots),
        from_email=headers.mailbox(message.from_name, message.from_address),
        to=[headers.mailbox("", delivery.address)],
        reply_to=[headers.mailbox(message.reply_to_name, message.reply_to)] if message.reply_to else None,
        headers=headers.headers_of(delivery),
    )
    if message.html:
        mail.attach_alternative(composing.fill_slots(message.html, slots, html=True), "text/html")
    abilities.add_options(mail, providers.provider_name(), {"delivery_id": str(delivery.pk)})
    return mail


@transaction.atomic
def settle(delivery: Delivery, outcome: Outcome) -> bool:
    """Store what the provider answered. False if the claim had lapsed meanwhile; then the row stands elsewhere.

    Safe to repeat. A yes that comes after the lease has made the row unknown is still a yes.
    """
    held = Delivery.objects.select_for_update().filter(pk=delivery.pk, claim=delivery.claim)
    status = held.values_list("status", flat=True).first()
    if status != Status.SENDING and not (status == Status.UNKNOWN and outcome.answer is Answer.ACCEPTED):
        return False
    if outcome.answer not in {Answer.ACCEPTED, Answer.REFUSED} and settle_by_proof(delivery):
        return True
    match outcome.answer:
        case Answer.ACCEPTED:
            _move(delivery, Status.SENT, Fact.ACCEPTED, outcome, sent_at=Now(), lease_until=None)
        case Answer.REFUSED:
            _move(delivery, Status.FAILED, Fact.FAILED, outcome, lease_until=None)
        case Answer.UNKNOWN:
            _move(delivery, Status.UNKNOWN, Fact.UNKNOWN, outcome, lease_until=None)
        case Answer.SLOW_DOWN | Answer.LOCKED_OUT:
            wait = outcome.wait or 60.0
            throttle.hold(wait)
            if outcome.answer is Answer.LOCKED_OUT:
                logger.error("no mail leaves: the provider does not let us in", extra={"why": outcome.reason})
            _put_back(delivery, outcome, wait, attempts=F("attempts") - 1)
        case Answer.LATER if delivery.attempts > len(RETRY_MINUTES):
            _move(delivery, Status.FAILED, Fact.FAILED, outcome, lease_until=None)
        case Answer.LATER:
            wait = max(outcome.wait or 0.0, RETRY_MINUTES[delivery.attempts - 1] * 60.0)
            _put_back(delivery, outcome, wait)
    return True


# --- after a crash -----------------------------------------------------------------------------------------


@transaction.atomic
def settle_lapsed(limit: int = 500) -> int:
    """Settle rows whose worker is gone: never asked goes back to the queue, asked becomes unknown.

    Returns how many. Safe to repeat and to run twice at once.
    """
    lapsed = list(
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(status=Status.SENDING, lease_until__lt=Now())
        .order_by("lease_until")[:limit]
    )
    for delivery in lapsed:
        if settle_by_proof(delivery):
            continue
        if delivery.asked_at is not None:
            outcome = Outcome(
                Answer.UNKNOWN, reason="its worker stopped before the provider's answer was stored"
            )
            _move(delivery, Status.UNKNOWN, Fact.UNKNOWN, outcome, lease_until=None)
        elif delivery.lapses + 1 >= MAX_LAPSES:
            outcome = Outcome(Answer.REFUSED, reason="poison: its worker died each time it was tried")
            _move(delivery, Status.FAILED, Fact.FAILED, outcome, lease_until=None, lapses=F("lapses") + 1)
            logger.error("a delivery killed its worker each time", extra={"delivery": delivery.pk})
        else:
            outcome = Outcome(Answer.LATER, reason="its worker stopped before the provider was asked")
            _put_back(delivery, outcome, 0.0, lapses=F("lapses") + 1)
    return len(lapsed)


def settle_by_proof(delivery: Delivery) -> bool:
    """Settle a delivery as sent if the world has reported what can only follow an acceptance; False if not.

    The caller holds the row. Reports that come later settle it in `tracking`: the order does not matter.
    """
    reports = delivery.events.exclude(provider="").filter(type__in=DeliveryEvent.PROOF)
    proof = reports.aggregate(at=Min("occurred_at"))["at"]
    if proof is None:
        return False
    _move(delivery, Status.SENT, Fact.SETTLED, Outcome(Answer.ACCEPTED), sent_at=proof, lease_until=None)
    return True


@transaction.atomic
def settle_unknown(delivery: Delivery, *, sent: bool, actor: User, why: str = "") -> bool:
    """A person's word on an unknown delivery: it arrived, or it is sent again.

    False if it was settled already, or belongs to a mailing that was called off: nobody is sent that again.
    """
    from mailer.mailings import chunks, running

    new = Status.SENT if sent else Status.QUEUED
    chunk = chunks.hold(delivery)
    if chunk is not None and not sent and not running.reopen(chunk.mailing_id):
        return False
    changes: dict[str, Any] = (
        {"sent_at": Now()} if sent else {"due_at": Now(), "claim": None, "asked_at": None}
    )
    if not delivery.move_to(new, reason="", **changes):
        return False
    record(delivery, Fact.SETTLED if sent else Fact.PUT_BACK, why, actor=actor)
    if chunk is not None:
        chunks.count_settled(chunk, sent=sent)
        if not sent:
            running.wake(chunk.mailing_id)
        return True
    if sent:
        tell(delivery, "sent")
    else:
        from mailer import tasks

        doorbell.wake(tasks.task_of(delivery.kind), delivery.pk)
    return True


# --- parts ---------------------------------------------------------------------------------------------------


def record(delivery: Delivery, fact: str, detail: str = "", actor: User | None = None) -> DeliveryEvent:
    """Add one fact of ours to the delivery's history."""
    event = fact_of(delivery.pk, fact, detail, actor)
    event.save(force_insert=True)
    return event


def fact_of(delivery_id: int, fact: str, detail: str = "", actor: User | None = None) -> DeliveryEvent:
    """One fact of ours, to be stored."""
    return DeliveryEvent(
        delivery_id=delivery_id,
        event_key=uuid.uuid4().hex,
        type=fact,
        occurred_at=timezone.now(),
        applied_at=timezone.now(),
        detail=detail[:500],
        actor=actor,
    )


def _stopped(delivery: Delivery) -> bool:
    """Suppress the delivery if its address or its kind's own check forbids it; True if so."""
    suppressions.hold(bytes(delivery.address_hash), shared=True)
    rule = kinds.rule(delivery.kind)
    found = suppressions.blocks(bytes(delivery.address_hash), rule.scope)
    reason = (
        str(found.get_reason_display()) if found else ("" if delivery.address else "the address was erased")
    )
    reason = reason or rule.check(delivery)
    if not reason:
        return False
    _move(
        delivery, Status.SUPPRESSED, Fact.SUPPRESSED, Outcome(Answer.REFUSED, reason=reason), lease_until=None
    )
    return True


def _move(delivery: Delivery, new: str, fact: str, outcome: Outcome, **changes: Any) -> None:
    if outcome.message_id:
        changes["provider_message_id"] = outcome.message_id
    if delivery.move_to(new, reason=outcome.reason, **changes):
        record(delivery, fact, outcome.reason)
        tell(delivery, new)


def _put_back(delivery: Delivery, outcome: Outcome, wait: float, **changes: Any) -> None:
    # Jitter keeps rows that failed together from coming back together.
    seconds = wait * random.uniform(1.0, 1.25)  # noqa: S311
    if delivery.move_to(
        Status.QUEUED,
        due_at=Now() + timedelta(seconds=seconds),
        claim=None,
        lease_until=None,
        asked_at=None,
        reason=outcome.reason,
        **changes,
    ):
        record(delivery, Fact.RETRY, outcome.reason)


def _postpone(delivery_id: int, wait: float) -> None:
    seconds = wait * random.uniform(1.0, 1.25)  # noqa: S311
    # Only what is due: a ring that comes too early must not bring a later date forward.
    Delivery.objects.filter(pk=delivery_id, status=Status.QUEUED, due_at__lte=Now()).update(
        due_at=Now() + timedelta(seconds=seconds)
    )


def tell(delivery: Delivery, change: str) -> None:
    """Send `delivery_settled` once the transaction is committed."""
    transaction.on_commit(
        lambda: delivery_settled.send_robust(sender=Delivery, delivery=delivery, change=change), robust=True
    )
