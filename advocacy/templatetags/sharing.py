"""What templates ask for passing a campaign on."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from advocacy import sharing
from advocacy.models import Campaign
from advocacy.sharing import Kit, Way, Words

register = template.Library()


@register.simple_tag(takes_context=True)
def share_kit(context: template.Context) -> Kit | None:
    """The kit of the page's campaign, by the page of its member if it has one; None for one that has ended."""
    campaign: Campaign = context["campaign"]
    if campaign.status == Campaign.Status.CLOSED:
        return None
    return context.get("kit") or sharing.kit(campaign, get_language(), member=context.get("member"))


@register.filter
def ways_of(kit: Kit, words: Words) -> list[Way]:
    return kit.ways_of(words)


@register.filter
def copied_after(kit: Kit, words: Words) -> str:
    """What is copied with a message: its hashtags and the link, each on a line."""
    return kit.to_copy(words).removeprefix(words.text).strip()


@register.filter
def to_copy(kit: Kit, words: Words) -> str:
    return kit.to_copy(words)
