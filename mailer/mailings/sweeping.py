"""The guarantee behind the doorbell, for mailings: every few seconds, start what is due and ring where nobody works."""

from __future__ import annotations

import logging

from contacts import doorbell
from mailer.mailings import chunks, running, stopping

logger = logging.getLogger(__name__)

# A ring that no worker took before the next tick is of no use to the one after it.
RING_SECONDS = 5.0


def tick() -> dict[str, int]:
    """Start mailings whose moment has come, pause what must not go on, ring for what waits. Safe to run twice at once."""
    from mailer import tasks

    counts = {"started": len(running.start_due()), "paused": stopping.sweep(), "rung": 0}
    for mailing_id in chunks.sweep():
        for _time in range(min(max(chunks.ready(mailing_id), 1), running.RINGS)):
            if not doorbell.ring(tasks.send_chunk, mailing_id, expires=RING_SECONDS):
                return counts
            counts["rung"] += 1
    if counts["started"] or counts["paused"]:
        logger.info("mailings moved", extra=counts)
    return counts
