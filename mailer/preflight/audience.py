"""Who would get it: somebody at all, about as many as last time, and addresses that the provider can deliver to."""

from __future__ import annotations

import math

from mailer.mailings import audience
from mailer.mailings.audience import AudienceCount
from mailer.models import Mailing
from mailer.preflight.findings import ERROR, OK, WARNING, Finding

GROUP = "audience"
JUMP_SHARE = 50  # per cent
JUMP_PEOPLE = 100


def check(mailing: Mailing, count: AudienceCount | None) -> list[Finding]:
    """`count` is None where the audience cannot be counted, which `running` has told already."""
    if mailing.mailing_list_id is None:
        return [Finding(ERROR, "no_list", GROUP)]
    if count is None:
        return []
    if not count.total:
        return [Finding(ERROR, "nobody", GROUP)]
    found = [Finding(OK, "audience", GROUP, {"people": count.total, "count": count.total})]
    found += jump(mailing, count.total)
    if strange := _not_ascii(mailing):
        found.append(Finding(WARNING, "not_ascii", GROUP, {"people": strange, "count": strange}))
    return found


def last_of_list(mailing: Mailing) -> Mailing | None:
    """The mailing that went out last in the name of the same list, and was meant for as many people: not one that
    corrects or follows another."""
    sent = Mailing.objects.filter(
        mailing_list=mailing.mailing_list_id, frozen_at__isnull=False, relation__in=["", "copy"]
    )
    return sent.exclude(pk=mailing.pk).order_by("-frozen_at").first()


def jump(mailing: Mailing, total: int) -> list[Finding]:
    """How the audience compares with last time; more than half and more than 100 people off needs a person's word."""
    if mailing.relation in {Mailing.Relation.CORRECTION, Mailing.Relation.FOLLOW_UP}:
        return []
    last = last_of_list(mailing)
    if last is None or not last.audience:
        return []
    before = last.audience
    apart = abs(total - before)
    percent = round(100 * apart / before)
    values = {"people": total, "before": before, "percent": percent}
    if percent <= JUMP_SHARE or apart <= JUMP_PEOPLE:
        return [Finding(OK, "no_jump" if percent <= JUMP_SHARE else "small_jump", GROUP, values)]
    code = "jump_up" if total > before else "jump_down"
    # Whoever overrules a jump has not overruled one twice as large.
    size = round(math.log2((total or 1) / before))
    return [Finding(ERROR, code, GROUP, values, about=f"{last.pk}:{size}", may_override=True)]


def _not_ascii(mailing: Mailing) -> int:
    """Addresses that only a server with SMTPUTF8 (RFC 6531) takes; no provider's API of ours promises it."""
    return audience.recipients(mailing).filter(address__regex=r"^[^@]*[^\x01-\x7f]").count()
