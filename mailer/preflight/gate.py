"""May it leave? What stands between a draft and its sending, and overruling what may be overruled."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from mailer import reasons
from mailer.mailings import approving, audience
from mailer.models import Mailing, MailingAct
from mailer.preflight import running
from mailer.preflight.findings import ERROR, Finding
from mailer.preflight.fingerprint import fingerprint

CHANGED = gettext_noop("it was changed after it was checked")
UNAPPROVED = gettext_noop("it would go to %(people)s people, and no second person has approved that")
reasons.know(CHANGED, UNAPPROVED)


@dataclass(frozen=True, slots=True)
class Gate:
    """What was found when the gate was looked at. `obstacle` is the first thing in the way, "" where nothing is:

    unchecked (never, or what was checked is another by now), checking, findings (errors nobody overruled), approval
    (needed and not asked for), waiting (asked for), refused.
    """

    print: str
    obstacle: str
    open_errors: int
    needs_approval: bool
    is_approved: bool


def look(mailing: Mailing, people: int) -> Gate:
    """Whether a mailing to so many people may leave as it is now. Changes nothing."""
    now = fingerprint(mailing)
    checked = running.standing(mailing)
    is_checked = checked.state == running.DONE and mailing.preflight_print == now
    wrong = len(open_errors(mailing, checked.findings)) if is_checked else 0
    needed = approving.is_needed(people)
    approved = approving.stands(mailing, now)
    obstacle = ""
    if not is_checked:
        obstacle = "checking" if checked.is_moving else "unchecked"
    elif wrong:
        obstacle = "findings"
    elif needed and not approved:
        obstacle = _of_approval(mailing, now)
    return Gate(now, obstacle, wrong, needed, approved)


def objection_at_start(mailing: Mailing) -> str:
    """Why a mailing that was scheduled at the desk may not start after all, in words of `mailer.reasons`; "" if it may.

    While it waits its text is closed, but not its sender, its look, or the rule of a segment; and an import may bring
    more people than may be written to without a second person. Asked by the freeze. Raises as `audience.count` does.
    """
    if not mailing.preflight_print:  # scheduled by a command or a test, which asks for nobody's check
        return ""
    now = fingerprint(mailing)
    if mailing.preflight_print != now:
        return CHANGED
    if not approving.stands(mailing, now):
        people = audience.count(mailing, bound_ms=running.COUNT_MS).total
        if approving.is_needed(people):
            return UNAPPROVED % {"people": people}
    return ""


def _of_approval(mailing: Mailing, print_: str) -> str:
    said = approving.last(mailing)
    if said is None or said.detail.get("print") != print_:
        return "approval"
    return {MailingAct.What.ASKED_APPROVAL: "waiting", MailingAct.What.REFUSED: "refused"}.get(
        MailingAct.What(said.what), "approval"
    )


def overruled(mailing: Mailing) -> dict[str, MailingAct]:
    """What was overruled on this mailing, by the key of the finding."""
    acts = mailing.acts.filter(what=MailingAct.What.OVERRIDDEN).select_related("by").order_by("at", "pk")
    return {str(act.detail.get("key")): act for act in acts}


def open_errors(mailing: Mailing, findings: tuple[Finding, ...]) -> list[Finding]:
    """The errors nobody has overruled."""
    known = overruled(mailing)
    return [one for one in findings if one.level == ERROR and not (one.may_override and one.key in known)]


def overrule(mailing: Mailing, key: str, by: User, why: str) -> bool:
    """Let the mailing leave in spite of a finding of its last check; who and why is kept for ever.

    False if the check has no such finding, it may not be overruled, no reason is given, or somebody did it already.
    """
    if not why.strip():
        return False
    with transaction.atomic():
        held = Mailing.objects.select_for_update(no_key=True).get(pk=mailing.pk)
        found = next((one for one in running.standing(held).findings if one.key == key), None)
        if found is None or found.level != ERROR or not found.may_override or key in overruled(held):
            return False
        detail = {"key": key, "code": found.code, "values": found.values, "language": found.language}
        MailingAct.objects.create(
            mailing=mailing, what=MailingAct.What.OVERRIDDEN, by=by, why=why.strip()[:300], detail=detail
        )
    return True
