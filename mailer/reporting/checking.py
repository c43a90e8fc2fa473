"""What must be true of every report: its bar adds up to the audience, and its figures are those of the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Case, Count, QuerySet, Value, When

from mailer.models import Delivery, Mailing
from mailer.reporting.counting import counts
from mailer.reporting.states import State, condition

NAME = "I1 the bar of a mailing has each person of its audience in exactly one state"


def wrong_bars() -> list[int]:
    """The mailings whose report does not add up to the frozen audience, or differs from their deliveries.

    Those in flight move between two looks, so of them only the sum is compared. Of the others whoever differs is looked
    at a second time: a report may have come between the two counts.
    """
    frozen = Mailing.objects.filter(frozen_at__isnull=False)
    suspects = _differing(
        list(frozen.order_by("pk")), _by_state(Delivery.objects.filter(mailing__isnull=False))
    )
    rows = _by_state(Delivery.objects.filter(mailing__in=suspects))
    return [mailing.pk for mailing in _differing(suspects, rows)]


def _differing(mailings: Sequence[Mailing], rows: Mapping[int, Mapping[str, int]]) -> list[Mailing]:
    found = []
    for mailing in mailings:
        bar = counts(mailing)
        is_wrong = bar.total != (mailing.audience or 0)
        if mailing.status in {Mailing.Status.SENT, Mailing.Status.CANCELLED} and mailing.finished_at:
            is_wrong |= any(bar[state] != rows.get(mailing.pk, {}).get(state, 0) for state in State)
        if is_wrong:
            found.append(mailing)
    return found


def _by_state(deliveries: QuerySet[Delivery]) -> Mapping[int, Mapping[str, int]]:
    """Each state's people by mailing, counted row by row: one scan of the ledger."""
    state = Case(*(When(condition(state, []), then=Value(state.value)) for state in State))
    rows = deliveries.order_by()
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for mailing, name, count in (
        rows.annotate(state=state).values_list("mailing", "state").annotate(Count("pk"))
    ):
        found[mailing][name] = count
    return found
