"""The fields an organisation adds to its contacts, as fields of segment rules: by their kind, typed.

Every condition is two-valued: a missing value, or one of another type, fails it and passes its "not".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, DecimalField, Func, Q, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, Collate, Upper
from django.db.models.lookups import Contains, Exact, GreaterThan, GreaterThanOrEqual, In, LessThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Attribute
from contacts.segments.fields import DAYS
from contacts.segments.inputs import Day, Number, Text, Words
from contacts.segments.rules import Field, Question, Values

GROUP = _("Attributes")
_LAST_DAY = "9999-12-31"


def known() -> Iterator[Field]:
    """A field for each attribute, named attribute:<key>."""
    for attribute in Attribute.objects.order_by("name"):
        questions = [*_QUESTIONS[attribute.kind](attribute.key), _empty(attribute.key)]
        yield Field(f"attribute:{attribute.key}", attribute.name, GROUP, questions)


def _text(key: str) -> Any:
    return Coalesce(KeyTextTransform(key, "attributes"), Value(""), output_field=TextField())


def _empty(key: str) -> Question:
    # The sentence begins with the attribute's name, see `wording`.
    return Question("empty", _("is empty"), _("is not empty"), lambda values: Q(In(_text(key), ["", "[]"])))


def _text_questions(key: str) -> Iterator[Question]:
    upper = Upper(_text(key))
    yield Question(
        "is",
        _("is %(value)s"),
        _("is not %(value)s"),
        lambda values: Q(Exact(upper, Upper(Value(values["value"])))),
        [Text()],
    )
    yield Question(
        "contains",
        _("contains %(value)s"),
        _("does not contain %(value)s"),
        lambda values: Q(Contains(upper, Upper(Value(values["value"])))),
        [Text()],
    )


def _number_questions(key: str) -> Iterator[Question]:
    def compared(lookup: Any) -> Callable[[Values], Q]:
        number = Func(
            KeyTransform(key, "attributes"),
            template="(%(expressions)s)::numeric",
            output_field=DecimalField(),
        )
        is_number = Exact(
            Func(KeyTransform(key, "attributes"), function="jsonb_typeof", output_field=TextField()),
            Value("number"),
        )

        def condition(values: Values) -> Q:
            wanted = Value(Decimal(str(values["value"])))
            return Q(
                Case(
                    When(is_number, then=lookup(number, wanted)),
                    default=Value(value=False),
                    output_field=BooleanField(),
                )
            )

        return condition

    yield Question("is", _("is %(value)s"), _("is not %(value)s"), compared(Exact), [Number()])
    yield Question("over", _("over %(value)s"), _("not over %(value)s"), compared(GreaterThan), [Number()])
    yield Question("under", _("under %(value)s"), _("not under %(value)s"), compared(LessThan), [Number()])


def _date_questions(key: str) -> Iterator[Question]:
    """Dates are kept as YYYY-MM-DD, which sort as they stand."""

    def between(first: str, last: str) -> Q:
        day = Collate(_text(key), "C")
        return Q(GreaterThanOrEqual(day, Value(first))) & Q(LessThan(day, Value(last)))

    def days_from_now(days: int) -> str:
        today = timezone.localdate()
        latest = dt.date.max.toordinal() - 1
        return dt.date.fromordinal(min(max(today.toordinal() + days, 1), latest)).isoformat()

    yield Question(
        "before",
        _("before %(value)s"),
        _("not before %(value)s"),
        lambda values: between("0001-01-01", values["value"]),
        [Day()],
    )
    yield Question(
        "since",
        _("on %(value)s or later"),
        _("not on %(value)s or later"),
        lambda values: between(values["value"], _LAST_DAY),
        [Day()],
    )
    yield Question(
        "last",
        _("in the last %(days)s days"),
        _("not in the last %(days)s days"),
        lambda values: between(days_from_now(1 - values["days"]), days_from_now(1)),
        [DAYS],
    )
    yield Question(
        "next",
        _("in the next %(days)s days"),
        _("not in the next %(days)s days"),
        lambda values: between(days_from_now(0), days_from_now(values["days"])),
        [DAYS],
    )


def _yes_no_questions(key: str) -> Iterator[Question]:
    yield Question("yes", _("is yes"), _("is not yes"), lambda values: Q(attributes__contains={key: True}))
    yield Question("no", _("is no"), _("is not no"), lambda values: Q(attributes__contains={key: False}))


def _tags_questions(key: str) -> Iterator[Question]:
    def has_any(values: Values) -> Q:
        found = Q()
        for tag in values["value"]:
            found |= Q(attributes__contains={key: [tag]})
        return found

    yield Question("any", _("has %(value)s"), _("has none of %(value)s"), has_any, [Words()])
    yield Question(
        "all",
        _("has all of %(value)s"),
        _("has not all of %(value)s"),
        lambda values: Q(attributes__contains={key: values["value"]}),
        [Words()],
    )


_QUESTIONS: dict[str, Callable[[str], Iterator[Question]]] = {
    Attribute.Kind.TEXT: _text_questions,
    Attribute.Kind.NUMBER: _number_questions,
    Attribute.Kind.DATE: _date_questions,
    Attribute.Kind.YES_NO: _yes_no_questions,
    Attribute.Kind.TAGS: _tags_questions,
}
