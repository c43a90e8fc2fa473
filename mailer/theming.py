"""The look of an organisation's mailings: its colours, made readable on light and on dark paper, and its logo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from mailer.colours import READABLE, contrast, is_dark, mixed, nearest_readable, words_on
from mailer.models import Theme

SANS = "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, Noto Sans, Noto Sans Arabic, Arial, sans-serif"
SERIF = "Georgia, Cambria, Times New Roman, Noto Naskh Arabic, Amiri, serif"
# The dark paper of static/css/epistle.css, and a darker ground around it.
DARK_PAPER, DARK_GROUND, DARK_INK = "#211f1c", "#171614", "#ece9e2"

LABELS = {"accent": _("accent colour"), "ink": _("text colour")}


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a mail on one paper. on_accent: words on a button. soft: quieter words; faint: words on the ground."""

    paper: str
    ground: str
    ink: str
    accent: str
    on_accent: str
    soft: str
    faint: str
    hair: str
    tint: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A colour that cannot be read well on its paper, and the nearest one that can."""

    field: str
    contrast: float
    nearest: str

    def __str__(self) -> str:
        return gettext(
            "The %(label)s has a contrast of %(found).1f to the paper; %(needed).1f is needed. The nearest "
            "that can be read is %(nearest)s."
        ) % {
            "label": LABELS[self.field],
            "found": self.contrast,
            "needed": READABLE,
            "nearest": self.nearest,
        }


def theme_of(organisation: Organisation | None) -> Theme:
    """The organisation's theme, else the house's, else the one we ship (not saved)."""
    themes = Theme.objects.select_related("logo")
    own = themes.filter(organisation=organisation).first() if organisation else None
    return own or themes.filter(organisation=None).first() or Theme()


def findings(theme: Theme) -> list[Finding]:
    """The colours of a theme that cannot be read (WCAG 2.2, 1.4.3), each with the nearest that can."""
    found = []
    for name in LABELS:
        colour = getattr(theme, name)
        if (seen := contrast(colour, theme.paper)) < READABLE:
            found.append(Finding(name, seen, nearest_readable(colour, theme.paper)))
    return found


def light(theme: Theme) -> Palette:
    """The colours of a mail as its theme says; what could not be read is moved to the nearest that can."""
    return _palette(theme.paper, theme.ground, theme.ink, theme.accent)


def dark(theme: Theme) -> Palette:
    """The same where the reader's program is dark. A theme whose paper is dark stays as it is."""
    if is_dark(theme.paper):
        return light(theme)
    return _palette(DARK_PAPER, DARK_GROUND, DARK_INK, theme.accent)


@lru_cache(maxsize=64)
def _palette(paper: str, ground: str, ink: str, accent: str) -> Palette:
    ink = nearest_readable(ink, paper)
    accent = nearest_readable(accent, paper)
    return Palette(
        paper=paper,
        ground=ground,
        ink=ink,
        accent=accent,
        on_accent=words_on(accent),
        soft=nearest_readable(mixed(ink, paper, 0.3), paper),
        faint=nearest_readable(mixed(words_on(ground), ground, 0.35), ground),
        hair=mixed(ink, paper, 0.82),
        tint=mixed(accent, paper, 0.92),
    )


def heading_font(theme: Theme) -> str:
    return SERIF if theme.headings == "serif" else SANS
