"""What segments can ask about our mail: whether it arrived, and what people did with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import models
from django.db.models import Count, F, OuterRef, Q, RowRange, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from contacts.segments.fields import WITHIN, moment
from contacts.segments.inputs import Number
from contacts.segments.rules import Condition, Field, Question, Related, Values
from mailer.models import Delivery

GROUP = _("Our mail")
MOST_MAILINGS = 50

_MAILINGS = Number(name="mailings", label=_("newsletters"), whole=True, least=1, most=MOST_MAILINGS)


def known() -> Iterator[Field]:
    """Newsletters only: letters go to representatives, and a confirmation says nothing of interest."""
    yield Field(
        "mail",
        _("Newsletters"),
        GROUP,
        [
            _happened("sent", "sent_at", _("was sent a newsletter"), _("was sent no newsletter")),
            _happened("delivered", "delivered_at", _("got a newsletter"), _("got no newsletter")),
            _happened("clicked", "clicked_at", _("clicked in a newsletter"), _("clicked in no newsletter")),
            _happened(
                "opened",
                "opened_at",
                _("opened a newsletter (unreliable)"),
                _("opened no newsletter (unreliable)"),
            ),
            _happened("bounced", "bounced_at", _("had a newsletter bounce"), _("had no newsletter bounce")),
            Question(
                "none_clicked",
                _("clicked in none of the last %(mailings)s newsletters they were sent"),
                _("clicked in one of the last %(mailings)s newsletters, or was sent fewer"),
                _none_of_last("clicked_at"),
                [_MAILINGS],
            ),
            Question(
                "none_opened",
                _("opened none of the last %(mailings)s newsletters they were sent (unreliable)"),
                _("opened one of the last %(mailings)s newsletters, or was sent fewer (unreliable)"),
                _none_of_last("opened_at"),
                [_MAILINGS],
            ),
        ],
        help=_(
            "Mail programs open pictures by themselves, or never: who “opened” is a guess. Clicks are counted when a "
            "person made them."
        ),
        of_any_list=True,
    )


def _happened(name: str, column: str, says: Any, says_not: Any) -> Question:
    def condition(values: Values) -> Condition:
        return Related(
            "mailer.delivery",
            _newsletters().filter(address_hash=OuterRef("address_hash")),
            by_a_person(column) & moment(values, column),
        )

    return Question(name, says, says_not, condition, [WITHIN])


def _none_of_last(column: str) -> Callable[[Values], Condition]:
    """Whoever was sent at least n newsletters and did nothing with the last n of them."""

    def condition(values: Values) -> Q:
        order = [F("sent_at").desc(), F("pk").desc()]
        touches = Count("pk", filter=by_a_person(column))
        so_far = RowRange(start=None, end=0)
        rows = (
            _newsletters()
            .filter(status=Delivery.Status.SENT)
            .annotate(
                nth=Window(RowNumber(), partition_by="address_hash", order_by=order),
                touched=Window(touches, partition_by="address_hash", order_by=order, frame=so_far),
            )
            .filter(nth=values["mailings"], touched=0)
        )
        return Q(address_hash__in=rows.values("address_hash"))

    return condition


def _newsletters() -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(kind=Delivery.Kind.MAILING)


def by_a_person(column: str) -> Q:
    """That it happened, and, for clicks, that a person did it: `links.verdicts` dates no delivery for a machine."""
    return Q((f"{column}__isnull", False))
