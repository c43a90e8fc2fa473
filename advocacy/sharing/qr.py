"""A link as a QR code, drawn here: no service is asked, and it prints at any size."""

from __future__ import annotations

import io

import segno

_BORDER = 4  # modules; ISO/IEC 18004 asks for four
_PNG_SCALE = 24  # pixels a module: 29 modules and the border make about 900 pixels, sharp on a flyer

TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def draw(link: str, kind: str) -> bytes:
    """The code of `link` as a file of a kind of TYPES: dark on white also where the page is dark, as readers need it."""
    out = io.BytesIO()
    scale = _PNG_SCALE if kind == "png" else 8
    segno.make_qr(link, error="m").save(
        out, kind=kind, scale=scale, border=_BORDER, dark="#000000", light="#ffffff"
    )
    return out.getvalue()
