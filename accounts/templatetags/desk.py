"""What templates of the desk ask for."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe

from accounts import saved_views as views

register = template.Library()

_CELL = re.compile(r"\A<t([dh])\b")


@register.filter
def labelled(cell: str, header: Any) -> SafeString:
    """A cell of Django's list with the words of its column, which stand before it where a row is shown as lines."""
    label: str = escape(strip_tags(str(header)))
    label = (label[:1].upper() + label[1:]).replace("\\", "")
    empty = " data-empty" if strip_tags(str(cell)).strip() in {"", "–", "-"} else ""
    return mark_safe(_CELL.sub(rf'<t\1 data-label="{label}"{empty}', str(cell), count=1))  # noqa: S308 (both are escaped)


@register.filter
def beside(rows: Any, headers: Any) -> list[tuple[Any, Any]]:
    """The cells of a row with the headers of their columns."""
    return list(zip(rows, headers, strict=False))


@register.inclusion_tag("staff/_views.html", takes_context=True)
def saved_views(context: Any) -> dict[str, Any]:
    """The views that the person kept of this list, and the form that keeps the one shown."""
    request, opts = context["request"], context["opts"]
    page = f"{opts.app_label}_{opts.model_name}"
    shown = views.query_of(request.GET)
    kept = [] if context.get("is_popup") else list(views.of(request.user, page))
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "page": page,
        "views": kept,
        "shown": shown,
        "may_keep": bool(shown) and not context.get("is_popup") and shown not in [one.query for one in kept],
    }
