"""Celery entry points, a line or two each. Tasks carry ids, may run twice, and only wake what the rows hold."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task
from django.conf import settings

from contacts import doorbell
from mailer import retention, sending, sweeping, tracking, unreachable
from mailer.archive import publishing
from mailer.inbound import applying as inbound_mails
from mailer.inbound import mailboxes
from mailer.links import verdicts
from mailer.mailings import freezing, running
from mailer.mailings import sending as mailings
from mailer.mailings import sweeping as mailing_sweeps
from mailer.models import Delivery, Mailing
from mailer.preflight import domains
from mailer.preflight import running as checking


@shared_task
def deliver(delivery_id: int) -> None:
    sending.deliver(delivery_id)


@shared_task
def deliver_confirmation(delivery_id: int) -> None:
    """As `deliver`, on a queue with workers of its own: a flood of letters must not delay a confirmation."""
    sending.deliver(delivery_id)


@shared_task
def apply_events() -> None:
    tracking.attend()


@shared_task
def judge_hits() -> None:
    verdicts.judge_waiting()


@shared_task
def read_inbound() -> None:
    inbound_mails.read_all()


@shared_task
def read_mailbox() -> None:
    """Nothing to do where no mailbox is set up."""
    if settings.BOUNCE_MAILBOX_URL:
        mailboxes.read(settings.BOUNCE_MAILBOX_URL)


@shared_task
def suppress_unreachable() -> None:
    unreachable.suppress_unreachable()


@shared_task
def publish_mailings() -> None:
    """The guarantee behind `publishing.publish` at the start of a mailing, and what corrected texts need."""
    publishing.publish_due()


@shared_task
def sweep() -> None:
    sweeping.sweep()


@shared_task
def tick_mailings() -> None:
    mailing_sweeps.tick()


@shared_task(time_limit=850)
def start_mailing(mailing_id: int) -> None:
    """Start a mailing whose moment has come, and fix its audience; shorter than the broker's patience, 900 s."""
    running.start(mailing_id)
    if freezing.freeze(mailing_id):
        # At once, so that "view in browser" leads somewhere when the first mail arrives.
        publishing.publish(Mailing.objects.get(pk=mailing_id))


@shared_task
def send_chunk(mailing_id: int) -> None:
    """Send the next chunks of a mailing; what is left is rung for."""
    if mailings.work(mailing_id):
        doorbell.ring(send_chunk, mailing_id)


@shared_task
def forget() -> None:
    """A slice of the nightly forgetting; what is left is rung for."""
    if not retention.forget():
        doorbell.ring(forget)


@shared_task
def check_mailing(mailing_id: int, run: str) -> None:
    checking.work(mailing_id, run)


@shared_task
def look_at_domains() -> None:
    domains.look_at_all()


def task_of(kind: str) -> Task[..., Any]:
    """The task that delivers this kind of mail."""
    return deliver if kind == Delivery.Kind.LETTER else deliver_confirmation
