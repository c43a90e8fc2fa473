"""A call to take part in a campaign: why, the quotation it stands under, what it asks for, how to take part, words to
pass on, links, and who is behind it. The order is that of a coalition's call of November 2016 that moved many.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from mailer.writing.layouts.parts import Data, ask, block, heading, paragraph, points, text, title


def write() -> list[Data]:
    """The blocks, in the language that is active."""
    return [*_why(), *_campaign(), *_taking_part(), *_background()]


def _why() -> list[Data]:
    return [
        title(_("What you call for, as if said aloud: “Stand with victims”")),
        text(
            _("We need your help to …: say in one sentence what is at stake and for whom."),
            _("Why now? Two or three sentences on what makes this moment count."),
        ),
        block(
            "quote",
            html=paragraph(ask(_("Words your campaign stands under, for example of a preamble."))),
            source=ask(_("Who said or wrote them")),
        ),
    ]


def _campaign() -> list[Data]:
    return [
        heading(_("Join the campaign")),
        text(_("What the campaign is, who carries it, and what it wants to change.")),
        block("video", alt=ask(_("What the still picture shows")), text=_("Watch the video")),
        block("text", html=paragraph(_("Whoever takes part is asked to call for:"))),
        points(_("Your first demand"), _("Your second demand"), _("Your third demand")),
        block("button", text=_("Write to your representatives")),
    ]


def _taking_part() -> list[Data]:
    return [
        heading(_("How to take part")),
        points(
            _("The smallest step: pass this mail on."),
            _("The next one: share the video, with its links."),
            _("The largest one: join in public, by a statement, an article or an event."),
            numbered=True,
        ),
        heading(_("Suggested messages")),
        points(_("A sentence to copy"), _("Another one"), _("A third one, shorter than a breath")),
        heading(_("Hashtags")),
        text(_("#YourHashtag #AnotherOne")),
        block("share", title=_("Pass it on"), text=ask(_("The text that people pass on"))),
    ]


def _background() -> list[Data]:
    return [
        block("divider"),
        heading(_("More to read and to use")),
        points(
            _("A page worth reading, with its link"),
            _("Logo and pictures to use"),
            _("Questions and answers"),
        ),
        heading(_("About us")),
        text(_("Who you are, how many, since when, and what you achieved.")),
        heading(_("Background")),
        text(_("What a reader must know who hears of this for the first time.")),
        block("footer"),
    ]
