"""One piece of news."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mailer.writing.layouts.parts import Data, ask, block, text, title


def write() -> list[Data]:
    """The blocks, in the language that is active."""
    return [
        title(_("What happened, in one line")),
        text(
            _("Greet your reader, and say the news in two sentences: who, what, since when."),
            _("Why it matters to them, and what changes from now on."),
        ),
        block("picture", alt=ask(_("What the picture shows"))),
        text(_("What comes next, and where they can hear more.")),
        block("button", text=_("Read more")),
        block("footer"),
    ]
