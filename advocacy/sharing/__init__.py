"""Passing a campaign on: short links that count who came by them, words for each network, and plain links to it."""

from advocacy.sharing.links import CameBy, address_of, brought_by, came_by, personal_link, sealed_code
from advocacy.sharing.ways import Share, ways

__all__ = [
    "CameBy",
    "Share",
    "address_of",
    "brought_by",
    "came_by",
    "personal_link",
    "sealed_code",
    "ways",
]
