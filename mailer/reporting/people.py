"""The people of a mailing's audience: found, filtered, and shown a page at a time, each in their state with the reason.

A page costs the same anywhere in a million. What an index narrows is one query. For the rest the audience is walked
chunk by chunk, only through chunks whose counters say that they can hold such people, and for so many people at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may, visible
from contacts import addresses, searching
from contacts.models import Contact
from mailer import bounces, reasons
from mailer.models import Delivery, Hit, Mailing, MailingChunk
from mailer.reporting import states
from mailer.reporting.states import State, Window

PER_PAGE = 50
MOST_LOOKED_AT = 100_000  # people looked through for one page
MOST_NAMED = 1_000  # people of the address book whom words of a name may find

ANY_LINK = 0
_A_STEP = 5_000  # people of one query of a walk
_BY_A_PERSON = (Hit.Verdict.HUMAN, Hit.Verdict.PROBABLE)
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

    def has_index(self) -> bool:
        """Whether the people can be asked for in one query that does not look through the audience."""
        is_reported = self.state in {State.BOUNCED, State.COMPLAINED} or bool(self.bounce_class)
        return bool(self.words) or is_reported or self.link is not None


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the audience. `contact` is theirs in the address book, None if gone or not the reader's to see."""

    delivery: Delivery
    state: State
    why: str
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
    """The deliveries of all whom `search` finds, in no order."""
    rows = Delivery.objects.filter(
        _condition(mailing, search, states.windows(mailing), reader), mailing=mailing
    )
    return rows.filter(message__language=search.language) if search.language else rows


# --- finding ------------------------------------------------------------------------------------------------------


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
    where = _condition(mailing, search, asked, reader)
    rows = (
        Delivery.objects.filter(where, mailing=mailing).only(*_FIELDS).order_by("-pk" if backwards else "pk")
    )
    if search.has_index():
        if start is not None:
            rows = rows.filter(pk__lt=start) if backwards else rows.filter(pk__gt=start)
        if search.language:
            rows = rows.filter(message__language=search.language)
        return list(rows[:most]), None
    found: list[Delivery] = []
    looked_at = 0
    for first, last, size in _steps(mailing, search, start, backwards=backwards):
        if looked_at >= MOST_LOOKED_AT:
            return found, (last + 1 if backwards else first - 1)
        found += rows.filter(pk__range=(first, last))[: most - len(found)]
        looked_at += size
        if len(found) == most:
            break
    return found, None


def _steps(
    mailing: Mailing, search: Search, start: int | None, *, backwards: bool
) -> Iterator[tuple[int, int, int]]:
    """Ranges of ids, in order, that hold all whom `search` can find beyond `start`: first, last, how many people."""
    chunks: QuerySet[MailingChunk] = states.chunks_with(mailing, search.state)
    if search.language:
        chunks = chunks.filter(mailing_message__language=search.language)
    if start is not None:
        chunks = chunks.filter(first_id__lt=start) if backwards else chunks.filter(last_id__gt=start)
    ranges: Iterable[tuple[int, int, int, int]] = chunks.order_by(
        "-number" if backwards else "number"
    ).values_list("number", "first_id", "last_id", "size")
    step: tuple[int, int, int] | None = None
    before = 0
    for number, first, last, size in ranges:
        if start is not None:
            first, last = (first, min(last, start - 1)) if backwards else (max(first, start + 1), last)
        if step is not None and abs(number - before) == 1 and step[2] + size <= _A_STEP:
            step = (min(step[0], first), max(step[1], last), step[2] + size)
        else:
            if step is not None:
                yield step
            step = (first, last, size)
        before = number
    if step is not None:
        yield step


def _condition(mailing: Mailing, search: Search, asked: Sequence[Window], reader: User) -> Q:
    where = Q()
    if search.state == "sent":
        where &= Q(status=Delivery.Status.SENT)
    elif search.state:
        where &= states.condition(search.state, asked)
    if search.bounce_class:
        where &= Q(bounced_at__isnull=False, bounce_class=search.bounce_class)
    if search.domain:
        where &= Q(address__endswith=f"@{search.domain}")
    if search.link is not None:
        where &= _followed(mailing, search.link)
    return where & _named(search.words, reader)


def _followed(mailing: Mailing, link: int) -> Q:
    """Whoever followed a link, as far as we can tell persons from machines."""
    if link == ANY_LINK:
        return Q(clicked_at__isnull=False)
    hits = Hit.objects.filter(link__mailing=mailing, link__number=link, verdict__in=_BY_A_PERSON)
    return Q(Exists(hits.filter(delivery=OuterRef("pk"))))


def _named(words: str, reader: User) -> Q:
    """A whole address is looked up by its keyed hash: that of the freeze, whatever the person has now."""
    words = words.strip()
    if not words:
        return Q()
    try:
        return Q(address_hash=addresses.parse(words).hash)
    except ValidationError:
        pass
    if not may(reader, "contacts.view_contact"):
        return Q(pk__in=[])
    people = searching.by_words(visible(reader, Contact.objects.all()), words)
    return Q(contact_id__in=list(people.order_by("pk").values_list("pk", flat=True)[:MOST_NAMED]))


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
            language=languages.get(delivery.message_id, ""),
            contact=contacts.get(delivery.contact_id or 0),
        )


def why(delivery: Delivery, state: State) -> str:
    """Why the person is in this state, or since when, as staff read it."""
    match state:
        case State.BOUNCED:
            return bounces.in_words(delivery.bounce_class, delivery.bounce_code)
        case State.DELIVERED | State.COMPLAINED:
            return _on(delivery.complained_at or delivery.delivered_at)
        case State.NO_NEWS if delivery.deferred_at:
            return _("delayed by the receiving server")
        case State.NO_NEWS:
            return _on(delivery.sent_at)
    return reasons.in_words(delivery.reason)


def _on(moment: object) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT") if moment else ""  # type: ignore[arg-type]
