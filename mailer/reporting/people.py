"""The people of a mailing's audience: found, filtered, and shown a page at a time, each in their state with the reason.

A page costs the same anywhere in a million. Few people of many are found by an index that holds just them. For the rest
the audience is walked chunk by chunk, only through chunks whose counters say that they can hold such people, and for so
many people at most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db.models import Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may, visible
from contacts import addresses, searching
from contacts.models import Contact
from mailer import bounces, reasons
from mailer.models import Delivery, Hit, Mailing, MailingChunk
from mailer.reporting import states
from mailer.reporting.clicks import BY_A_PERSON, JUDGED
from mailer.reporting.states import State, Window

PER_PAGE = 50
MOST_LOOKED_AT = 100_000  # people looked through for one page
MOST_NAMED = 1_000  # people of the address book whom words of a name may find

ANY_LINK = 0
_A_STEP = 5_000  # people that one query of a walk looks through
_FOLLOWERS = 1_000  # of a link, read at a time
_TROUBLES = (State.UNKNOWN, State.FAILED)  # `Delivery.trouble`
# What the list shows and the file holds, without the text of the mail that each row points to.
_FIELDS = (
    "status", "reason", "address", "contact_id", "message_id", "created_at", "sent_at", "delivered_at", "deferred_at",
    "asked_at", "bounced_at", "bounce_class", "bounce_code", "complained_at", "opened_at", "clicked_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """Whom of an audience one looks for. Everything left empty narrows nothing; all that is given must hold.

    words: a whole address, or words of a name. state: a word of `State`, or "sent". link: the number of a `Link` a
    person followed, `ANY_LINK` for any. language: that of the message they get.
    """

    words: str = ""
    state: str = ""
    bounce_class: str = ""
    domain: str = ""
    link: int | None = None
    language: str = ""

    def is_narrowed(self) -> bool:
        return self != Search()

    def is_of_few(self) -> bool:
        """Whether only such people can be found as an index holds and no others."""
        return self.state in {State.BOUNCED, State.COMPLAINED, *_TROUBLES} or bool(self.bounce_class)


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the audience. `contact` is theirs in the address book, None if gone or not the reader's to see."""

    delivery: Delivery
    state: State
    why: str
    when: dt.datetime | None
    language: str
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of people; `back` and `on` are the places (see `page`) of its neighbours.

    is_cut: whether the walk ended before the page was full; `on` then goes on from there.
    """

    rows: Sequence[Row]
    back: str | None
    on: str | None
    is_cut: bool = False


def page(mailing: Mailing, search: Search, place: str = "", *, reader: User, size: int = PER_PAGE) -> Page:
    """Those whom `search` finds, in the order of the ledger, at `place`: "" for the first page.

    A place is "after" or "before" with the number of a delivery. One nobody can read is the first page.
    """
    way, _dash, number = place.partition("-")
    is_number = number.isascii() and number.isdecimal() and len(number) < 19
    start = int(number) if is_number and way in {"after", "before"} else None
    backwards = way == "before" and start is not None
    asked = states.windows(mailing)
    found, reached = _found(mailing, search, asked, start, size + 1, backwards=backwards, reader=reader)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    first, last = (found[0].pk, found[-1].pk) if found else (None, None)
    back, on = None, (last if more else reached)
    if start is not None and backwards:
        back, on = (first if more else reached), last or start - 1
    elif start is not None:
        back = first or start + 1
    return Page(
        list(_rows(mailing, found, asked, reader)),
        back=None if back is None else f"before-{back}",
        on=None if on is None else f"after-{on}",
        is_cut=reached is not None and not more,
    )


def everyone(mailing: Mailing, search: Search, *, reader: User) -> Iterator[Row]:
    """All whom `search` finds, each once, in the order of the ledger. Memory does not grow with them."""
    asked = states.windows(mailing)
    last: int | None = None
    while True:
        found, reached = _found(mailing, search, asked, last, _A_STEP, reader=reader)
        yield from _rows(mailing, found, asked, reader)
        if len(found) < _A_STEP and reached is None:
            return
        last = found[-1].pk if len(found) == _A_STEP else reached


def matching(mailing: Mailing, search: Search, *, reader: User) -> QuerySet[Delivery]:
    """The deliveries of all whom `search` finds, in no order: to be counted, not for a page."""
    rows = Delivery.objects.filter(_condition(mailing, search, states.windows(mailing)), mailing=mailing)
    if search.words.strip():
        rows = rows.filter(pk__in=_named(mailing, search.words, reader))
    if search.link:
        rows = rows.filter(pk__in=_hits(mailing, search.link, BY_A_PERSON).values("delivery"))
    return rows


# --- finding ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of the audience that one query looks through: how many people, and the id at its far end."""

    among: Q
    people: int = 0
    end: int = 0


def _found(
    mailing: Mailing,
    search: Search,
    asked: Sequence[Window],
    start: int | None,
    most: int,
    *,
    backwards: bool = False,
    reader: User,
) -> tuple[list[Delivery], int | None]:
    """At most so many deliveries beyond the id `start`, and the id reached where the walk was broken off."""
    where = _condition(mailing, search, asked)
    rows = Delivery.objects.filter(where, mailing=mailing).only(*_FIELDS)
    rows = rows.order_by("-pk" if backwards else "pk")
    found: list[Delivery] = []
    looked_at, reached = 0, None
    for step in _steps(mailing, search, start, backwards=backwards, reader=reader):
        if looked_at >= MOST_LOOKED_AT:
            return found, reached
        found += rows.filter(step.among)[: most - len(found)]
        if len(found) == most:
            break
        looked_at, reached = looked_at + step.people, step.end
    return found, None


def _steps(
    mailing: Mailing, search: Search, start: int | None, *, backwards: bool, reader: User
) -> Iterator[_Step]:
    """The parts that hold all whom `search` can find beyond `start`, in order.

    The planner is left no choice between the index of few and the order of the page: among millions it guesses wrong.
    """
    beyond = Q() if start is None else Q(pk__lt=start) if backwards else Q(pk__gt=start)
    if search.words.strip():
        yield _Step(Q(pk__in=_named(mailing, search.words, reader)) & beyond)
    elif search.is_of_few() or search.link == ANY_LINK:
        yield _Step(beyond & _of_its_ids(mailing))
    elif search.link is not None:
        yield from _steps_of_link(mailing, search.link, start, backwards=backwards)
    else:
        yield from _steps_of_chunks(mailing, search, start, backwards=backwards)


def _of_its_ids(mailing: Mailing) -> Q:
    """The ids of the ledger among which a mailing's stand: what the index of the few troubles of all needs."""
    ends = mailing.chunks.aggregate(first=Min("first_id"), last=Max("last_id"))
    return Q(pk__range=(ends["first"] or 0, ends["last"] or 0))


def _steps_of_link(mailing: Mailing, link: int, start: int | None, *, backwards: bool) -> Iterator[_Step]:
    """Whoever followed one link, read from its index so many at a time."""
    while True:
        nearest: set[int] = set()
        for verdict in BY_A_PERSON:
            hits = _hits(mailing, link, [verdict])
            if start is not None:
                hits = hits.filter(delivery__lt=start) if backwards else hits.filter(delivery__gt=start)
            ordered = hits.order_by("-delivery" if backwards else "delivery")
            nearest.update(ordered.values_list("delivery", flat=True)[:_FOLLOWERS])
        ids = sorted(nearest, reverse=backwards)[:_FOLLOWERS]
        if not ids:
            return
        yield _Step(Q(pk__in=ids), len(ids), ids[-1])
        start = ids[-1]


def _hits(mailing: Mailing, link: int, verdicts: Collection[str]) -> QuerySet[Hit]:
    links = list(mailing.links.filter(number=link).values_list("pk", flat=True))
    return Hit.objects.filter(JUDGED, link__in=links, verdict__in=verdicts)


def _steps_of_chunks(
    mailing: Mailing, search: Search, start: int | None, *, backwards: bool
) -> Iterator[_Step]:
    """The chunks whose counters tell of such people, some at a time."""
    chunks: QuerySet[MailingChunk] = states.chunks_with(mailing, search.state)
    if search.language:
        chunks = chunks.filter(mailing_message__language=search.language)
    if start is not None:
        chunks = chunks.filter(first_id__lt=start) if backwards else chunks.filter(last_id__gt=start)
    ordered = chunks.order_by("-number" if backwards else "number")
    ranges: list[tuple[int, int]] = []
    people = 0
    for first, last, size in ordered.values_list("first_id", "last_id", "size"):
        if ranges and people + size > _A_STEP:
            yield _step_of(ranges, people, backwards=backwards)
            ranges, people = [], 0
        if start is not None:
            first, last = (first, min(last, start - 1)) if backwards else (max(first, start + 1), last)
        ranges.append((first, last))
        people += size
    if ranges:
        yield _step_of(ranges, people, backwards=backwards)


def _step_of(ranges: Sequence[tuple[int, int]], people: int, *, backwards: bool) -> _Step:
    """Several ranges of ids, within the one that spans them: from it the ledger is read in order."""
    lowest, highest = min(first for first, _ in ranges), max(last for _, last in ranges)
    among = Q(pk__range=(lowest, highest))
    if highest - lowest >= sum(last - first + 1 for first, last in ranges):  # there are others between them
        among &= reduce(or_, (Q(pk__range=one) for one in ranges))
    return _Step(among, people, lowest if backwards else highest)


def _condition(mailing: Mailing, search: Search, asked: Sequence[Window]) -> Q:
    """What must hold of the delivery itself."""
    where = Q()
    if search.state == "sent":
        where &= Q(status=Delivery.Status.SENT)
    elif search.state in _TROUBLES:
        where &= Q(trouble=search.state)
    elif search.state:
        where &= states.condition(search.state, asked)
    if search.bounce_class:
        where &= Q(bounced_at__isnull=False, bounce_class=search.bounce_class)
    if search.domain:
        where &= Q(address__endswith=f"@{search.domain}")
    if search.language:
        of_language = mailing.messages.filter(language=search.language)
        where &= Q(message__in=list(of_language.values_list("message", flat=True)))
    if search.link == ANY_LINK:
        where &= Q(clicked_at__isnull=False)
    return where


def _named(mailing: Mailing, words: str, reader: User) -> list[int]:
    """The mails of those whom words find, in no order.

    A whole address is looked up by its keyed hash: that of the freeze, whatever the person has now.
    """
    rows = Delivery.objects.filter(mailing=mailing).order_by()
    try:
        return list(rows.filter(address_hash=addresses.parse(words).hash).values_list("pk", flat=True))
    except ValidationError:
        pass
    if not may(reader, "contacts.view_contact"):
        return []
    people = searching.by_words(visible(reader, Contact.objects.all()), words)
    known = list(people.order_by("pk").values_list("pk", flat=True)[:MOST_NAMED])
    return list(rows.filter(contact_id__in=known).values_list("pk", flat=True))


# --- showing ------------------------------------------------------------------------------------------------------


def _rows(
    mailing: Mailing, deliveries: Sequence[Delivery], asked: Sequence[Window], reader: User
) -> Iterator[Row]:
    contacts: dict[int, Contact] = {}
    if may(reader, "contacts.view_contact"):
        theirs = visible(reader, Contact.objects.all()).defer("attributes")
        contacts = theirs.in_bulk([row.contact_id for row in deliveries if row.contact_id])
    languages = dict(mailing.messages.values_list("message", "language"))
    for delivery in deliveries:
        state = states.of(delivery, asked)
        yield Row(
            delivery=delivery,
            state=state,
            why=why(delivery, state),
            when=when(delivery, state),
            language=languages.get(delivery.message_id, ""),
            contact=contacts.get(delivery.contact_id or 0),
        )


def why(delivery: Delivery, state: State) -> str:
    """Why the person is in this state, as staff read it; empty where nothing needs a reason."""
    match state:
        case State.BOUNCED:
            return bounces.in_words(delivery.bounce_class, delivery.bounce_code)
        case State.DELIVERED | State.COMPLAINED:
            return ""
        case State.NO_NEWS:
            return _("delayed by the receiving server") if delivery.deferred_at else ""
    return reasons.in_words(delivery.reason)


def when(delivery: Delivery, state: State) -> dt.datetime | None:
    """Since when the person is in this state; None where that is not kept."""
    match state:
        case State.BOUNCED:
            return delivery.bounced_at
        case State.COMPLAINED:
            return delivery.complained_at
        case State.DELIVERED:
            return delivery.delivered_at
        case State.NO_NEWS:
            return delivery.sent_at
    return None
