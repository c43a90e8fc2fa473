"""Open data and hostile inputs that lie beside a checkout on some machines; tests skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent


def shared(path: str) -> Path | None:
    """The file or folder `path` of EPISTLE_SHARED, or of a `shared` folder beside the checkout or its parents."""
    named = os.environ.get("EPISTLE_SHARED")
    folders = [Path(named)] if named else [parent / "shared" for parent in _CHECKOUT.parents[:3]]
    return next((found for folder in folders if (found := folder / path).exists()), None)
