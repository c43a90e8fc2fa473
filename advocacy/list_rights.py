"""What per-list rights (see `contacts.list_rights`) leave of campaigns: those that offer one of the lists, or none.

Whoever writes in a campaign may join its list, so its pages, letters and expressions are about people of that list.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.permissions import narrows, narrows_less
from advocacy.models import (
    Campaign,
    CampaignText,
    Expression,
    Letter,
    LetterTemplate,
    Membership,
    MembershipText,
    Partner,
    Question,
    Report,
    Resource,
    ResourceFile,
    ResourcePack,
    ShareLink,
    ShareText,
    Step,
    Submission,
    TargetRule,
    Term,
    Update,
)
from mailer.models import Delivery

# Also whose organisation a row belongs to is found through these (advocacy/admin).
OF_A_CAMPAIGN = (
    *(CampaignText, LetterTemplate, TargetRule, Submission, Letter, Update, Partner),
    *(ShareText, ShareLink, Expression, Resource, ResourcePack, Membership),
)
OF_A_TEXT = (Step, Question, Term)


def register() -> None:
    """Safe to repeat."""
    narrows(Campaign, _reached_by("mailing_list"))
    for model in OF_A_CAMPAIGN:
        narrows(model, _reached_by("campaign__mailing_list"))
    for part in OF_A_TEXT:
        narrows(part, _reached_by("text__campaign__mailing_list"))
    narrows(MembershipText, _reached_by("membership__campaign__mailing_list"))
    narrows(ResourceFile, _reached_by("resource__campaign__mailing_list"))
    narrows(Report, _reached_by("letter__campaign__mailing_list"))
    narrows_less(Delivery, _of_letters)


def _reached_by(path: str) -> Callable[[User, frozenset[int]], Q]:
    """The rows whose campaign, at the list on `path`, offers one of somebody's lists or none."""
    return lambda _user, lists: Q((f"{path}__in", lists)) | Q((path, None))


def _of_letters(user: User, lists: frozenset[int]) -> Q:
    """The deliveries of the letters that are left. The kind stands first, so that no copy of a mailing is looked up."""
    reached = _reached_by("campaign__mailing_list")(user, lists)
    letters = Letter.objects.filter(reached, delivery=OuterRef("pk"))
    return Q(kind=Delivery.Kind.LETTER) & Q(Exists(letters))
