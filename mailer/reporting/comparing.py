"""Mailings side by side, in shares, so that a large one can be held against a small one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from mailer.models import Delivery, Mailing
from mailer.reporting.counting import sent_of
from mailer.reporting.outcomes import first_outcome
from mailer.reporting.summary import figures

MOST = 10
_LATELY = 200  # mailings one can choose from


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one mailing: how many, the share it is judged by, and the width of its rod beside the others'."""

    count: int | None  # None: it was not counted in this mailing
    share: float | None
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of all the mailings, in their order."""

    label: Any
    cells: Sequence[Cell]


def sent(mailings: QuerySet[Mailing]) -> QuerySet[Mailing]:
    """Those of `mailings` that have an audience, the newest first."""
    return mailings.filter(frozen_at__isnull=False).order_by("-started_at", "-pk")


def choosable(mailings: QuerySet[Mailing]) -> list[Mailing]:
    return list(sent(mailings)[:_LATELY])


def lines(mailings: Sequence[Mailing], language: str) -> list[Line]:
    """The figures of these mailings side by side; a few queries, whatever their number."""
    counted, sent_to, came_back = figures(mailings), sent_of(mailings), _reported(mailings)
    letters = {mailing.pk: first_outcome(mailing, language) for mailing in mailings}

    def line(label: Any, cells: Sequence[Cell]) -> Line:
        most = max((cell.share or 0 for cell in cells), default=0)
        drawn = [
            Cell(one.count, one.share, round(100 * (one.share or 0) / most, 1) if most else 0.0)
            for one in cells
        ]
        return Line(label, drawn)

    def of(count: int | None, whole: int) -> Cell:
        return Cell(count, count / whole if count is not None and whole else None)

    keys = [mailing.pk for mailing in mailings]
    arrived = {pk: max(0, min(counted[pk]["delivered"], sent_to[pk]) - came_back[pk]["late"]) for pk in keys}
    clicked = {
        mailing.pk: counted[mailing.pk]["clicked"] if mailing.track_clicks else None for mailing in mailings
    }
    most_people = max((mailing.audience or 0 for mailing in mailings), default=0)
    found = [
        Line(
            _("audience"),
            [
                Cell(
                    one.audience or 0,
                    None,
                    round(100 * (one.audience or 0) / most_people, 1) if most_people else 0,
                )
                for one in mailings
            ],
        ),
        line(_("sent"), [of(sent_to[one.pk], one.audience or 0) for one in mailings]),
        line(_("delivered"), [of(arrived[pk], sent_to[pk]) for pk in keys]),
        line(_("bounced"), [of(came_back[pk]["bounced"], sent_to[pk]) for pk in keys]),
        line(_("reported as spam"), [of(came_back[pk]["complained"], arrived[pk]) for pk in keys]),
        line(_("unsubscribed"), [of(counted[pk]["unsubscribed"], arrived[pk]) for pk in keys]),
        line(_("people who clicked"), [of(clicked[pk], arrived[pk]) for pk in keys]),
    ]
    if any(letters.values()):
        words = next(one.words for one in letters.values() if one)
        found.append(
            line(words, [of(one.count if one else None, arrived[pk]) for pk, one in letters.items()])
        )
    return found


def arrived(mailings: Sequence[Mailing]) -> dict[int, tuple[float | None, float | None]]:
    """By mailing which share of those it was sent to it was delivered to, and which came back, by the figures alone.

    For a glance: who was delivered and came back later is counted in both.
    """
    counted, sent_to = figures(mailings), sent_of(mailings)
    found: dict[int, tuple[float | None, float | None]] = {}
    for mailing in mailings:
        pk, whole = mailing.pk, sent_to[mailing.pk]
        delivered, bounced = (min(counted[pk][fact], whole) for fact in ("delivered", "bounced"))
        found[pk] = (delivered / whole, bounced / whole) if whole else (None, None)
    return found


def _reported(mailings: Sequence[Mailing]) -> dict[int, dict[str, int]]:
    """By mailing who bounced, who complained, and who bounced although it had been delivered; from the partial index."""
    reported = Q(bounced_at__isnull=False) | Q(complained_at__isnull=False)
    rows = Delivery.objects.filter(reported, mailing__in=mailings, status=Delivery.Status.SENT).order_by()
    bounced = Q(bounced_at__isnull=False, complained_at=None)
    counted = rows.values_list("mailing").annotate(
        bounced=Count("pk", filter=bounced),
        complained=Count("pk", filter=Q(complained_at__isnull=False)),
        late=Count("pk", filter=bounced & Q(delivered_at__isnull=False)),
    )
    nothing = {"bounced": 0, "complained": 0, "late": 0}
    found = {mailing.pk: nothing for mailing in mailings}
    for mailing, back, complained, late in counted:
        found[mailing] = {"bounced": back, "complained": complained, "late": late}
    return found
