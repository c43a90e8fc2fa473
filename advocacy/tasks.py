"""Celery entry points, a line or two each. All may run twice and at once; the rows hold what is to be done."""

from __future__ import annotations

from celery import shared_task

from advocacy import dispatching, pace, retention
from advocacy.models import Campaign
from advocacy.resources import keeping, packs
from contacts import doorbell


@shared_task
def dispatch_due() -> None:
    dispatching.dispatch_due()


@shared_task
def expire() -> None:
    retention.expire()


@shared_task
def forget() -> None:
    retention.forget()


@shared_task
def reallot(campaign_id: int) -> None:
    """After staff changed a campaign's limits, hours or stop button."""
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is not None:
        pace.reallot_campaign(campaign)


@shared_task
def build_pack() -> None:
    """One archive; others on the queue get their turn before the next one."""
    if packs.work():
        doorbell.ring(build_pack)


@shared_task
def sweep_packs() -> None:
    packs.sweep()


@shared_task
def look_over_packs() -> None:
    packs.look_over()
    keeping.draw_missing()
    keeping.sweep_files()
