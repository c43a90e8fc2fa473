"""The links of a submission: made from its row, never stored, one purpose each (mailer/seals.py).

Unknown, forged, used up and expired are one and the same `Gone`.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from advocacy import denying
from advocacy.models import Submission
from mailer import seals
from mailer.seals import Gone

CONFIRM, STATUS, PENDING, NOT_ME, REPORT = "confirm", "status", "pending", "not-me", "report"
PURPOSES = frozenset({CONFIRM, STATUS, PENDING, NOT_ME, REPORT})

# A second click within the hour finds the page it expects instead of a dead link; it confirms nothing more.
SECOND_CLICK = timedelta(hours=1)
NOT_ME_DAYS = timedelta(days=365)
REPORT_DAYS = timedelta(days=90)  # as long as the letter's text is kept (RELIABILITY A7)


def make(purpose: str, submission: Submission) -> str:
    """The token of `submission` for one purpose. Always the same until the nonce changes."""
    return seals.make(_named(purpose), submission.pk, submission.nonce)


def read(purpose: str, token: str) -> Submission:
    """The submission a token stands for, with its campaign and supporter. Raises Gone. Changes nothing."""
    submission = _row(seals.row_of(token))
    seals.check(_named(purpose), token, submission.nonce if submission else None)
    if submission is None or not _is_alive(purpose, submission):
        raise Gone
    return submission


def read_not_me(token: str) -> tuple[Submission, bytes]:
    """What a link "it was not me" is about, and the keyed hash of the mailbox it speaks for. Raises Gone. Changes nothing.

    That of a mail is good for its own mailbox also when the address was corrected since; the submission is then somebody
    else's. That of our page, and of mails from before mails had their own, dies with the nonce as the others do.
    """
    try:
        pk, address_hash = denying.read(denying.SUBMISSION, token)
    except Gone:
        submission = read(NOT_ME, token)
        return submission, bytes(submission.supporter.address_hash)
    found = _row(pk)
    if found is None or not _is_alive(NOT_ME, found):
        raise Gone
    return found, address_hash


def _row(pk: int) -> Submission | None:
    return Submission.objects.select_related("campaign", "supporter").filter(pk=pk).first()


def _named(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose of a token: {purpose!r}")
    return f"advocacy.tokens.{purpose}"


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
