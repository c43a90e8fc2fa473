"""A second person's yes to a large mailing: to exactly what they saw, and never their own (RELIABILITY A12)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from accounts.permissions import may
from mailer.mailings import forecast
from mailer.models import Mailing, MailingAct, MailingRevision
from mailer.preflight.fingerprint import fingerprint

PERMISSION = "mailer.approve_mailing"
What = MailingAct.What
_ASKING = (What.ASKED_APPROVAL, What.APPROVED, What.REFUSED)


class NotTheirs(Exception):  # noqa: N818 - said to a person
    """This person may not decide. `word`: permission, asked, wrote."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Changed(Exception):  # noqa: N818 - what happened
    """The mailing is not what the person saw, or was decided on meanwhile."""


def is_needed(people: int) -> bool:
    """Whether a mailing to so many people needs a second person."""
    return people > settings.MAILING_APPROVAL_OVER


def stands(mailing: Mailing, print_: str) -> bool:
    """Whether the mailing with this fingerprint has been approved; any change of it takes the approval away."""
    return mailing.approved_at is not None and bool(print_) and mailing.approved_print == print_


def last(mailing: Mailing) -> MailingAct | None:
    """The last word on its approval: asked for, given or refused."""
    acts = mailing.acts.filter(what__in=_ASKING).select_related("by")
    return acts.order_by("-at", "-pk").first()


def ask(mailing: Mailing, by: User, print_: str, people: int) -> bool:
    """Ask for an approval of the mailing as it is. False if it has been asked for already."""
    with transaction.atomic():
        _held(mailing)
        asked = last(mailing)
        if asked and asked.what == What.ASKED_APPROVAL and asked.detail.get("print") == print_:
            return False
        detail = {"print": print_, "people": people}
        MailingAct.objects.create(mailing=mailing, what=What.ASKED_APPROVAL, by=by, detail=detail)
    return True


def objection(mailing: Mailing, user: User) -> str:
    """Why this person may not decide: a word of `NotTheirs`; "" if they may."""
    if not may(user, PERMISSION, mailing):
        return "permission"
    asked = last(mailing)
    if asked is not None and asked.what == What.ASKED_APPROVAL and asked.by_id == user.pk:
        return "asked"
    wrote = mailing.texts.filter(changed_by=user).exists()
    wrote = wrote or MailingRevision.objects.filter(text__mailing=mailing, by=user).exists()
    return "wrote" if wrote else ""


def approve(mailing: Mailing, by: User, print_: str) -> None:
    """Say yes to the mailing whose fingerprint is `print_`. Raises NotTheirs, and Changed where it is another by now."""
    with transaction.atomic():
        _decide(mailing, by, print_)
        Mailing.objects.filter(pk=mailing.pk).update(approved_at=Now(), approved_by=by, approved_print=print_)
        MailingAct.objects.create(mailing=mailing, what=What.APPROVED, by=by, detail={"print": print_})
    mailing.refresh_from_db()


def refuse(mailing: Mailing, by: User, print_: str, why: str) -> None:
    """Say no, with the reason. Raises as `approve` does."""
    with transaction.atomic():
        _decide(mailing, by, print_)
        Mailing.objects.filter(pk=mailing.pk).update(approved_at=None, approved_by=None, approved_print="")
        detail = {"print": print_}
        MailingAct.objects.create(mailing=mailing, what=What.REFUSED, by=by, why=why[:300], detail=detail)
    mailing.refresh_from_db()


def check_correction(mailing: Mailing, by: User) -> None:
    """Raise NotTheirs if `by` may not take the new text for those who still wait: to so many people that a second person
    approved the old one, only an approver who did not write the new one may (else the old yes would be good for any text).
    """
    if not is_needed(forecast.during(mailing).people):
        return
    if not may(by, PERMISSION, mailing):
        raise NotTheirs("permission")
    frozen_at = mailing.messages.aggregate(at=Max("created_at"))["at"]
    if mailing.texts.filter(changed_by=by, changed_at__gt=frozen_at).exists():
        raise NotTheirs("wrote")


def waiting_for(user: User, mailings: QuerySet[Mailing]) -> list[Mailing]:
    """Of `mailings`, the drafts whose approval is asked for and that this person may decide on."""
    asked = mailings.filter(status=Mailing.Status.DRAFT, acts__what=What.ASKED_APPROVAL).distinct()
    return [
        one
        for one in asked
        if (act := last(one)) and act.what == What.ASKED_APPROVAL and not objection(one, user)
    ]


def _decide(mailing: Mailing, by: User, print_: str) -> None:
    held = _held(mailing)
    if word := objection(held, by):
        raise NotTheirs(word)
    asked = last(held)
    if asked is None or asked.what != What.ASKED_APPROVAL or held.status != Mailing.Status.DRAFT:
        raise Changed
    if not print_ or fingerprint(held) != print_:
        raise Changed


def _held(mailing: Mailing) -> Mailing:
    """The mailing's row, held: its text is written under the same lock (`texts.save`)."""
    return Mailing.objects.select_for_update(no_key=True).get(pk=mailing.pk)
