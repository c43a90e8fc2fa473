"""A letter leaves when its turn has come, if nothing that changed since forbids it."""

from __future__ import annotations

from datetime import time, timedelta
from email.header import decode_header, make_header
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from advocacy import dispatching, letters, pace
from advocacy.models import Campaign, ContactRoute, Legislature, Letter, Mandate, Person
from mailer import invariants
from mailer.models import Delivery
from tests.factories import (
    make_campaign,
    make_legislature,
    make_letter,
    make_mandate,
    make_route,
    unique_address,
)

pytestmark = pytest.mark.django_db

Status = Letter.Status


def fresh(letter: Letter) -> Letter:
    return Letter.objects.select_related("campaign", "submission", "delivery").get(pk=letter.pk)


def to_offices() -> int:
    return Delivery.objects.filter(kind=Delivery.Kind.LETTER).count()


def test_nothing_leaves_before_its_slot():
    letter = make_letter()
    assert letters.dispatch_due(letter.slot - timedelta(microseconds=1)) == 0
    assert letters.dispatch_due(letter.slot) == 1
    letter = fresh(letter)
    assert letter.status == Status.DISPATCHED
    assert letter.slot == letter.dispatched_at
    assert letter.delivery.status == Delivery.Status.QUEUED


def test_a_letter_goes_from_its_writer_by_way_of_the_campaign(outbox):
    address = unique_address("ann")
    mandate = make_mandate(email="sam.lee@parliament.example")
    letter = make_letter(make_campaign(), mandate, address=address, name="Änne Exämple")
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    (mail,) = outbox.deliver()
    headers = mail.message()
    assert mail.to == ["sam.lee@parliament.example"]
    assert (
        str(headers["From"])
        == "=?utf-8?q?=C3=84nne_Ex=C3=A4mple_via_Keep_Line_42?= <letters@epistle.example>"
    )
    assert str(make_header(decode_header(headers["Reply-To"]))) == f"Änne Exämple <{address.given}>"
    assert mail.subject == "Please keep line 42"
    assert mail.body.startswith(f"Dear Member of Parliament {mandate.person.family_name},")
    assert "Yours sincerely,\nÄnne Exämple\nKisumu" in mail.body
    assert "mailbox was confirmed" in mail.body
    assert "http://localhost:8000/en/report/" in mail.body
    for absent in ("Auto-Submitted", "List-Unsubscribe", "List-Id", "Precedence"):
        assert headers[absent] is None
    assert "<img" not in mail.alternatives[0].content


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Mandate.objects.update(end_date=timezone.localdate()), "the mandate has ended"),
        (lambda: Person.objects.update(refuses_letters=True), "asked not to be written to"),
        (
            lambda: ContactRoute.objects.update(state="bounced", state_reason="no such mailbox"),
            "bounced”: no such mailbox",
        ),
        (lambda: ContactRoute.objects.update(state="retired"), "no usable address"),
        (lambda: ContactRoute.objects.all().delete(), "no usable address"),
    ],
)
def test_what_changed_since_the_confirmation_holds_the_letter_with_the_reason(change, reason):
    letter = make_letter()
    change()
    assert letters.dispatch_due(letter.slot) == 0
    letter = fresh(letter)
    assert letter.status == Status.WITHHELD
    assert reason in letter.held_because
    assert letter.slot is None
    assert letter.held_at is not None
    assert to_offices() == 0


def test_a_retired_address_is_replaced_by_the_next_one_of_the_person():
    letter = make_letter()
    ContactRoute.objects.update(state=ContactRoute.State.RETIRED)
    route = make_route(letter.person, "new@parliament.example")
    slot = letter.slot
    assert [letters.dispatch_due(slot), letters.dispatch_due(slot)] == [0, 1]
    letter = fresh(letter)
    assert letter.status == Status.DISPATCHED
    assert letter.route == route
    assert letter.delivery.address == "new@parliament.example"


def test_letters_confirmed_before_the_campaign_closed_still_leave():
    letter = make_letter()
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert letters.dispatch_due(letter.slot) == 1


def test_the_stop_button_makes_letters_wait_and_taking_it_off_makes_no_flood():
    campaign = make_campaign(per_person_hour=20, per_person_day=1_000)
    mandate = make_mandate()
    queue = [make_letter(campaign, mandate) for _number in range(8)]
    Campaign.objects.update(stopped=True)
    assert letters.state_of(fresh(queue[0])).when is None
    days_later = queue[-1].slot + timedelta(days=3)
    assert letters.dispatch_due(days_later) == 0
    Campaign.objects.update(stopped=False)
    left = letters.dispatch_due(days_later)
    slots = sorted(Letter.objects.filter(status=Status.CONFIRMED).values_list("slot", flat=True))
    assert left <= 1
    gaps = [later - earlier for earlier, later in pairwise(slots)]
    assert min(gaps) >= timedelta(minutes=2)
    # And in the order in which they were confirmed.
    waiting = list(
        Letter.objects.filter(status=Status.CONFIRMED).order_by("slot").values_list("pk", flat=True)
    )
    assert waiting == sorted(waiting)


def test_workers_that_slept_over_the_closing_of_an_office_do_not_send_at_night():
    campaign = make_campaign(office_hours=True)
    house = make_legislature(office_opens=time(9), office_closes=time(17), office_days="1234567")
    letter = make_letter(campaign, make_mandate(house))
    office = pace.office_hours(house)
    night = letter.slot.replace(hour=23, minute=30)
    assert letters.dispatch_due(night) == 0
    assert office.is_open(fresh(letter).slot)
    assert fresh(letter).slot > night


def test_the_ceiling_holds_whatever_the_plan_says():
    """Slots that stand too close, as if the plan had been made with other limits or by hand."""
    campaign = make_campaign(per_person_hour=2, per_person_day=4)
    mandate = make_mandate()
    first = make_letter(campaign, mandate)
    now = first.slot
    for _number in range(6):
        make_letter(campaign, mandate)
    Letter.objects.update(slot=now)
    left: list[Any] = []
    moment = now
    for _tick in range(60):
        letters.dispatch_due(moment)
        left = list(Letter.objects.filter(status=Status.DISPATCHED).values_list("dispatched_at", flat=True))
        for window, limit in ((timedelta(hours=1), 2), (timedelta(days=1), 4)):
            assert all(sum(start <= one < start + window for one in left) <= limit for start in left)
        moment += timedelta(minutes=47)
    assert len(left) == 7


def test_a_domain_has_its_own_ceiling():
    campaign = make_campaign(per_domain_hour=2, per_domain_day=100)
    house = make_legislature()
    queue = [make_letter(campaign, make_mandate(house)) for _number in range(5)]
    Letter.objects.update(slot=queue[0].slot)
    assert letters.dispatch_due(queue[0].slot) == 1
    slots = sorted(Letter.objects.values_list("slot", flat=True))
    assert all(
        later - earlier >= timedelta(hours=1) for earlier, later in zip(slots, slots[2:], strict=False)
    )


def test_one_blocked_address_keeps_no_other_waiting():
    campaign = make_campaign(per_person_hour=1, per_person_day=1)
    busy, house = make_mandate(), make_legislature()
    crowd = [make_letter(campaign, busy) for _number in range(dispatching.BATCH // 40 + 2)]
    other = make_letter(campaign, make_mandate(house))
    Letter.objects.update(slot=other.slot - timedelta(minutes=1))
    letters.dispatch_due(other.slot)
    assert fresh(other).status == Status.DISPATCHED
    assert Letter.objects.filter(pk__in=[one.pk for one in crowd], status=Status.DISPATCHED).count() == 1


# --- tests of a campaign ------------------------------------------------------------------------------------------


def test_in_test_mode_every_letter_goes_to_the_tester_and_says_so(outbox):
    campaign = make_campaign(test_mode=True, test_address="tester@example.org")
    mandate = make_mandate(email="sam.lee@parliament.example")
    letter = make_letter(campaign, mandate)
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    (mail,) = outbox.deliver()
    assert mail.to == ["tester@example.org"]
    assert mail.subject == "[TEST] Please keep line 42"
    assert mail.body.startswith(
        f"This is a test. In earnest this letter would have gone to {mandate.person.name}."
    )
    assert "sam.lee@parliament.example" not in mail.message().as_string()
    assert [found for found in invariants.check_all() if found.ids] == []


def test_without_a_test_address_a_test_goes_to_its_writer(outbox):
    letter = make_letter(make_campaign(test_mode=True))
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    assert outbox.deliver()[0].to == [letter.supporter.address]


def test_a_letter_written_in_test_mode_stays_a_test_when_the_campaign_goes_live(outbox):
    campaign = make_campaign(test_mode=True)
    letter = make_letter(campaign)
    Campaign.objects.update(test_mode=False)
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    assert outbox.deliver()[0].to == [letter.supporter.address]


def test_letters_meant_in_earnest_wait_out_a_test_and_never_reach_the_tester():
    letter = make_letter(make_campaign())
    Campaign.objects.update(test_mode=True, test_address="tester@example.org")
    assert letters.dispatch_due(letter.slot) == 0
    assert letters.state_of(fresh(letter)).code == "waiting"
    Campaign.objects.update(test_mode=False)
    assert letters.dispatch_due(letter.slot) == 1
    assert "parliament.example" in fresh(letter).delivery.address


# --- the last look at the door ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Campaign.objects.update(stopped=True), "stop button"),
        (lambda: Campaign.objects.update(test_mode=True), "test mode"),
        (lambda: ContactRoute.objects.update(state="bounced"), "bounced"),
        (lambda: Person.objects.update(refuses_letters=True), "asked not to be written to"),
    ],
)
def test_a_letter_stopped_at_the_door_is_held_and_can_still_go(
    outbox, django_capture_on_commit_callbacks, change, reason
):
    letter = make_letter()
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    change()
    with django_capture_on_commit_callbacks(execute=True):
        assert outbox.deliver() == []
    letter = fresh(letter)
    assert (letter.status, letter.delivery.status) == (Status.WITHHELD, Delivery.Status.SUPPRESSED)
    assert reason in letter.held_because
    Campaign.objects.update(stopped=False, test_mode=False)
    ContactRoute.objects.update(state="usable")
    Person.objects.update(refuses_letters=False)
    assert letters.release(letter, User.objects.create_user("staff"))
    letter = fresh(letter)
    later = letter.slot
    assert letters.dispatch_due(later) == 1
    assert len(outbox.deliver()) == 1
    assert [found for found in invariants.check_all() if found.ids] == []


def test_an_office_without_a_known_zone_is_written_to_by_utc():
    house = make_legislature(time_zone="Nowhere/Else")
    letter = make_letter(make_campaign(office_hours=True), make_mandate(house))
    assert 9 <= letter.slot.hour < 17
    assert Legislature.objects.get(pk=house.pk).time_zone == "Nowhere/Else"
