"""Celery entry points, a line or two each. Tasks carry ids, may run twice, and only wake what the rows hold."""

from __future__ import annotations

from celery import shared_task

from contacts import doorbell, retention
from contacts.imports import running


@shared_task
def forget() -> None:
    """A slice of the nightly forgetting; what is left is rung for."""
    if not retention.forget():
        doorbell.ring(forget)


@shared_task
def work_on_import(import_id: int) -> None:
    """A slice of work; others on the queue get their turn before the next one."""
    if running.work(import_id):
        doorbell.ring(work_on_import, import_id)


@shared_task
def sweep_imports() -> None:
    running.sweep()
