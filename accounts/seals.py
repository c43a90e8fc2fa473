"""Links that only their reader holds: made from a row, never stored, one purpose each.

A token is `<id>-<seal>`: the seal is an HMAC-SHA-256 over the row's id and its nonce, 144 bits of it, under a key
of its own for each purpose (CVE-2026-6873). Changing the nonce kills every link of the row. No address, no name
and no status is inside, and a copy of the database makes no link.
"""

from __future__ import annotations

import base64
import re

from django.utils.crypto import constant_time_compare, salted_hmac

_SEAL_BYTES = 18
_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{24})", re.ASCII)


class Gone(Exception):  # noqa: N818 - it is what the page says, not an error of ours
    """No such link: unknown, used up or expired. A page must not tell which."""


def make(purpose: str, pk: int, nonce: str) -> str:
    """The token of a row for one purpose, such as "advocacy.tokens.confirm". The same until the nonce changes."""
    return f"{pk}-{_seal(purpose, pk, nonce)}"


def row_of(token: str) -> int:
    """The id a token names, not yet believed. Raises Gone for what has not the shape of a token."""
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise Gone
    return int(shape[1])


def check(purpose: str, token: str, nonce: str | None) -> None:
    """Raise Gone unless `token` was made for this purpose and nonce; None for a row that is not there.

    The same work whether there is a row or not (A8).
    """
    pk, _dash, seal = token.partition("-")
    if not constant_time_compare(_seal(purpose, int(pk), nonce or ""), seal) or nonce is None:
        raise Gone


def _seal(purpose: str, pk: int, nonce: str) -> str:
    digest = salted_hmac(purpose, f"{pk}:{nonce}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode()
