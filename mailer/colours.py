"""Whether a colour can be read, and the nearest one that can (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import colorsys

WHITE, BLACK = "#ffffff", "#10100e"
READABLE = 4.5  # text of any size, WCAG 1.4.3


def contrast(one: str, other: str) -> float:
    """The contrast of two #rrggbb colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def nearest_readable(colour: str, *papers: str) -> str:
    """`colour`, or the nearest lightness of the same hue that can be read on every one of `papers`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    steps = sorted(range(101), key=lambda step: abs(step / 100 - lightness))
    for candidate in [colour, *(_hex(colorsys.hls_to_rgb(hue, step / 100, saturation)) for step in steps)]:
        if all(contrast(candidate, paper) >= READABLE for paper in papers):
            return candidate
    raise ValueError(f"no lightness of {colour} can be read on all of {papers}")


def words_on(colour: str) -> str:
    """White or black, whichever can be read better on `colour`."""
    return max((WHITE, BLACK), key=lambda words: contrast(colour, words))


def mixed(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other` in it."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    red, green, blue = (a * (1 - share) + b * share for a, b in pairs)
    return _hex((red, green, blue))


def is_dark(colour: str) -> bool:
    """Whether white can be read better on it than black."""
    return words_on(colour) == WHITE


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[float, float, float]:
    digits = colour.removeprefix("#")
    return int(digits[0:2], 16) / 255, int(digits[2:4], 16) / 255, int(digits[4:6], 16) / 255


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
