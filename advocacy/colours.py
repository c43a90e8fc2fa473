"""How a campaign's colour is shown on the pages: on their light and on their dark paper, so that it can be read."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from mailer.colours import READABLE, contrast, nearest_readable, words_on

# The papers and inks of static/css/epistle.css; tests/advocacy/test_colours.py keeps the two in step.
LIGHT_PAPER, DARK_PAPER = "#fbfaf6", "#171614"
LIGHT_CARD, DARK_CARD = "#ffffff", "#211f1c"


@dataclass(frozen=True, slots=True)
class Accent:
    """One accent on one paper, and the colour of words standing on it."""

    colour: str
    on: str


def require_readable(colour: str) -> None:
    """Raise ValidationError, with the nearest colour that would do, for one whose words cannot be read on our paper."""
    papers = (LIGHT_PAPER, LIGHT_CARD)
    nearest = nearest_readable(colour, *papers)
    if nearest == colour:
        return
    raise ValidationError(
        _(
            "Words in this colour cannot be read on our paper: the contrast is %(found).1f, "
            "and %(needed).1f is needed. The nearest colour that can be read is %(nearest)s."
        ),
        code="contrast",
        params={
            "found": min(contrast(colour, paper) for paper in papers),
            "needed": READABLE,
            "nearest": nearest,
        },
    )


def accents(colour: str) -> tuple[Accent, Accent]:
    """How `colour` is shown on the light and on the dark paper; both can be read."""
    light = nearest_readable(colour, LIGHT_PAPER, LIGHT_CARD)
    dark = nearest_readable(colour, DARK_PAPER, DARK_CARD)
    return Accent(light, words_on(light)), Accent(dark, words_on(dark))
