"""Ready-made mailings to begin with. Their words invite to write, and a mailing that still holds them cannot be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailer.writing import blocks
from mailer.writing.layouts import announcement, call_to_action, digest


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to begin. `blocks` are made in the language that is active."""

    name: str
    label: str | Promise
    help: str | Promise
    write: Callable[[], list[dict[str, Any]]]


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "announcement",
            _("Announcement"),
            _("One piece of news, a picture and one button."),
            announcement.write,
        ),
        Layout(
            "call_to_action",
            _("Call to action"),
            _("Why, what you ask for, how to take part, and words to pass on."),
            call_to_action.write,
        ),
        Layout("digest", _("Digest"), _("Several stories, each with a link to read on."), digest.write),
    )
}


def begun(name: str, language: str) -> list[dict[str, Any]]:
    """The blocks of a layout with its words in `language`, each with an id of its own. Raises KeyError."""
    with translation.override(language):
        return blocks.clean(LAYOUTS[name].write())
