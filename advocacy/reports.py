"""What an office tells us about a letter it got: kept for a person, and nothing more leaves in the meantime.

"In the meantime" lasts until somebody of the staff has dealt with the report: what waits is held at once, what is
confirmed later when it is confirmed (`reasons_to_hold`).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from advocacy.models import Letter, Report

_REASONS = {
    Report.Kind.ABUSE: "an office reported a letter of this writer",
    Report.Kind.NO_LETTERS: "the office asked for no more letters",
}


@transaction.atomic
def file(letter: Letter, kind: str, words: str = "") -> bool:
    """Keep an office's report and hold what waits: for abuse every letter of the writer, for an office that wants no
    letters every letter to that person. Whether they are never offered again is decided by a person, since the link
    may have been forwarded.

    False for a repeat, which changes nothing.
    """
    _report, is_new = Report.objects.get_or_create(
        letter=letter, kind=Report.Kind(kind), defaults={"words": words[:1000]}
    )
    if not is_new:
        return False
    if kind == Report.Kind.ABUSE:
        waiting = Letter.objects.filter(supporter=letter.supporter)
    else:
        waiting = Letter.objects.filter(person=letter.person)
    waiting.filter(status=Letter.Status.CONFIRMED, is_test=False).update(
        status=Letter.Status.WITHHELD,
        held_because=_REASONS[Report.Kind(kind)],
        held_at=timezone.now(),
        held_by=None,
        slot=None,
    )
    return True


def reasons_to_hold(letters: Sequence[Letter]) -> dict[int, str]:
    """Why letters of one supporter must wait for a person, by the id of whom they go to; one query for all."""
    if not letters:
        return {}
    people = [letter.person_id for letter in letters]
    open_ones = Report.objects.filter(handled_at=None).filter(
        Q(kind=Report.Kind.ABUSE, letter__supporter=letters[0].supporter_id)
        | Q(kind=Report.Kind.NO_LETTERS, letter__person__in=people)
    )
    found: dict[int, str] = {}
    for kind, person in open_ones.values_list("kind", "letter__person"):
        concerned = people if kind == Report.Kind.ABUSE else [person]
        found |= dict.fromkeys(concerned, _REASONS[Report.Kind(kind)])
    return found


def handle(report: Report, by: User) -> bool:
    """Note that somebody has dealt with a report. False for a repeat."""
    return bool(
        Report.objects.filter(pk=report.pk, handled_at=None).update(handled_at=timezone.now(), handled_by=by)
    )
