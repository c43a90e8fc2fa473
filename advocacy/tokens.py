"""Links that only their reader holds: made from a row, never stored, one purpose each.

A token is `<id>-<seal>`: the seal is an HMAC-SHA-256 over the submission's id and its nonce, 144 bits of it, under
a key of its own for each purpose (CVE-2026-6873). Changing the nonce kills every link of the submission. No
address, no name and no status is inside. Unknown, forged, used up and expired are one and the same `Gone`.
"""

from __future__ import annotations

import base64
import re
from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from advocacy.models import Submission

CONFIRM, STATUS, PENDING, NOT_ME, REPORT = "confirm", "status", "pending", "not-me", "report"
PURPOSES = frozenset({CONFIRM, STATUS, PENDING, NOT_ME, REPORT})

_SEAL_BYTES = 18
_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{24})", re.ASCII)
# A second click within the hour finds the page it expects instead of a dead link; it confirms nothing more.
SECOND_CLICK = timedelta(hours=1)
NOT_ME_DAYS = timedelta(days=365)
REPORT_DAYS = timedelta(days=90)  # as long as the letter's text is kept (RELIABILITY A7)


class Gone(Exception):  # noqa: N818 - it is what the page says, not an error of ours
    """No such link: unknown, used up or expired. A page must not tell which."""


def make(purpose: str, submission: Submission) -> str:
    """The token of `submission` for one purpose. Always the same until the nonce changes."""
    return f"{submission.pk}-{_seal(purpose, submission.pk, submission.nonce)}"


def read(purpose: str, token: str) -> Submission:
    """The submission a token stands for, with its campaign and supporter. Raises Gone. Changes nothing."""
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise Gone
    pk = int(shape[1])
    submission = Submission.objects.select_related("campaign", "supporter").filter(pk=pk).first()
    # The same work for a row that is not there (A8).
    expected = _seal(purpose, pk, submission.nonce if submission else "")
    if not constant_time_compare(expected, shape[2]) or submission is None:
        raise Gone
    if not _is_alive(purpose, submission):
        raise Gone
    return submission


def _seal(purpose: str, pk: int, nonce: str) -> str:
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose of a token: {purpose!r}")
    digest = salted_hmac(f"advocacy.tokens.{purpose}", f"{pk}:{nonce}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode()


def _is_alive(purpose: str, submission: Submission) -> bool:
    now = timezone.now()
    confirmed = submission.confirmed_at
    if purpose == CONFIRM:
        return submission.expires_at > now if confirmed is None else now < confirmed + SECOND_CLICK
    if purpose == PENDING:
        # Whoever filled the form has not proven the mailbox: after the click it is the owner's page only.
        return confirmed is None and submission.expires_at > now
    if purpose == STATUS:
        return confirmed is not None
    if purpose == REPORT:
        return confirmed is not None and now < confirmed + REPORT_DAYS
    return now < submission.created_at + NOT_ME_DAYS
