"""Where provider events come in."""

from typing import Any


def keep_event(sender: Any, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Placeholder until tracking lands."""
