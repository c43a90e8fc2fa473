"""How a campaign's colour is shown on the pages: on their light and on their dark paper, so that it can be read."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.colours import nearest_readable, words_on

# The papers and inks of static/css/epistle.css; tests/advocacy/test_colours.py keeps the two in step.
LIGHT_PAPER, DARK_PAPER = "#fbfaf6", "#171614"
LIGHT_CARD, DARK_CARD = "#ffffff", "#211f1c"


@dataclass(frozen=True, slots=True)
class Accent:
    """One accent on one paper, and the colour of words standing on it."""

    colour: str
    on: str


def accents(colour: str) -> tuple[Accent, Accent]:
    """How `colour` is shown on the light and on the dark paper; both can be read."""
    light = nearest_readable(colour, LIGHT_PAPER, LIGHT_CARD)
    dark = nearest_readable(colour, DARK_PAPER, DARK_CARD)
    return Accent(light, words_on(light)), Accent(dark, words_on(dark))
