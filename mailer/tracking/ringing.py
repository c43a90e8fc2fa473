"""One ring of the bell for a flood of reports: a ring costs more than a report, and one worker takes thousands."""

from __future__ import annotations

import time

import redis
from django.db import transaction

from contacts import doorbell
from mailer import throttle

_RUNG = "mailer:events:rung"
# A ring that no worker heard is rung again by the next report after so long, and by the sweeper.
_SECONDS = 5
# For so long after a look at the bell this process does not look again; the worker that heard it looks again, later.
QUIET = 0.1

_looked_at = 0.0


def wake() -> None:
    """Ring for a worker once the transaction is committed, unless one has been rung for that has not begun yet."""
    transaction.on_commit(_ring, robust=True)


def heard() -> None:
    """Said by a worker before it looks for reports: whatever is stored from now on rings anew."""
    try:
        throttle.valkey().delete(_RUNG)
    except redis.RedisError:
        return


def _ring() -> None:
    from mailer import tasks

    global _looked_at  # of this process, and lost without harm
    now = time.monotonic()
    if 0 <= now - _looked_at < QUIET:
        return
    _looked_at = now
    try:
        if not throttle.valkey().set(_RUNG, 1, nx=True, ex=_SECONDS):
            return
    except redis.RedisError:
        return  # the broker is away as well; the sweeper looks every half minute
    if not doorbell.ring(tasks.apply_events):
        heard()
