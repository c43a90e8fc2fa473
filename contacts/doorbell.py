"""Ringing for a worker: the broker carries ids and wakes, the rows hold the work (DESIGN "The row is the queue")."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake(task: Task[..., Any], *args: Any) -> None:
    """Ring for a worker once the transaction is committed. A dead broker is no error: the sweeper rings again."""
    transaction.on_commit(lambda: ring(task, *args), robust=True)


def ring(task: Task[..., Any], *args: Any, expires: float | None = None) -> bool:
    """Ring for a worker now; False if the broker did not answer. Nobody answers a ring after `expires` seconds."""
    options: dict[str, Any] = {} if expires is None else {"expires": expires}
    try:
        task.apply_async(args=args, retry=False, **options)
    except OperationalError:
        logger.warning("the broker does not answer; the sweeper will ring again", extra={"task": task.name})
        return False
    return True
