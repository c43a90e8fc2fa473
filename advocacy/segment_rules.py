"""What segments can ask about campaigns: who wrote, whose letters arrived, who stands behind one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import OuterRef, Q
from django.utils.translation import gettext_lazy as _

from advocacy.models import Campaign, Letter, Submission
from contacts.segments.fields import SINCE, WITHIN, moment
from contacts.segments.inputs import Row
from contacts.segments.rules import Condition, Field, Question, Related, Values

GROUP = _("Campaigns")

_CAMPAIGN = Row(
    name="campaign",
    label=_("campaign"),
    says=_("in the campaign %(value)s"),
    rows=lambda: Campaign.objects.order_by("name"),
    required=False,
)


def known() -> Iterator[Field]:
    """Without a campaign each asks about any. Letters written in test mode never count."""
    inputs = [_CAMPAIGN, SINCE, WITHIN]
    yield Field(
        "letter",
        _("Letters"),
        GROUP,
        [
            Question("wrote", _("wrote a letter"), _("wrote no letter"), _wrote, inputs),
            Question(
                "delivered",
                _("wrote a letter that was delivered"),
                _("wrote no letter that was delivered"),
                _delivered,
                inputs,
            ),
        ],
    )
    yield Field(
        "supporter",
        _("Support"),
        GROUP,
        [
            Question(
                "of",
                _("confirmed the mailbox to take part"),
                _("never confirmed the mailbox to take part"),
                _supports,
                inputs,
            )
        ],
    )


def _wrote(values: Values) -> Condition:
    """Confirmed by the supporter and meant to reach somebody: a withdrawn or refused letter is none."""
    return _letters(values, Q(status__in=Letter.LIVE) & moment(values, "confirmed_at"))


def _delivered(values: Values) -> Condition:
    return _letters(
        values, Q(delivery__delivered_at__isnull=False) & moment(values, "delivery__delivered_at")
    )


def _letters(values: Values, where: Q) -> Related:
    rows = Letter.objects.filter(supporter__address_hash=OuterRef("address_hash"), is_test=False)
    return Related("advocacy.letter", rows, where & _of_campaign(values))


def _supports(values: Values) -> Condition:
    return Related(
        "advocacy.submission",
        Submission.objects.filter(supporter__address_hash=OuterRef("address_hash")),
        Q(confirmed_at__isnull=False) & moment(values, "confirmed_at") & _of_campaign(values),
    )


def _of_campaign(values: Values) -> Any:
    return Q(campaign=values["campaign"]) if values.get("campaign") else Q()
