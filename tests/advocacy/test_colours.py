import re
from pathlib import Path

import pytest

from advocacy import colours
from mailer.colours import contrast


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    "colour", ["#1f6f54", "#ffff00", "#000000", "#ffffff", "#ff0000", "#0000ff", "#808080"]
)
def test_any_accent_can_be_read_on_both_papers_and_written_on(colour):
    light, dark = colours.accents(colour)
    for accent, papers in [
        (light, (colours.LIGHT_PAPER, colours.LIGHT_CARD)),
        (dark, (colours.DARK_PAPER, colours.DARK_CARD)),
    ]:
        assert all(contrast(accent.colour, paper) >= 4.5 for paper in papers)
        assert contrast(accent.colour, accent.on) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_was_chosen():
    assert colours.accents("#1f6f54")[0].colour == "#1f6f54"


def _tokens(css: str) -> list[dict[str, str]]:
    return [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root {(.*?)}", css, re.S)
    ]


def test_the_papers_of_the_style_sheet_are_the_ones_contrast_is_checked_against(checkout: Path):
    light, dark = _tokens((checkout / "static/css/epistle.css").read_text())
    assert (light["paper"], light["card"]) == (colours.LIGHT_PAPER, colours.LIGHT_CARD)
    assert (dark["paper"], dark["card"]) == (colours.DARK_PAPER, colours.DARK_CARD)


def test_every_word_and_line_of_the_style_sheet_has_enough_contrast(checkout: Path):
    for tokens in _tokens((checkout / "static/css/epistle.css").read_text()):
        for words in ("ink", "grey-text", "accent", "good", "warn", "bad"):
            for paper in ("paper", "card"):
                assert contrast(tokens[words], tokens[paper]) >= 4.5, (words, paper)
        for words in ("good", "warn", "bad"):
            assert contrast(tokens[words], tokens[f"{words}-paper"]) >= 4.5, words
            assert contrast(tokens["ink"], tokens[f"{words}-paper"]) >= 4.5, words
        assert contrast(tokens["grey-line"], tokens["card"]) >= 3  # WCAG 1.4.11
        assert contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
