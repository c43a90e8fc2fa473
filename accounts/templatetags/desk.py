"""What templates of the desk ask for."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext

from accounts import saved_views as views
from accounts.lists import title_of

register = template.Library()

_TAG = 3  # letters of "<td" and "<th"
# Django's sign of a yes/no column, also under the hashed name of its file. It has no words but Python's own.
_SIGN = re.compile(r'<img src="[^"]*/icon-(yes|no|unknown)[.\w]*svg" alt="(?:True|False|None)">')


@register.filter
def labelled(cell: str, header: Any) -> SafeString:
    """A cell of Django's list with the words of its column, which stand before it where a row is shown as lines.

    `cell` is HTML as Django's admin made it; a text that nobody marked as HTML is escaped and gets no words.
    """
    html = conditional_escape(cell)
    if html[:_TAG] not in ("<td", "<th"):
        return html
    html = mark_safe(_SIGN.sub(_in_words, html))  # noqa: S308  safe HTML, and a sign of our own in it
    label = capfirst(strip_tags(str(header)))
    attributes = format_html(' data-label="{}"', label)
    if strip_tags(html).strip() in {"", "–", "-"}:
        attributes += mark_safe(" data-empty")
    # Both pieces are of HTML that was safe as a whole, cut behind the name of its tag, where attributes may stand.
    name, rest = mark_safe(html[:_TAG]), mark_safe(html[_TAG:])  # noqa: S308
    return name + attributes + rest


def _in_words(sign: re.Match[str]) -> str:
    """Yes with its check mark; a quiet dash for no, which is as good an answer and no alarm; unknown is empty."""
    match sign[1]:
        case "yes":
            return format_html('<span aria-hidden="true">✓</span> {}', gettext("yes"))
        case "no":
            return format_html(
                '<span aria-hidden="true">–</span><span class="visually-hidden">{}</span>', gettext("no")
            )
        case _:
            return "–"


@register.filter
def beside(rows: Any, headers: Any) -> list[tuple[Any, Any]]:
    """The cells of a row with the headers of their columns."""
    return list(zip(rows, headers, strict=False))


@register.filter
def list_title(opts: Any) -> str:
    """What the list of these rows is called at the desk."""
    return title_of(opts)


@register.simple_tag(takes_context=True)
def page_title(context: Any, name: str = "") -> SafeString:
    """What the window of a page of the desk is called: “Save the marsh · Campaigns · Epistle”.

    name: of a page that has none in its context.
    """
    opts = context.get("opts")
    names = [
        name or context.get("subtitle") or context.get("title"),
        title_of(opts) if opts else "",
        context.get("site_title"),
    ]
    return format_html_join(" · ", "{}", ((name,) for name in dict.fromkeys(map(str, filter(None, names)))))


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
