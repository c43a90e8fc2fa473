"""Signs that cannot be seen, made visible."""

from __future__ import annotations

import unicodedata

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def signs(text: str) -> SafeString:
    """The text with a mark such as U+200B in the place of each sign that has no shape of its own.

    Controls, signs of no width and those that turn the direction of writing; a blank other than the common one.
    """
    return format_html_join("", "{}", ((_marked(sign),) for sign in text))


def _marked(sign: str) -> str:
    if sign == " " or unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp", "Zs"}:
        return sign
    name = unicodedata.name(sign, "").capitalize()
    return format_html('<span class="import-sign" title="{}">{}</span>', name, f"U+{ord(sign):04X}")
