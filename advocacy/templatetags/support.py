"""What templates ask of expressions of support."""

from __future__ import annotations

from django import template
from django.utils.text import capfirst
from django.utils.translation import get_language

from advocacy.expressions import wall
from advocacy.models import Campaign, Expression
from contacts import naming

register = template.Library()


@register.simple_tag
def newest_support(campaign: Campaign) -> list[Expression]:
    """The three expressions for the campaign's own page."""
    return wall.newest(campaign)


@register.simple_tag
def support_by_category(campaign: Campaign) -> list[wall.Choice]:
    """How many of each category are published, most first."""
    return wall.by_category(campaign)


@register.filter
def speaks_as(expression: Expression) -> str:
    """The category, as the page writes it."""
    return str(capfirst(expression.get_category_display()))


@register.filter
def country_name(code: str) -> str:
    """A country as the reader of the page calls it."""
    return dict(naming.countries(get_language() or "en")).get(code, code)
