"""A person's word on those of a mailing whose fate no machine knows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import User
from mailer import sending
from mailer.models import Delivery, Mailing

MOST = 500  # settled in one go: a page waits for it


@dataclass(frozen=True, slots=True)
class Settled:
    """Those that were settled by this call, and those ticked that had been settled by a report or somebody else."""

    done: list[Delivery]
    gone: int


def settle(mailing: Mailing, chosen: Collection[int] | None, *, sent: bool, by: User, why: str) -> Settled:
    """Say of the chosen deliveries, or of all unknown ones (None), that they arrived, or have them sent again.

    At most `MOST` a call. Safe to repeat: what was settled meanwhile is left alone.
    """
    ids = unknown(mailing, chosen)[:MOST]
    rows = Delivery.objects.filter(pk__in=ids).order_by("pk")
    done = [row for row in rows if sending.settle_unknown(row, sent=sent, actor=by, why=why)]
    wanted = len(ids) if chosen is None else len(chosen)
    return Settled(done, wanted - len(done))


def unknown(mailing: Mailing, chosen: Collection[int] | None = None) -> list[int]:
    """The ids of the unknown deliveries of a mailing, or of those of them that are chosen, in order; at most `MOST`."""
    rows = Delivery.objects.filter(mailing=mailing, trouble=Delivery.Status.UNKNOWN).order_by("pk")
    if chosen is not None:
        rows = rows.filter(pk__in=list(chosen)[:MOST])
    return list(rows.values_list("pk", flat=True)[:MOST])
