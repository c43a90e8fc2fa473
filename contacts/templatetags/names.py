"""Countries and languages as the reader calls them, for templates."""

from django import template

from contacts import naming

register = template.Library()


@register.filter
def country_name(code: str) -> str:
    return naming.country_name(code) if code else ""


@register.filter
def language_name(code: str) -> str:
    return naming.language_name(code) if code else ""
