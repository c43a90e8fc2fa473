"""Languages as they call themselves."""

from django import template

from contacts import naming

register = template.Library()


@register.filter
def own_name(code: str) -> str:
    return naming.own_name(code)
