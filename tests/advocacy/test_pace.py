"""The planner keeps its limits whatever it is asked, and the slots of letters follow it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from advocacy import letters, pace
from advocacy.models import Legislature, Letter
from advocacy.pace import DAY, FIRST_SPREAD, HOUR, JITTER_SHARE, OPENING_SPREAD, Limit, OfficeHours, Timeline
from tests.factories import make_campaign, make_legislature, make_letter, make_mandate, make_route

Status = Letter.Status
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)  # a Friday; Europe's clocks change that weekend
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"]


def most_within(slots: Sequence[datetime], window: timedelta) -> int:
    """The most slots in any stretch as long as `window`; it is enough to look at those that begin with a slot."""
    slots = sorted(slots)
    return max((sum(start <= one < start + window for one in slots) for start in slots), default=0)


def is_open(office: OfficeHours, moment: datetime) -> bool:
    """Said anew, from the clock on the office's wall, without the code under test."""
    local = moment.astimezone(office.zone)
    wall = local.time().replace(fold=0)
    if office.closes > office.opens:
        return local.isoweekday() in office.days and office.opens <= wall < office.closes
    before = 7 if local.isoweekday() == 1 else local.isoweekday() - 1
    return (local.isoweekday() in office.days and wall >= office.opens) or (
        before in office.days and wall < office.closes
    )


hours = st.integers(0, 23).map(time)
offices = st.builds(
    OfficeHours,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    opens=hours,
    closes=hours,
    days=st.frozensets(st.integers(1, 7), min_size=1),
)
# Within weeks around both changes of the clocks.
moments = st.integers(0, 270 * 24 * 60).map(
    lambda minute: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
limits = st.tuples(st.integers(1, 12), st.integers(1, 40))


def plan(
    count: int,
    now: datetime,
    per_hour: int,
    per_day: int,
    office: OfficeHours | None,
    seed: int,
    domain: Timeline | None = None,
    stands: Sequence[datetime] = (),
) -> list[datetime]:
    def load(start: datetime, end: datetime) -> list[datetime]:
        return [one for one in stands if start <= one < end]

    address = Timeline(pace.limits_of(per_hour, per_day), load)
    domain = domain or Timeline([Limit(10_000, HOUR)])
    dice, slots = random.Random(seed), []
    last = max(stands, default=None)
    for _number in range(count):
        last = pace.place(
            now,
            last=last,
            gap=pace.gap_of(per_hour, per_day, office),
            office=office,
            address=address,
            domain=domain,
            dice=dice,
        )
        address.take(last)
        domain.take(last)
        slots.append(last)
    return slots


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 60),
    now=moments,
    limit=limits,
    office=st.none() | offices,
    seed=st.integers(0, 2**32),
)
def test_no_rolling_hour_or_day_holds_more_than_its_limit_and_the_order_is_kept(
    count, now, limit, office, seed
):
    slots = plan(count, now, *limit, office, seed)
    assert most_within(slots, HOUR) <= limit[0]
    assert most_within(slots, DAY) <= limit[1]
    assert slots == sorted(set(slots))
    assert slots[0] >= now
    if office:
        assert all(is_open(office, slot) for slot in slots)


@settings(max_examples=100, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 5_000), max_size=60), now=moments, limit=limits, seed=st.integers(0, 2**32)
)
def test_what_stands_already_is_counted_and_never_made_worse(gaps, now, limit, seed):
    """Even where it stands too close, as after limits were lowered."""
    stands, at = [], now - timedelta(hours=30)
    for gap in gaps:
        at += timedelta(seconds=gap)
        stands.append(at)
    slots = plan(20, now, *limit, None, seed, stands=stands)
    for slot in slots:
        for count, window in zip(limit, (HOUR, DAY), strict=True):
            around = [one for one in [*stands, *slots] if slot - window < one <= slot]
            assert len(around) <= count


@settings(max_examples=100, deadline=None)
@given(
    queues=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    now=moments,
    limit=limits,
    seed=st.integers(0, 2**32),
)
def test_a_domain_keeps_its_limits_over_all_its_addresses(queues, now, limit, seed):
    shared = pace.smooth(*limit)
    domain = Timeline(shared)
    slots = [slot for number in queues for slot in plan(number, now, 20, 100, None, seed, domain)]
    for one in shared:
        assert most_within(slots, one.window) <= one.count


@settings(max_examples=200, deadline=None)
@given(
    taken=st.lists(st.integers(0, 300), max_size=40),
    start=st.integers(0, 300),
    limit=st.builds(
        Limit, st.integers(1, 4), st.integers(1, 60).map(lambda minutes: timedelta(minutes=minutes))
    ),
)
def test_the_earliest_free_moment_is_free_and_no_earlier_minute_is(taken, start, limit):
    """Against a search by hand, minute by minute."""
    at = [NOON + timedelta(minutes=minute) for minute in sorted(taken)]
    asked = NOON + timedelta(minutes=start)

    def load(first: datetime, end: datetime) -> list[datetime]:
        return [one for one in at if first <= one < end]

    def count(moment: datetime, windows: Sequence[timedelta]) -> list[int]:
        return [sum(moment - window < one < moment + window for one in at) for window in windows]

    found = Timeline([limit], load).earliest(asked)
    # Counting first, where there is a way to, is only a shorter way to the same answer.
    assert Timeline([limit], load, count).earliest(asked) == found

    def fits(moment: datetime) -> bool:
        # No stretch that holds `moment` holds more than the limit; what stood too close before is not its doing.
        near = sorted([*at, moment])
        return all(
            sum(first <= one < first + limit.window for one in near) <= limit.count
            for first in near
            if first <= moment < first + limit.window
        )

    assert fits(found)
    minute = NOON + timedelta(minutes=start)
    while minute < found:
        assert not fits(minute)
        minute += timedelta(minutes=1)


@settings(max_examples=100, deadline=None)
@given(now=moments, office=st.none() | offices, seed=st.integers(0, 2**32))
def test_a_first_letter_leaves_soon_and_never_on_the_stroke_for_everybody(now, office, seed):
    slot = plan(1, now, 20, 100, office, seed)[0]
    jitter = min(pace.gap_of(20, 100, office) * JITTER_SHARE, FIRST_SPREAD)
    latest = now + jitter
    assert slot <= (office.next_open(latest)[0] + OPENING_SPREAD if office else latest)


def test_a_full_day_is_spread_over_the_office_hours():
    office = OfficeHours(ZoneInfo("UTC"), time(9), time(17), frozenset(range(1, 8)))
    slots = plan(100, NOON.replace(hour=9), 20, 100, office, seed=1)
    by_hour = [sum(slot.hour == hour for slot in slots if slot.day == 27) for hour in range(9, 17)]
    assert min(by_hour) >= 8
    assert max(by_hour) <= 16


def test_a_pace_of_seconds_reaches_nine_tenths_of_its_limit():
    slots = plan(720, NOON, 720, 17_280, None, seed=1)
    assert slots[-1] - slots[0] <= HOUR / 0.9
    assert most_within(slots, HOUR) <= 720


@pytest.mark.parametrize(
    ("zone", "moment", "opens"),
    [
        # The night in which 02:30 does not exist, and the one in which it comes twice.
        ("Europe/Berlin", datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 6, 1, 12, tzinfo=UTC), datetime(2026, 6, 2, 3, 15, tzinfo=UTC)),
    ],
)
def test_an_office_opens_at_nine_on_its_own_wall_also_when_the_clocks_change(zone, moment, opens):
    office = OfficeHours(ZoneInfo(zone), time(9), time(17), frozenset(range(1, 8)))
    assert office.next_open(moment)[0] == opens


def test_an_office_from_midnight_to_midnight_is_always_open():
    office = OfficeHours(ZoneInfo("Europe/Berlin"), time(0), time(0), frozenset(range(1, 8)))
    assert all(office.is_open(NOON + timedelta(hours=hour)) for hour in range(100))
    assert office.length == DAY


def test_a_legislature_with_broken_hours_reads_as_monday_to_friday():
    office = pace.office_hours(Legislature(time_zone="Mars/Olympus", office_days=""))
    assert office.days == {1, 2, 3, 4, 5}
    assert office.zone == ZoneInfo("UTC")


# --- slots of letters ---------------------------------------------------------------------------------------------


def wait(letter: Letter, slot: datetime | None = None) -> Letter:
    if slot:
        Letter.objects.filter(pk=letter.pk).update(slot=slot)
    letter.refresh_from_db()
    return letter


@pytest.mark.django_db
def test_letters_of_several_campaigns_share_the_limits_of_an_address():
    mandate = make_mandate()
    careful = make_campaign(per_person_hour=2, per_person_day=4)
    hasty = make_campaign(per_person_hour=700, per_person_day=9_000)
    slots = [make_letter(campaign, mandate).slot for campaign in [careful, hasty] * 4]
    # The careful one writes to this address, so its limit holds for both.
    assert most_within(slots, HOUR) <= 2
    assert most_within(slots, DAY) <= 4
    other = [make_letter(hasty, make_mandate(mandate.legislature)).slot for _number in range(3)]
    assert max(other) - timezone.now() < timedelta(minutes=1)


@pytest.mark.django_db
def test_a_shared_mailbox_is_one_lane():
    campaign = make_campaign(per_person_hour=1, per_person_day=100)
    legislature = make_legislature()
    people = [make_mandate(legislature, email=None) for _number in range(3)]
    for mandate in people:
        make_route(mandate.person, "office@parliament.example")
    slots = [make_letter(campaign, mandate).slot for mandate in people]
    assert most_within(slots, HOUR) == 1


@pytest.mark.django_db
def test_a_free_address_finds_a_place_between_those_that_wait_for_its_domain():
    campaign = make_campaign(per_person_hour=1, per_person_day=2, per_domain_hour=4, per_domain_day=1_000)
    legislature = make_legislature()
    busy = make_mandate(legislature, email="busy@parliament.example")
    queue = [make_letter(campaign, busy).slot for _number in range(6)]
    free = make_letter(campaign, make_mandate(legislature, email="free@parliament.example")).slot
    assert free < queue[-1]
    assert free - timezone.now() < HOUR


@pytest.mark.django_db
def test_raised_limits_pull_a_queue_forward_in_its_order():
    campaign = make_campaign(per_person_hour=1, per_person_day=2)
    mandate = make_mandate()
    queue = [make_letter(campaign, mandate) for _number in range(6)]
    campaign.per_person_hour, campaign.per_person_day = 60, 600
    campaign.save(update_fields=["per_person_hour", "per_person_day"])
    assert pace.reallot_campaign(campaign) == 6
    slots = [wait(letter).slot for letter in queue]
    assert slots == sorted(slots)
    assert slots[-1] - timezone.now() < HOUR
    assert pace.forecast(campaign) == pace.Forecast(slots[0], slots[-1], 6)


@pytest.mark.django_db
def test_lowered_limits_spread_a_queue_and_count_what_has_left():
    campaign = make_campaign(per_person_hour=60, per_person_day=600)
    mandate = make_mandate()
    queue = [make_letter(campaign, mandate) for _number in range(6)]
    assert letters.dispatch_due(queue[1].slot) == 2
    campaign.per_person_hour = 2
    campaign.save(update_fields=["per_person_hour"])
    pace.reallot_campaign(campaign, queue[1].slot)
    assert most_within([wait(letter).slot for letter in queue], HOUR) <= 2


@pytest.mark.django_db
def test_office_hours_are_those_of_the_legislature():
    campaign = make_campaign(office_hours=True)
    legislature = make_legislature(time_zone="Africa/Cairo", office_days="71234", office_opens=time(10))
    slots = [make_letter(campaign, make_mandate(legislature)).slot for _number in range(5)]
    office = pace.office_hours(legislature)
    assert all(is_open(office, slot) for slot in slots)


@pytest.mark.django_db
def test_a_repeated_plan_moves_nothing_but_waiting_letters():
    campaign = make_campaign()
    mandate = make_mandate()
    queue = [make_letter(campaign, mandate) for _number in range(3)]
    letters.dispatch_due(queue[0].slot)
    letters.withdraw(queue[1])
    left = wait(queue[0]).slot
    assert pace.reallot(bytes(queue[0].address_hash)) == 1
    assert wait(queue[0]).slot == left
    assert wait(queue[1]).slot is None
