"""When a letter leaves: not too many to one address or one receiving domain, in office hours, never in a burst.

The upper half of this module is pure: times in, times out, no database. The lower half reads and writes slots.

Each lane (an address, a domain) has limits such as 20 an hour and 100 a day. They hold for **every** rolling hour
and day, not for calendar ones, and over all campaigns: of the campaigns that write to a lane the strictest limit
counts. Letters to one address keep their order; the next one comes after the last by a gap that spreads the day's
share over the office hours, with a jitter, so that nothing leaves on the stroke of the hour. A domain is shared by
many addresses, so a letter finds its place between those that wait already.

A plan can be overtaken (limits lowered, workers asleep for a night), so `free_at` counts once more what really
left, in the transaction that lets a letter go and under the lane's lock. It is the guarantee; slots are the plan.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection, models, transaction
from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery

from advocacy.models import Campaign, Legislature, Letter
from contacts.clock import database_now

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A gap is stretched by a random part of itself, on average to its full length.
GAP_SHARE, JITTER_SHARE = 0.85, 0.3
# The first letter of an empty queue waits for chance only so long: many confirm in the same minute.
FIRST_SPREAD = timedelta(minutes=5)
# What waited for the office to open leaves within this time after it, not on the stroke.
OPENING_SPREAD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any stretch of time as long as `window`, its end not included."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When an office reads its mail, in its own zone. `days` are ISO weekdays, 1 for Monday.

    An office that closes at or before the hour it opens is open past midnight: 00:00 to 00:00 is the whole day.
    """

    zone: ZoneInfo
    opens: time
    closes: time
    days: frozenset[int]

    def next_open(self, moment: datetime) -> tuple[datetime, datetime]:
        """The first open stretch that ends after `moment`, in UTC: from when (not before `moment`), until when."""
        day = moment.astimezone(self.zone).date() - timedelta(days=1)
        for _step in range(10):
            if day.isoweekday() in self.days:
                closing_day = day if self.closes > self.opens else day + timedelta(days=1)
                start = datetime.combine(day, self.opens, self.zone).astimezone(UTC)
                end = datetime.combine(closing_day, self.closes, self.zone).astimezone(UTC)
                if end > moment and end > start:
                    return max(start, moment), end
            day += timedelta(days=1)
        raise ValueError("an office that never opens")

    def is_open(self, moment: datetime) -> bool:
        return self.next_open(moment)[0] == moment

    @property
    def length(self) -> timedelta:
        """How long it is open on an ordinary day."""
        opens = timedelta(hours=self.opens.hour, minutes=self.opens.minute)
        closes = timedelta(hours=self.closes.hour, minutes=self.closes.minute)
        return closes - opens if closes > opens else closes - opens + DAY


Load = Callable[[datetime, datetime], Iterable[datetime]]
Count = Callable[[datetime, Sequence[timedelta]], Sequence[int]]


class Timeline:
    """The slots of one lane, kept in order, and the next moment at which one more breaks no limit.

    `load(start, end)` brings slots that stand already, start included and end not; it is asked only for the
    stretch that matters, and once for each. What `take` adds need not be known to it. `count(moment, windows)`, if
    there is one, tells how many stand nearer to a moment than each window: where that leaves room, and it nearly
    always does, nothing is loaded at all.
    """

    def __init__(
        self, limits: Sequence[Limit], load: Load = lambda start, end: (), count: Count | None = None
    ) -> None:
        # The longest window first: it leads past a full day in one step.
        self._limits = sorted(limits, key=lambda limit: limit.window, reverse=True)
        self._reach = max(limit.window for limit in limits)
        self._load = load
        self._count = count
        self._taken: list[datetime] = []
        self._known: tuple[datetime, datetime] | None = None

    def earliest(self, moment: datetime) -> datetime:
        """The first moment, not before `moment`, at which one more keeps every limit, before and after it."""
        if self._has_room(moment):
            return moment
        while True:
            self._look_around(moment)
            free = next((found for limit in self._limits if (found := self._blocked(limit, moment))), None)
            if free is None:
                return moment
            moment = free

    def take(self, moment: datetime) -> None:
        bisect.insort(self._taken, moment)

    def _has_room(self, moment: datetime) -> bool:
        """Whether so little stands around `moment` that no limit can be near; False says nothing."""
        if self._count is None or self._known is not None:
            return False
        counts = self._count(moment, [limit.window for limit in self._limits])
        return all(
            found + self._near(moment, limit.window) < limit.count
            for found, limit in zip(counts, self._limits, strict=True)
        )

    def _near(self, moment: datetime, window: timedelta) -> int:
        low = bisect.bisect_right(self._taken, moment - window)
        return bisect.bisect_left(self._taken, moment + window) - low

    def _blocked(self, limit: Limit, moment: datetime) -> datetime | None:
        """When the run of slots that fills the limit around `moment` sets it free; None if none does.

        One more is too many if `count` slots that follow each other stand with it within one window. Of all such
        runs the latest is taken: between `moment` and its end everything is blocked by it.
        """
        taken, count, window = self._taken, limit.count, limit.window
        low = bisect.bisect_right(taken, moment - window)
        high = bisect.bisect_left(taken, moment + window)
        if high - low < count:
            return None
        here = bisect.bisect_left(taken, moment)
        for first in range(min(here, high - count), max(low, here - count) - 1, -1):
            start, end = taken[first], taken[first + count - 1]
            if max(end, moment) - min(start, moment) < window:
                return start + window
        return None

    def _look_around(self, moment: datetime) -> None:
        """Load what stands within the longest window around `moment`, and some more in the direction of travel."""
        start, end = moment - self._reach, moment + self._reach
        if self._known is None:
            self._add(start, end)
            self._known = (start, end)
            return
        known_start, known_end = self._known
        if start < known_start:
            self._add(start, known_start)
            known_start = start
        if end > known_end:
            # In steps that double, so that a queue of weeks is crossed in a few reads.
            end = max(end, known_end + (known_end - known_start))
            self._add(known_end, end)
            known_end = end
        self._known = (known_start, known_end)

    def _add(self, start: datetime, end: datetime) -> None:
        found = self._load(start, end)
        self._taken = sorted([*self._taken, *found])


def place(
    now: datetime,
    *,
    last: datetime | None,
    gap: timedelta,
    office: OfficeHours | None,
    address: Timeline,
    domain: Timeline,
    dice: random.Random,
) -> datetime:
    """The slot of one more letter: after `last`, in office hours, within the limits of its address and domain.

    Not before `now`. Later than it must be by at most 30% of `gap` (for an empty queue five minutes), and by half an
    hour where the office opens. The slot is not taken: `take` it in both timelines.
    """
    moment = now + min(gap * JITTER_SHARE, FIRST_SPREAD) * dice.random()
    if last is not None:
        moment = max(moment, last + gap * (GAP_SHARE + JITTER_SHARE * dice.random()))
    share = dice.random()
    while True:
        found = domain.earliest(_in_office(office, address.earliest(moment), share))
        if found == moment:
            return moment
        moment = found


def gap_of(per_hour: int, per_day: int, office: OfficeHours | None) -> timedelta:
    """The space between two letters to one address that spreads a full day evenly over its open hours."""
    return max(HOUR / per_hour, (office.length if office else DAY) / per_day)


def limits_of(per_hour: int, per_day: int) -> list[Limit]:
    return [Limit(per_hour, HOUR), Limit(per_day, DAY)]


def smooth(per_hour: int, per_day: int) -> list[Limit]:
    """The limits of a domain, with a share of the hour for each ten minutes: many offices, one mail server."""
    return [*limits_of(per_hour, per_day), Limit(max(1, -(-per_hour // 6)), timedelta(minutes=10))]


def _in_office(office: OfficeHours | None, moment: datetime, share: float) -> datetime:
    if office is None:
        return moment
    opens, closes = office.next_open(moment)
    if opens == moment:
        return moment
    return opens + min(OPENING_SPREAD, (closes - opens) / 4) * share


# --- slots of letters ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the first and the last of the waiting letters leave, as planned now; None where none waits."""

    first: datetime | None
    last: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Caps:
    """The strictest limits of all campaigns that write to one address and its domain."""

    person_hour: int
    person_day: int
    domain_hour: int
    domain_day: int


def forecast(of: Campaign | Iterable[Letter]) -> Forecast:
    """When the letters of a campaign, or these letters, leave. Held ones are not counted: nobody knows."""
    rows = Letter.objects.filter(status=Letter.Status.CONFIRMED, slot__isnull=False)
    rows = (
        rows.filter(campaign=of) if isinstance(of, Campaign) else rows.filter(pk__in=[one.pk for one in of])
    )
    found = rows.aggregate(first=Min("slot"), last=Max("slot"), waiting=models.Count("pk"))
    return Forecast(**found)


@transaction.atomic
def allot(letters: Sequence[Letter], now: datetime | None = None) -> None:
    """Give each letter a slot at the end of its address's queue, and save it. Their order is kept.

    `address_hash` and `domain` must be set. Holds the lanes until the transaction ends, so call it last. The cost
    does not grow with the number of letters that wait.
    """
    now = now or database_now()
    hold_lanes(letters)
    # A few letters ask for room; for many the lanes are read once.
    planner = _Planner(now, asks=len(letters) <= 50)
    for letter in letters:
        planner.place(letter)
    _save_slots(letters)


@transaction.atomic
def reallot(address_hash: bytes, now: datetime | None = None) -> int:
    """Plan the whole queue of an address anew, in its order, from now on. Returns how many letters it holds.

    For when the plan was overtaken: limits changed, a stop taken off, workers back after a night. Safe to repeat.
    """
    now = now or database_now()
    waiting = _waiting(address_hash)
    first = waiting.first()
    if first is None:
        return 0
    hold_lanes([first])
    letters = list(waiting.select_related("campaign", "mandate__legislature"))
    planner = _Planner(now, without=address_hash)
    for letter in letters:
        planner.place(letter)
    _save_slots(letters)
    return len(letters)


def reallot_campaign(campaign: Campaign, now: datetime | None = None) -> int:
    """Plan every queue anew that holds letters of a campaign; after its limits, hours or stop button changed.

    Returns how many letters were planned. Safe to repeat; each address is a transaction of its own.
    """
    hashes = (
        Letter.objects.filter(campaign=campaign, status=Letter.Status.CONFIRMED, slot__isnull=False)
        .order_by()
        .values_list("address_hash", flat=True)
        .distinct()
    )
    planned = 0
    for address_hash in list(hashes):
        planned += reallot(bytes(address_hash or b""), now)
    return planned


def free_at(letter: Letter, now: datetime) -> datetime:
    """When the letter may leave by what really left before it: `now` if at once. Call it holding the lanes.

    This is the ceiling, whatever the plan says: the limits in any rolling hour and day, and office hours.
    """
    caps = caps_of(letter, now)
    found = now
    for lane, limits in (
        ({"address_hash": letter.address_hash}, limits_of(caps.person_hour, caps.person_day)),
        ({"domain": letter.domain}, smooth(caps.domain_hour, caps.domain_day)),
    ):
        for limit in limits:
            left = Letter.objects.filter(
                **lane, status=Letter.Status.DISPATCHED, slot__gt=now - limit.window, slot__lte=now
            ).order_by("-slot")
            nth = left.values_list("slot", flat=True)[limit.count - 1 : limit.count].first()
            if nth is not None:
                found = max(found, nth + limit.window)
    office = office_of(letter)
    return office.next_open(found)[0] if office else found


def caps_of(letter: Letter, now: datetime) -> Caps:
    """The strictest limits of this letter's campaign and of all others that wait for, or wrote within a day to,
    its address or domain."""

    def writes(**lane: object) -> Subquery:
        # LIMIT keeps this a probe of the index for each campaign, however many letters wait.
        rows = Letter.objects.filter(campaign=OuterRef("pk"), slot__gt=now - DAY, **lane)
        return Subquery(rows.order_by().values("pk")[:1])

    own = Q(pk=letter.campaign_id)
    person, domain = own | Q(to_person__isnull=False), own | Q(to_domain__isnull=False)
    found = Campaign.objects.annotate(
        to_person=writes(address_hash=letter.address_hash), to_domain=writes(domain=letter.domain)
    ).aggregate(
        person_hour=Min("per_person_hour", filter=person),
        person_day=Min("per_person_day", filter=person),
        domain_hour=Min("per_domain_hour", filter=domain),
        domain_day=Min("per_domain_day", filter=domain),
    )
    return Caps(**found)


def office_of(letter: Letter) -> OfficeHours | None:
    """The office hours that bind a letter; None where its campaign does not ask for them."""
    if not letter.campaign.office_hours or letter.mandate is None:
        return None
    return office_hours(letter.mandate.legislature)


def office_hours(legislature: Legislature) -> OfficeHours:
    """The office hours of a legislature. What staff or an import got wrong reads as Monday to Friday, UTC."""
    try:
        zone = ZoneInfo(legislature.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    days = frozenset(int(day) for day in legislature.office_days if day in "1234567")
    return OfficeHours(
        zone, legislature.office_opens, legislature.office_closes, days or frozenset({1, 2, 3, 4, 5})
    )


def hold_lanes(letters: Iterable[Letter]) -> None:
    """Lock the addresses and domains of letters until the transaction ends: one planner at a time for each.

    In one order for everybody, so that two transactions wait for each other and never deadlock; take it before any
    letter's row.
    """
    names = {b"address:" + bytes(letter.address_hash or b"") for letter in letters}
    names |= {b"domain:" + letter.domain.encode() for letter in letters}
    numbers = sorted({int.from_bytes(sha256(name).digest()[:4], "big", signed=True) for name in names})
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, number])


_LOCK_SPACE = 0x70_61_63_65  # keeps our advisory locks apart from other users of the database


class _Planner:
    """Places letters one after the other, with the lanes they need read once."""

    def __init__(self, now: datetime, *, without: bytes | None = None, asks: bool = False) -> None:
        self._now = now
        self._without = without
        self._asks = asks
        self._dice = random.Random()  # noqa: S311 - spreads load, guards nothing
        self._addresses: dict[bytes, tuple[Timeline, Caps]] = {}
        self._domains: dict[str, Timeline] = {}
        self._last: dict[bytes, datetime | None] = {}

    def place(self, letter: Letter) -> None:
        key = bytes(letter.address_hash or b"")
        if key not in self._addresses:
            self._open_lanes(key, letter)
        address, caps = self._addresses[key]
        domain = self._domains[letter.domain]
        office = office_of(letter)
        slot = place(
            self._now,
            last=self._last[key],
            gap=gap_of(caps.person_hour, caps.person_day, office),
            office=office,
            address=address,
            domain=domain,
            dice=self._dice,
        )
        address.take(slot)
        domain.take(slot)
        self._last[key] = letter.slot = slot

    def _open_lanes(self, key: bytes, letter: Letter) -> None:
        caps = caps_of(letter, self._now)
        rows = self._rows(address_hash=key)
        self._addresses[key] = (self._timeline(limits_of(caps.person_hour, caps.person_day), rows), caps)
        self._last[key] = rows.order_by("-slot").values_list("slot", flat=True).first()
        if letter.domain not in self._domains:
            self._domains[letter.domain] = self._timeline(
                smooth(caps.domain_hour, caps.domain_day), self._rows(domain=letter.domain)
            )

    def _timeline(self, limits: Sequence[Limit], rows: QuerySet[Letter]) -> Timeline:
        return Timeline(limits, _loader(rows), _counter(rows) if self._asks else None)

    def _rows(self, **lane: object) -> QuerySet[Letter]:
        rows = Letter.objects.filter(slot__isnull=False, **lane)
        if self._without is None:
            return rows
        return rows.exclude(address_hash=self._without, status=Letter.Status.CONFIRMED)


def _waiting(address_hash: bytes) -> QuerySet[Letter]:
    rows = Letter.objects.filter(
        address_hash=address_hash, status=Letter.Status.CONFIRMED, slot__isnull=False
    )
    return rows.order_by("slot", "pk")


def _loader(rows: QuerySet[Letter]) -> Load:
    def load(start: datetime, end: datetime) -> Iterable[datetime]:
        found = rows.filter(slot__gte=start, slot__lt=end).order_by("slot")
        return [slot for slot in found.values_list("slot", flat=True) if slot is not None]

    return load


def _counter(rows: QuerySet[Letter]) -> Count:
    def count(moment: datetime, windows: Sequence[timedelta]) -> Sequence[int]:
        widest = max(windows)
        near = rows.filter(slot__gt=moment - widest, slot__lt=moment + widest).order_by()
        found = near.aggregate(
            **{
                f"n{number}": models.Count(
                    "slot", filter=Q(slot__gt=moment - window, slot__lt=moment + window)
                )
                for number, window in enumerate(windows)
            }
        )
        return [found[f"n{number}"] for number in range(len(windows))]

    return count


def _save_slots(letters: Sequence[Letter]) -> None:
    """One UPDATE for all of them, and only of letters that still wait; rows are locked in one order."""
    ids = [letter.pk for letter in letters]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH waiting AS (
                SELECT id FROM advocacy_letter WHERE id = ANY(%s) AND status = 'confirmed' ORDER BY id FOR UPDATE
            )
            UPDATE advocacy_letter l SET slot = n.slot, address_hash = n.address_hash, domain = n.domain
            FROM waiting, unnest(%s::bigint[], %s::timestamptz[], %s::bytea[], %s::text[])
                 AS n (id, slot, address_hash, domain)
            WHERE l.id = waiting.id AND l.id = n.id
            """,
            [
                ids,
                ids,
                [letter.slot for letter in letters],
                [bytes(letter.address_hash or b"") for letter in letters],
                [letter.domain for letter in letters],
            ],
        )
