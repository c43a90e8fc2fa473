"""The mail as its readers got it, with what became of each link drawn on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from django.utils.formats import number_format

from mailer import composing
from mailer.links import rewriting
from mailer.models import MailingMessage
from mailer.reporting.clicks import Clicked

_LINK = re.compile(
    rf"(?P<open><a\b[^>]*?{rewriting.COUNTED_LINK.pattern}[^>]*>)(?P<inside>.*?)(?P<close></a\s*>)",
    re.IGNORECASE | re.DOTALL,
)
# Three grades of warmth, each told by the number too: nobody reads a mail by colour alone.
_WARMTH = (("#fff3cd", "#5c4400"), ("#ffd9a0", "#5c2e00"), ("#c4320a", "#ffffff"))
_BADGE = (
    '<span dir="ltr" style="display:inline-block;margin:0 4px;padding:1px 7px;border-radius:9px;border:1px solid {ink};'
    "background:{paper};color:{ink};font:700 12px/1.5 system-ui,sans-serif;text-decoration:none;white-space:nowrap;"
    'vertical-align:middle" title="{title}">{text}</span>'
)


def heat_map(frozen: MailingMessage, clicked: Mapping[int, Clicked], title: str) -> str:
    """The HTML of a frozen message in which each counted link bears how many people, and machines, followed it.

    clicked: by the number of the link. title: what a badge says when it is pointed at, with %(people)s and
    %(machines)s. Merge fields show their fallback, and no link of it leads anywhere. For a sandboxed frame only.
    """
    most = max((one.people for one in clicked.values()), default=0)

    def badged(match: re.Match[str]) -> str:
        one = clicked.get(int(match[2]))
        badge = _badge(one, most, title) if one else ""
        return f"{match['open']}{match['inside']}{badge}{match['close']}"

    html = _LINK.sub(badged, rewriting.OWN_PART.sub("", frozen.message.html))
    html = rewriting.COUNTED_LINK.sub('"#"', html)
    names = composing.fields_in(html)
    return composing.fill(html, {name: "#" if name.endswith("_link") else "" for name in names})


def _badge(one: Clicked, most: int, title: str) -> str:
    grade = 0 if not one.people else 1 + (one.people * 2 > most)
    paper, ink = _WARMTH[grade]
    people, machines = (number_format(count, force_grouping=True) for count in (one.people, one.machines))
    said = title % {"people": people, "machines": machines}
    text = f"{people} <span style='font-weight:400'>+ {machines} ⚙</span>" if one.machines else people
    return _BADGE.format(ink=ink, paper=paper, title=escape(said), text=text)
