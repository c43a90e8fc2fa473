"""Celery entry points, a line or two each. Tasks carry ids, may run twice, and only wake what the rows hold."""

from __future__ import annotations

from celery import shared_task

from contacts import doorbell, retention


@shared_task
def forget() -> None:
    """A slice of the nightly forgetting; what is left is rung for."""
    if not retention.forget():
        doorbell.ring(forget)
