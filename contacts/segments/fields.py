"""What the address book itself knows of people, as the fields of segment rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Consent,
    Contact,
    Import,
    ImportChange,
    MailingList,
    Segment,
    Subscription,
    Suppression,
)
from contacts.searching import by_words
from contacts.segments import choices
from contacts.segments.inputs import MOST_DAYS, Choice, Day, Number, Row, Text, Words
from contacts.segments.rules import Condition, Field, Question, Related, Values

SEGMENT = "segment"

PERSON = _("The person")
LISTS = _("Lists and consent")
ORIGIN = _("Where they came from")

DAYS = Number(name="days", label=_("days"), whole=True, least=1, most=MOST_DAYS)
SINCE = Day(name="since", label=_("since"), says=_("since %(value)s"), required=False)
WITHIN = Number(
    name="days",
    label=_("in the last so many days"),
    says=_("in the last %(value)s days"),
    whole=True,
    least=1,
    most=MOST_DAYS,
    required=False,
)


def known() -> Iterator[Field]:
    """Every field of the address book but the attributes; see `contacts.segments.attributes`."""
    yield from _person()
    yield from _lists()
    yield from _origin()
    yield _segments()


# --- what more than one field asks


def start_of(day: str) -> dt.datetime:
    """The first moment of a day, in the time zone of the service."""
    return timezone.make_aware(dt.datetime.fromisoformat(day))


def days_ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def moment(values: Values, column: str) -> Q:
    """`column` not before the day "since" and within the last "days", as far as they are given."""
    found = Q()
    if values.get("since"):
        found &= Q((f"{column}__gte", start_of(values["since"])))
    if values.get("days"):
        found &= Q((f"{column}__gte", days_ago(values["days"])))
    return found


def _is_empty(column: str, says: Any, says_not: Any) -> Question:
    return Question("empty", says, says_not, lambda values: Q((column, "")))


def _among(column: str, says: Any, says_not: Any, options: Callable[[], choices.Options]) -> Question:
    one = Choice(options=options, many=True)
    return Question("is", says, says_not, lambda values: Q((f"{column}__in", values["value"])), [one])


# --- the person


def _person() -> Iterator[Field]:
    yield Field(
        "address",
        _("Address"),
        PERSON,
        [
            Question(
                "at",
                _("address at %(value)s"),
                _("address not at %(value)s"),
                _at,
                [Words(label=_("domains"))],
            ),
            Question(
                "under",
                _("address at %(value)s or below it"),
                _("address neither at %(value)s nor below it"),
                lambda values: _at(values) | _ends(values, "."),
                [Words(label=_("domains"))],
            ),
        ],
    )
    yield Field(
        "name",
        _("Name"),
        PERSON,
        [
            Question(
                "words",
                _("name or address with the words %(value)s"),
                _("name and address without the words %(value)s"),
                _has_words,
                [Text()],
            ),
            Question(
                "contains",
                _("name contains %(value)s"),
                _("name does not contain %(value)s"),
                lambda values: Q(name__icontains=values["value"]),
                [Text()],
            ),
            _is_empty("name", _("name is empty"), _("name is not empty")),
        ],
    )
    yield Field(
        "first_name",
        _("First name"),
        PERSON,
        [
            Question(
                "is",
                _("first name is %(value)s"),
                _("first name is not %(value)s"),
                lambda values: Q(first_name__iexact=values["value"]),
                [Text()],
            ),
            _is_empty("first_name", _("first name is empty"), _("first name is not empty")),
        ],
    )
    yield Field(
        "last_name",
        _("Last name"),
        PERSON,
        [
            Question(
                "is",
                _("last name is %(value)s"),
                _("last name is not %(value)s"),
                lambda values: Q(last_name__iexact=values["value"]),
                [Text()],
            ),
            _is_empty("last_name", _("last name is empty"), _("last name is not empty")),
        ],
    )
    yield Field(
        "country",
        _("Country"),
        PERSON,
        [
            _among("country", _("in %(value)s"), _("not in %(value)s"), choices.countries),
            _is_empty("country", _("country not known"), _("country known")),
        ],
    )
    yield Field(
        "language",
        _("Language"),
        PERSON,
        [
            Question(
                "is",
                _("language is %(value)s"),
                _("language is not %(value)s"),
                _speaks,
                [Choice(options=choices.languages, many=True)],
            ),
            _is_empty("language", _("language not known"), _("language known")),
        ],
    )
    yield Field(
        "time_zone",
        _("Time zone"),
        PERSON,
        [
            _among(
                "time_zone",
                _("time zone is %(value)s"),
                _("time zone is not %(value)s"),
                choices.time_zones,
            ),
            _is_empty("time_zone", _("time zone not known"), _("time zone known")),
        ],
    )


def _at(values: Values) -> Q:
    return _ends(values, "@")


def _ends(values: Values, sign: str) -> Q:
    found = Q()
    for domain in values["value"]:
        found |= Q(address_key__endswith=sign + _domain(domain))
    return found


def _domain(typed: str) -> str:
    """A domain as the keys of addresses hold it; what is none matches nobody."""
    bare = typed.strip().lstrip("@").rstrip(".").casefold()
    try:
        return bare.encode("idna").decode()
    except UnicodeError:
        return bare


def _has_words(values: Values) -> Q:
    return Q(pk__in=by_words(Contact.objects.all(), values["value"]).values("pk"))


def _speaks(values: Values) -> Q:
    """The language itself or a form of it: fr is also fr-CA."""
    found = Q(language__in=values["value"])
    for code in values["value"]:
        found |= Q(language__startswith=f"{code}-")
    return found


# --- lists and consent


def _lists() -> Iterator[Field]:
    mailing_list = Row(name="list", label=_("list"), rows=lambda: MailingList.objects.order_by("name"))
    status = Subscription.Status

    def standing(name: str, wanted: str, says: Any, says_not: Any) -> Question:
        return Question(name, says, says_not, _standing(wanted), [mailing_list, SINCE, WITHIN])

    yield Field(
        "list",
        _("List"),
        LISTS,
        [
            standing("on", status.CONFIRMED, _("on %(list)s"), _("not on %(list)s")),
            standing(
                "pending",
                status.PENDING,
                _("not yet confirmed on %(list)s"),
                _("not waiting for a confirmation on %(list)s"),
            ),
            standing(
                "left",
                status.UNSUBSCRIBED,
                _("left %(list)s or may not be mailed on it"),
                _("has not left %(list)s"),
            ),
        ],
    )
    purpose = Choice(name="purpose", label=_("purpose"), options=choices.purposes)
    for_list = Row(
        name="list",
        label=_("for the list"),
        says=_("for %(value)s"),
        rows=lambda: MailingList.objects.order_by("name"),
        required=False,
    )
    yield Field(
        "consent",
        _("Consent"),
        LISTS,
        [
            Question(
                "given",
                _("has agreed: %(purpose)s"),
                _("has not agreed: %(purpose)s"),
                _consent(granted=True),
                [purpose, for_list, SINCE, WITHIN],
            ),
            Question(
                "withdrawn",
                _("has taken back: %(purpose)s"),
                _("has not taken back: %(purpose)s"),
                _consent(granted=False),
                [purpose, for_list, SINCE, WITHIN],
            ),
        ],
    )
    yield Field(
        "paused",
        _("Pause"),
        LISTS,
        [
            Question(
                "now",
                _("wants no newsletter for now"),
                _("has not paused the newsletter"),
                lambda values: Q(paused_until__gt=timezone.localdate()),
            )
        ],
    )
    reason = Choice(
        name="reason",
        label=_("because of"),
        says=_("because: %(value)s"),
        options=choices.suppression_reasons,
        many=True,
        required=False,
    )
    yield Field(
        "suppressed",
        _("Suppression"),
        LISTS,
        [
            Question(
                "mailings",
                _("may get no newsletter at all"),
                _("no suppression forbids newsletters"),
                _suppressed,
                [reason],
            )
        ],
    )


def _standing(status: str) -> Callable[[Values], Condition]:
    def condition(values: Values) -> Related:
        return Related(
            "contacts.subscription",
            Subscription.objects.filter(contact=OuterRef("pk")),
            Q(mailing_list=values["list"], status=status) & moment(values, "changed_at"),
        )

    return condition


# A yes from a file that knows no day: any word whose day is known comes after it.
_LONG_AGO = Value(dt.datetime(1900, 1, 1, tzinfo=dt.UTC))


def _consent(*, granted: bool) -> Callable[[Values], Condition]:
    """Whose last word on a purpose is a yes, or a no, for one list or for any: each list has its own last word."""

    def condition(values: Values) -> Related:
        asked = Q(purpose=values["purpose"])
        if values.get("list"):
            asked &= Q(mailing_list=values["list"])
        day = Coalesce(OuterRef("given_at"), _LONG_AGO)
        later = (
            Consent.objects.alias(of=Coalesce("mailing_list", 0))
            .filter(address_hash=OuterRef("address_hash"), purpose=values["purpose"])
            .filter(of=Coalesce(OuterRef("mailing_list"), 0))
            .alias(day=Coalesce("given_at", _LONG_AGO))
            .filter(Q(day__gt=day) | Q(day=day, pk__gt=OuterRef("pk")))
        )
        return Related(
            "contacts.consent",
            Consent.objects.filter(address_hash=OuterRef("address_hash")),
            Q(asked, moment(values, "given_at"), ~Exists(later), granted=granted),
        )

    return condition


def _suppressed(values: Values) -> Related:
    where = Q(scope__in=[Suppression.Scope.ALL, Suppression.Scope.MAILINGS])
    if values.get("reason"):
        where &= Q(reason__in=values["reason"])
    return Related(
        "contacts.suppression",
        Suppression.objects.filter(address_hash=OuterRef("address_hash")),
        where & (Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now())),
    )


# --- where they came from


def _origin() -> Iterator[Field]:
    yield Field(
        "source",
        _("Source"),
        ORIGIN,
        [
            Question(
                "is",
                _("came from %(value)s"),
                _("did not come from %(value)s"),
                lambda values: Q(source__iexact=values["value"]),
                [Text()],
            ),
            Question(
                "contains",
                _("source contains %(value)s"),
                _("source does not contain %(value)s"),
                lambda values: Q(source__icontains=values["value"]),
                [Text()],
            ),
        ],
    )
    from_import = Row(
        label=_("import"),
        rows=lambda: Import.objects.order_by("-pk"),
        name_of=lambda row: f"{row.file_name} (#{row.pk})",
    )
    yield Field(
        "import",
        _("Import"),
        ORIGIN,
        [
            Question(
                "came_with",
                _("came with the import %(value)s"),
                _("did not come with the import %(value)s"),
                lambda values: Q(from_import=values["value"]),
                [from_import],
            ),
            Question(
                "changed_by",
                _("changed by the import %(value)s"),
                _("not changed by the import %(value)s"),
                _changed_by,
                [from_import],
            ),
        ],
    )
    yield Field(
        "created",
        _("In the address book"),
        ORIGIN,
        _dates(
            "created_at",
            (_("in the address book since %(value)s or later"), _("in the address book before %(value)s")),
            (_("new in the last %(days)s days"), _("not new in the last %(days)s days")),
        ),
    )
    yield Field(
        "changed",
        _("Last change"),
        ORIGIN,
        _dates(
            "updated_at",
            (_("changed on %(value)s or later"), _("not changed since %(value)s")),
            (_("changed in the last %(days)s days"), _("not changed in the last %(days)s days")),
        ),
    )


def _dates(column: str, since: tuple[Any, Any], last: tuple[Any, Any]) -> list[Question]:
    return [
        Question("since", *since, lambda values: Q((f"{column}__gte", start_of(values["value"]))), [Day()]),
        Question("last", *last, lambda values: Q((f"{column}__gte", days_ago(values["days"]))), [DAYS]),
    ]


def _changed_by(values: Values) -> Related:
    return Related(
        "contacts.import_change",
        ImportChange.objects.filter(contact=OuterRef("pk")),
        Q(from_import=values["value"]),
    )


def _segments() -> Field:
    """Compiled by `compiling` itself, which follows the other segment's rules."""
    one = Row(rows=lambda: Segment.objects.order_by("name"))
    return Field(
        SEGMENT,
        _("Another segment"),
        PERSON,
        [
            Question(
                "in",
                _("in the segment %(value)s"),
                _("not in the segment %(value)s"),
                lambda values: Q(),
                [one],
            )
        ],
    )
