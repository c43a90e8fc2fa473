"""Short links: made once for a confirmed supporter, found by their code, and credited for who came by them.

A code credits its link and opens nothing else. Personal links of before the short ones end in a sealed number; they
hold for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from advocacy.models import Campaign, Letter, Membership, ShareLink, Submission, Supporter
from advocacy.sharing import codes


@dataclass(frozen=True, slots=True)
class CameBy:
    """By whose link somebody came: a confirmed supporter's, a member's, or one of staff with its source."""

    referrer: Submission | None = None
    membership: Membership | None = None
    source: str = ""


def personal_link(submission: Submission) -> ShareLink:
    """The link of a confirmed submission, made at the first call; a repeat gives the same one."""
    if submission.confirmed_at is None:
        raise ValueError("a link is made once its owner has confirmed")
    found = ShareLink.objects.filter(submission=submission).first()
    return found or store(ShareLink(campaign=submission.campaign, submission=submission), codes.offered())


def staff_link(
    campaign: Campaign, *, source: str = "", membership: Membership | None = None, language: str = ""
) -> ShareLink:
    """A link of the campaign for a source, of a member, or both. Raises IntegrityError for one that is there."""
    return store(
        ShareLink(campaign=campaign, source=source, membership=membership, language=language), codes.offered()
    )


def others(
    link: ShareLink, campaign: Campaign, source: str, membership: Membership | None
) -> QuerySet[ShareLink]:
    """Links of the same source and member: there is to be none besides `link`."""
    rows = ShareLink.objects.filter(
        campaign=campaign, source=source, membership=membership, submission__isnull=True
    )
    return rows.exclude(pk=link.pk)


def store(link: ShareLink, offered: Iterable[str]) -> ShareLink:
    """Store `link` under the first of the codes that is not taken. Two calls for one submission at once give one."""
    for code in offered:
        link.code = code
        if link.submission_id is None:
            if not ShareLink.objects.filter(code=code).exists():
                link.save(force_insert=True)
                return link
            continue
        ShareLink.objects.bulk_create([link], ignore_conflicts=True)
        stored = ShareLink.objects.filter(submission=link.submission_id).first()
        if stored is not None:
            return stored
    raise RuntimeError("no code for a short link was free")


def find(typed: str) -> ShareLink | None:
    """The link of a code as it stands in an address, or None."""
    code = codes.read(typed)
    rows = ShareLink.objects.select_related("campaign", "membership__organisation")
    return rows.filter(code=code).first() if code else None


def address_of(link: ShareLink) -> str:
    """The whole address that people pass on."""
    return settings.SITE_URL + reverse("short", args=[link.code])


def address_by(campaign: Campaign, code: str) -> str:
    """The whole address to pass on for the code of a link of this campaign; "" for any other text."""
    if (link := find(code)) and link.campaign_id == campaign.pk:
        return address_of(link)
    if _sealed(campaign, code):
        page = reverse("advocacy:campaign", args=[campaign.slug])
        return f"{settings.SITE_URL}{page}?via={code}"
    return ""


def code_of(submission: Submission) -> str:
    """The code of a supporter's own link. Makes none: who confirmed before there were short ones has a long one."""
    link = ShareLink.objects.filter(submission=submission).first()
    return link.code if link else sealed_code(submission)


def opened(submission: Submission) -> int:
    """How often a supporter's own link was opened by what looks like a person."""
    return ShareLink.objects.filter(submission=submission).values_list("opened", flat=True).first() or 0


def count_opening(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1)


def came_by(campaign: Campaign, via: str) -> CameBy:
    """Whom `via`, as it came with a request, credits in this campaign; nobody for what is made up. Never raises."""
    code = codes.read(via)
    link = None
    if code:
        rows = ShareLink.objects.select_related("submission", "membership")
        link = rows.filter(campaign=campaign, code=code).first()
    if link is None:
        return CameBy(_sealed(campaign, via))
    return CameBy(link.submission, link.membership, link.source)


def brought_by(submission: Submission) -> int:
    """How many other people confirmed letters that came by this supporter's link and count for the campaign (A14)."""
    letters = Letter.objects.filter(
        submission__referrer=submission, confirmed_at__isnull=False, status__in=Letter.LIVE, is_test=False
    )
    others = letters.exclude(supporter=submission.supporter_id)
    return others.order_by().values("supporter").distinct().count()


def let_go(supporter: Supporter) -> int:
    """Take an erased supporter's name off their links: these go on to lead people there, and count for nobody.

    Returns how many. Safe to repeat.
    """
    return ShareLink.objects.filter(submission__supporter=supporter).update(submission=None)


# --- links of before ----------------------------------------------------------------------------------------------


def sealed_code(submission: Submission) -> str:
    """What stands in the personal link of who confirmed before there were short ones."""
    return f"{_base36(submission.pk)}-{_seal(submission.pk)}"


def _sealed(campaign: Campaign, given: str) -> Submission | None:
    number, _dash, seal = given.partition("-")
    if not (number.isascii() and number.isalnum() and len(number) < 12):
        return None
    pk = int(number, 36)
    if not constant_time_compare(seal, _seal(pk)):
        return None
    return Submission.objects.filter(pk=pk, campaign=campaign, confirmed_at__isnull=False).first()


def _seal(pk: int) -> str:
    # Short, because people read it: forging one wins nothing but a wrong count.
    return salted_hmac("advocacy.sharing.code", str(pk), algorithm="sha256").hexdigest()[:10]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
