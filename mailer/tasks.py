"""Celery entry points, a line or two each. Tasks carry ids, may run twice, and only wake what the rows hold."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from mailer import sending, sweeping, tracking
from mailer.models import Delivery

logger = logging.getLogger(__name__)


@shared_task
def deliver(delivery_id: int) -> None:
    sending.deliver(delivery_id)


@shared_task
def deliver_confirmation(delivery_id: int) -> None:
    """As `deliver`, on a queue with workers of its own: a flood of letters must not delay a confirmation."""
    sending.deliver(delivery_id)


@shared_task
def apply_events() -> None:
    tracking.apply_all()


@shared_task
def sweep() -> None:
    sweeping.sweep()


def task_of(kind: str) -> Task[..., Any]:
    """The task that delivers this kind of mail."""
    return deliver if kind == Delivery.Kind.LETTER else deliver_confirmation


def wake(task: Task[..., Any], *args: Any) -> None:
    """Ring for a worker once the transaction is committed. A dead broker is no error: the sweeper rings again."""
    transaction.on_commit(lambda: ring(task, *args), robust=True)


def ring(task: Task[..., Any], *args: Any) -> bool:
    """Ring for a worker now; False if the broker did not answer."""
    try:
        task.apply_async(args=args, retry=False)
    except OperationalError:
        logger.warning("the broker does not answer; the sweeper will ring again", extra={"task": task.name})
        return False
    return True
