"""What the pages that show resources ask for."""

from __future__ import annotations

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from advocacy.models import Campaign, ResourceFile
from advocacy.resources import packs, shelf

register = template.Library()


@register.simple_tag
def shelf_of(campaign: Campaign) -> list[shelf.Group]:
    """What is published of a campaign's resources, for the reader of the page."""
    return shelf.groups(campaign, get_language() or "en")


@register.simple_tag
def packs_of(campaign: Campaign) -> list[packs.Shown]:
    return packs.shown(campaign, get_language() or "en")


@register.filter
def files(resource: object) -> list[ResourceFile]:
    return shelf.files_of(resource)  # type: ignore[arg-type]


@register.filter
def file_in_words(file: ResourceFile) -> SafeString:
    """What a file is; each part by itself, since Latin formats and Arabic sizes run in two directions."""
    return format_html_join(" · ", "<bdi>{}</bdi>", ((part,) for part in shelf.parts_of(file)))
