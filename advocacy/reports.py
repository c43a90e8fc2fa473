"""What an office tells us about a letter it got: kept for a person, and nothing more leaves in the meantime."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from advocacy import letters
from advocacy.models import Letter, Report


@transaction.atomic
def file(letter: Letter, kind: str, words: str = "") -> bool:
    """Keep an office's report and hold what waits: for abuse every letter the writer sent with this one, for an
    office that wants no letters every waiting letter to that person. Whether they are never offered again is decided
    by a person, since the link may have been forwarded.

    False for a repeat, which changes nothing.
    """
    _report, is_new = Report.objects.get_or_create(
        letter=letter, kind=Report.Kind(kind), defaults={"words": words[:1000]}
    )
    if not is_new:
        return False
    if kind == Report.Kind.ABUSE:
        waiting = Letter.objects.filter(submission=letter.submission)
        reason = "an office reported a letter of this writer"
    else:
        waiting = Letter.objects.filter(person=letter.person)
        reason = "the office asked for no more letters"
    for other in waiting.filter(status=Letter.Status.CONFIRMED).iterator():
        letters.hold(other, reason)
    return True


def handle(report: Report, by: User) -> bool:
    """Note that somebody has dealt with a report. False for a repeat."""
    return bool(
        Report.objects.filter(pk=report.pk, handled_at=None).update(handled_at=timezone.now(), handled_by=by)
    )
