"""Several stories of a month."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mailer.writing.layouts.parts import Data, ask, block, heading, points, text, title


def write() -> list[Data]:
    """The blocks, in the language that is active."""
    return [
        title(_("The month in one line")),
        text(_("Greet your reader, and say what this issue holds.")),
        block("divider"),
        *_story(_("The first story")),
        block("divider"),
        block(
            "columns",
            left=_story(_("The second story")),
            right=_story(_("The third story")),
        ),
        block("divider"),
        heading(_("Dates")),
        points(_("When, where and what, with a link")),
        block("footer"),
    ]


def _story(words: str) -> list[Data]:
    return [
        block("picture", alt=ask(_("What the picture shows"))),
        block("heading", text=ask(words)),
        text(_("Three sentences that make one want to read on.")),
        block("button", text=_("Read on")),
    ]
