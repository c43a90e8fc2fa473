"""Passing a campaign on: short links that count who came by them, words for each network, and plain links to it."""

from advocacy.sharing.kit import Kit, Way, Words, kit
from advocacy.sharing.links import (
    CameBy,
    address_of,
    brought_by,
    came_by,
    code_of,
    opened,
    personal_link,
    sealed_code,
)

__all__ = [
    "CameBy",
    "Kit",
    "Way",
    "Words",
    "address_of",
    "brought_by",
    "came_by",
    "code_of",
    "kit",
    "opened",
    "personal_link",
    "sealed_code",
]
