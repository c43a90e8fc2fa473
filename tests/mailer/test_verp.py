"""The return path of a delivery names it, and only ours does."""

from __future__ import annotations

import pytest

from mailer import verp


def test_a_return_path_names_its_delivery_whatever_the_servers_on_the_way_made_of_its_case():
    path = verp.return_path(4711)
    assert path.endswith("@epistle.example")
    assert verp.delivery_of(path) == 4711
    assert verp.delivery_of(f"<{path.upper()}>") == 4711
    assert len(path.partition("@")[0]) <= 64


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "bounces@epistle.example",
        verp.return_path(4711).replace("4711", "4712"),
        verp.return_path(4711).replace("-", "-0", 1),
        "bounces+4711-" + "a" * 20 + "@epistle.example",
        "bounces+٤٧١١-" + "a" * 20 + "@epistle.example",
    ],
)
def test_a_return_path_that_we_did_not_make_names_nothing(forged):
    assert verp.delivery_of(forged) is None
