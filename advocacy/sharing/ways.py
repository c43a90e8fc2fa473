"""What a supporter passes on: plain links that open a network's own page. No script, no picture, no counter of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from mailer import networks


@dataclass(frozen=True, slots=True)
class Share:
    """One way to pass a text on."""

    name: str
    href: str


def ways(title: str, text: str, link: str) -> list[Share]:
    """The links for `text` and `link`, the ones that work on any phone first."""
    return [
        Share(networks.label(name), networks.share(name, title=title, text=text, link=link))
        for name in networks.USUAL
    ]
