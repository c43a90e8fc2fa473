"""What a relay refuses at once is the same news as a bounce that comes later: it goes the way of all reports."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import DatabaseError
from django.utils import timezone

from mailer import bounces
from mailer.models import DeliveryEvent
from mailer.providers import Answer, Outcome
from mailer.tracking import keeping

logger = logging.getLogger(__name__)


def report(provider: str, answers: Iterable[tuple[int, Outcome]]) -> None:
    """Store a bounce for each delivery (by its id) whose address was refused with a code. Never raises.

    The bounce policy then does its work: what does not exist is suppressed. Safe to repeat.
    """
    reports = [
        keeping.Report(
            identity=[provider, delivery_id, outcome.code],
            type=DeliveryEvent.Type.BOUNCED,
            occurred_at=timezone.now(),
            provider=provider,
            delivery_ref=delivery_id,
            bounce_class=bounces.classify(outcome.code),
            bounce_code=outcome.code,
        )
        for delivery_id, outcome in answers
        if outcome.answer is Answer.REFUSED and outcome.code
    ]
    try:
        keeping.store(reports)
    except DatabaseError:
        logger.warning("what a relay refused could not be stored as a bounce")
