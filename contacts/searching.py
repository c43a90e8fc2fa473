"""Finding people among a million: words, filters, and pages by key.

Every name of a column stands in this file; what a reader types only ever becomes a bound parameter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db import OperationalError, models
from django.db.models import Exists, OuterRef, Q

from contacts import addresses
from contacts.models import Attribute, Contact, Subscription, Suppression
from contacts.models.people import SEARCH_WORDS, WORD_SIGNS
from contacts.segments.counting import planned, was_cancelled

FEW = 2_000  # people whom words may find for their numbers to be looked up first
_LOOK_MS = 200
COUNT_UP_TO = 1_000  # counted exactly up to here; beyond it the planner is asked
PER_PAGE = 50

_MOST_WORDS = 8
_LONGEST_WORD = 60
_TO_BLANKS = str.maketrans(WORD_SIGNS + "\0\\", " " * (len(WORD_SIGNS) + 2))

# The orders a list may be asked for: the column and whether it falls. Each has an index, so that a page of it costs
# the same at the beginning and in the middle of a million.
SORTS: dict[str, tuple[str, bool]] = {
    "newest": ("pk", True),
    "oldest": ("pk", False),
    "address": ("address_key", False),
    "address_down": ("address_key", True),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What staff look for. Everything left empty narrows nothing; all that is given must hold.

    words: a whole address, or words of a name or of an address, each by its beginning.
    standing: a word of `Subscription.Status` on `mailing_list`, without one on any list; or "suppressed" for whom we may
    not write to at all.
    attribute, value: the key of an attribute and the value it must hold; an empty value: any.
    """

    words: str = ""
    mailing_list: int | None = None
    standing: str = ""
    country: str = ""
    language: str = ""
    from_import: int | None = None
    attribute: str = ""
    value: str = ""
    sort: str = "newest"

    def among(self, rows: models.QuerySet[Contact]) -> models.QuerySet[Contact]:
        """The people of `rows` who match, in no order."""
        rows = by_words_for_a_page(rows, self.words)
        if self.mailing_list is not None or self.standing in Subscription.Status.values:
            rows = rows.filter(Exists(self._subscriptions()))
        if self.standing == "suppressed":
            rows = rows.filter(Exists(_suppressions()))
        for column in ("country", "language"):
            if wanted := getattr(self, column):
                rows = rows.filter(**{column: wanted})
        if self.from_import is not None:
            rows = rows.filter(from_import=self.from_import)
        return self._by_attribute(rows)

    def is_narrowed(self) -> bool:
        """Whether anything narrows it at all."""
        return replace(self, sort="newest") != Search()

    def _subscriptions(self) -> models.QuerySet[Subscription]:
        rows = Subscription.objects.filter(contact=OuterRef("pk"))
        if self.mailing_list is not None:
            rows = rows.filter(mailing_list=self.mailing_list)
        return rows.filter(status=self.standing) if self.standing in Subscription.Status.values else rows

    def _by_attribute(self, rows: models.QuerySet[Contact]) -> models.QuerySet[Contact]:
        if not self.attribute:
            return rows
        if not self.value:
            return rows.filter(attributes__has_key=self.attribute)
        attribute = Attribute.objects.filter(key=self.attribute).first()
        kind = attribute.kind if attribute else Attribute.Kind.TEXT
        matches = Q()
        for value in _as_stored(self.value, kind):
            matches |= Q(attributes__contains={self.attribute: value})
        return rows.filter(matches)


def by_words_for_a_page(rows: models.QuerySet[Contact], text: str) -> models.QuerySet[Contact]:
    """As `by_words`, to be shown at once and a page at a time: whom a rare word finds are looked up first.

    PostgreSQL cannot know how rare the beginning of a word is and takes it for common. It would then read a million
    people in the order of the list for a page of nobody, which takes seconds; by the index of words it takes
    milliseconds. Of a common word each page is full at once, so it stays as it is.
    """
    found = by_words(rows, text)
    if not text.strip():
        return found
    few = _few(by_words(Contact.objects.all(), text))
    return found if few is None else rows.filter(pk__in=few)


def _few(people: models.QuerySet[Contact]) -> list[int] | None:
    """The ids of all of `people`; None where they are more than `FEW`, or so common that the index takes long."""
    try:
        with planned(_LOOK_MS, enable_seqscan="off", enable_indexscan="off"):
            ids = list(people.order_by().values_list("pk", flat=True)[: FEW + 1])
    except OperationalError as error:
        if not was_cancelled(error):
            raise
        return None
    return ids if len(ids) <= FEW else None


def by_words(rows: models.QuerySet[Contact], text: str) -> models.QuerySet[Contact]:
    """The people of `rows` whom `text` finds; all of them for an empty text.

    A whole address is one look-up by its key. Otherwise each word must begin a word of the name or a part of the
    address, in any script: "eli kisumu.ex" finds Elif at elif@kisumu.example.org. Signs alone find nobody.
    """
    text = text.strip()
    if not text:
        return rows
    try:
        return rows.filter(address_key=addresses.parse(text).key)
    except ValidationError:
        pass
    words = text.translate(_TO_BLANKS).split()[:_MOST_WORDS]
    if not words:
        return rows.none()
    asked = SearchQuery(
        " & ".join(f"'{word[:_LONGEST_WORD]}':*" for word in words), search_type="raw", config="simple"
    )
    return rows.alias(words=SEARCH_WORDS).filter(words=asked)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of people. `back` and `on` are the places (see `page`) of its neighbours, None where there is none."""

    rows: Sequence[Contact]
    back: str | None
    on: str | None


def page(rows: models.QuerySet[Contact], sort: str, place: str = "", *, size: int = PER_PAGE) -> Page:
    """The page of `rows` in the order `sort` (a key of `SORTS`) at `place`: "" for the first one.

    A place is "after" or "before" with the number of a contact, such as "after-120": it holds no address, since
    it stands in the browser's history. The page after a person who is gone, or a place nobody can read, is the first.
    """
    column, falls = SORTS[sort]
    way, _dash, number = place.partition("-")
    start = _value_at(column, number) if way in {"after", "before"} else None
    backwards = way == "before" and start is not None
    if start is not None:
        rows = rows.filter(**{f"{column}__{'lt' if falls != backwards else 'gt'}": start})
    found = list(rows.order_by(f"-{column}" if falls != backwards else column)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([], None, None)
    has_back, has_on = (more, True) if backwards else (start is not None, more)
    return Page(
        found,
        back=f"before-{found[0].pk}" if has_back else None,
        on=f"after-{found[-1].pk}" if has_on else None,
    )


def _value_at(column: str, number: str) -> Any:
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    if column == "pk":
        return int(number)
    return Contact.objects.filter(pk=int(number)).values_list(column, flat=True).first()


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are. `is_exact`: counted to the last. Else there are more than were counted: `number` is the
    planner's estimate, or None where it makes none that can be true."""

    number: int | None
    is_exact: bool


def total(rows: models.QuerySet[Contact], *, first: Page | None = None, up_to: int = COUNT_UP_TO) -> Total:
    """How many `rows` holds, counted to `up_to` and no further: a million is never counted for a page.

    first: the first page of them, which is an answer of its own where it is the only one.
    """
    if first is not None and first.back is None and first.on is None:
        return Total(len(first.rows), is_exact=True)
    few = rows.order_by().values("pk")[: up_to + 1]
    number = few.count()
    if number <= up_to:
        return Total(number, is_exact=True)
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    estimate = round(int(plan[0]["Plan"]["Plan Rows"]), -3)
    return Total(estimate if estimate > up_to else None, is_exact=False)


def _as_stored(text: str, kind: str) -> list[Any]:
    """What `text` may stand for in `Contact.attributes`: a JSON value holds its kind."""
    match kind:
        case Attribute.Kind.NUMBER:
            try:
                number = float(text) if not text.strip("-").isdecimal() else int(text)
            except ValueError:
                return [text]
            return [number if math.isfinite(number) else text]  # JSON knows no "nan" and no "inf"
        case Attribute.Kind.YES_NO:
            return [text.casefold() in {"true", "yes", "1"}]
        case Attribute.Kind.TAGS:
            return [[text]]
    return [text]


def _suppressions() -> models.QuerySet[Suppression]:
    """Those that forbid newsletters to the person of the outer query, now."""
    return Suppression.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=models.functions.Now()),
        address_hash=OuterRef("address_hash"),
        scope__in=[Suppression.Scope.ALL, Suppression.Scope.MAILINGS],
    )
