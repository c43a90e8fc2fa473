"""Celery entry points, a line or two each. All may run twice and at once; the rows hold what is to be done."""

from __future__ import annotations

from celery import shared_task

from advocacy import dispatching, pace, retention
from advocacy.models import Campaign


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
