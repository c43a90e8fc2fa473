from __future__ import annotations

import pytest

from mailer import theming
from mailer.colours import READABLE, contrast
from mailer.models import Theme
from tests.staff import make_organisation


@pytest.mark.parametrize(
    "theme",
    [
        Theme(),
        Theme(accent="#ffcc00", ink="#bbbbbb", ground="#23395b"),
        Theme(paper="#101010", ground="#000000", ink="#111111", accent="#0a0a50"),
        Theme(paper="#808080", ground="#7f7f7f", ink="#808080", accent="#808080"),
    ],
)
def test_every_word_of_a_mail_can_be_read_on_light_and_on_dark_paper(theme: Theme):
    for palette in (theming.light(theme), theming.dark(theme)):
        for words, paper in (
            (palette.ink, palette.paper),
            (palette.soft, palette.paper),
            (palette.accent, palette.paper),
            (palette.on_accent, palette.accent),
            (palette.faint, palette.ground),
        ):
            assert contrast(words, paper) >= READABLE, (words, paper)


def test_a_colour_that_cannot_be_read_is_named_with_the_nearest_that_can():
    (finding,) = theming.findings(Theme(accent="#ffcc00"))
    assert finding.field == "accent"
    assert str(finding).startswith("The accent colour has a contrast of 1.5 to the paper; 4.5 is needed.")
    assert contrast(finding.nearest, "#ffffff") >= READABLE
    assert theming.findings(Theme()) == []


@pytest.mark.django_db
def test_an_organisation_without_a_theme_has_the_house_s_and_the_house_has_ours():
    ours, other = make_organisation(), make_organisation()
    assert theming.theme_of(ours).accent == "#1f5c99"
    Theme.objects.create(accent="#112233")
    Theme.objects.create(organisation=ours, accent="#445566")
    assert theming.theme_of(ours).accent == "#445566"
    assert theming.theme_of(other).accent == "#112233"
    assert theming.theme_of(None).accent == "#112233"
