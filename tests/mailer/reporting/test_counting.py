"""The bar of a report: every person of the audience in exactly one state."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import Q
from django.utils import timezone

from mailer.models import Delivery, DeliveryEvent, MailingChunk, MailingFigure
from mailer.reporting import checking, counting
from mailer.reporting.states import State, condition, of, windows
from tests.factories import make_delivery, make_mailing
from tests.mailings import make_frozen_mailing
from tests.staff import make_event

pytestmark = pytest.mark.django_db

EVERY = {state: number for number, state in enumerate(State, start=1)}


def test_each_person_of_the_audience_is_counted_in_the_one_state_they_are_in():
    mailing = make_frozen_mailing(EVERY, chunk_size=20)
    bar = counting.counts(mailing)
    assert dict(bar.by_state) == EVERY
    assert bar.total == mailing.audience == sum(EVERY.values())
    assert bar.sent == bar["sent"] == 1 + 2 + 3 + 4
    assert bar.settled == bar.total - EVERY[State.ASKED] - EVERY[State.WAITING]


def test_the_condition_of_each_state_finds_just_the_rows_that_are_in_it():
    mailing = make_frozen_mailing(EVERY, chunk_size=20)
    asked = windows(mailing)
    for state in State:
        rows = mailing.deliveries.filter(condition(state, asked))
        assert rows.count() == EVERY[state], state
        assert {of(row, asked) for row in rows} == {state}


def test_every_row_the_ledger_can_hold_is_in_exactly_one_state():
    mailing, now = make_frozen_mailing({"waiting": 1}), timezone.now()
    row = mailing.deliveries.get()
    for status in Delivery.Status:
        for dates in range(8):
            world = {
                name: now if dates >> bit & 1 else None
                for bit, name in enumerate(["delivered_at", "bounced_at", "complained_at"])
            }
            lease = {"lease_until": now, "claim": "0" * 32}
            Delivery.objects.filter(pk=row.pk).update(status=status, sent_at=now, **world, **lease)
            row.refresh_from_db()
            matching = [state for state in State if mailing.deliveries.filter(condition(state, [])).exists()]
            assert matching == [of(row, [])], (status, world)


def test_a_mailing_that_is_not_frozen_has_nobody_in_any_state():
    assert counting.counts(make_mailing()).total == 0


def test_a_person_whose_mail_was_delivered_and_came_back_later_is_counted_once():
    mailing = make_frozen_mailing({"delivered": 3})
    row = mailing.deliveries.first()
    Delivery.objects.filter(pk=row.pk).update(bounced_at=timezone.now(), bounce_class="soft")
    bar = counting.counts(mailing)
    assert (bar["delivered"], bar["bounced"], bar.total) == (2, 1, 3)


def test_a_report_that_comes_before_the_answer_is_stored_counts_nobody_twice():
    mailing = make_frozen_mailing({"asked": 2, "waiting": 1})
    now = timezone.now()
    mailing.deliveries.filter(pk=mailing.deliveries.first().pk).update(delivered_at=now)
    MailingFigure.objects.create(mailing=mailing, fact="delivered", hour=now, count=1)
    bar = counting.counts(mailing)
    assert (bar["delivered"], bar["asked"], bar["waiting"], bar.total) == (0, 2, 1, 3)


def test_figures_that_run_ahead_of_the_rows_never_count_more_people_than_were_sent_to():
    mailing = make_frozen_mailing({"delivered": 2, "bounced": 1})
    MailingFigure.objects.create(mailing=mailing, fact="delivered", hour=timezone.now(), count=50)
    bar = counting.counts(mailing)
    assert (bar["delivered"], bar["bounced"], bar["no_news"], bar.total) == (2, 1, 0, 3)


def test_the_window_of_a_worker_is_being_sent_and_the_rest_of_its_chunk_waits():
    mailing = make_frozen_mailing({"delivered": 2, "asked": 3, "waiting": 4})
    window = windows(mailing)[0]
    settled = mailing.deliveries.filter(condition(State.ASKED, [window])).first()
    Delivery.objects.filter(pk=settled.pk).update(status="sent", sent_at=timezone.now())
    mailing.chunks.update(sent=3, reached=settled.pk)
    bar = counting.counts(mailing)
    assert (bar["sent"], bar["asked"], bar["waiting"]) == (3, 2, 4)


@pytest.mark.parametrize("rows", [dict.fromkeys(EVERY, 2), {"delivered": 5}, {"cancelled": 3, "no_news": 2}])
def test_the_audit_finds_nothing_wrong_where_the_counters_are_those_of_the_rows(rows):
    make_frozen_mailing(rows, chunk_size=4)
    assert checking.wrong_bars() == []


def test_the_audit_names_a_mailing_whose_bar_does_not_add_up():
    good, bad = make_frozen_mailing({"delivered": 2}), make_frozen_mailing({"delivered": 2, "failed": 1})
    type(bad).objects.filter(pk=bad.pk).update(audience=2)
    assert checking.wrong_bars() == [bad.pk]
    assert good.pk not in checking.wrong_bars()


def test_the_audit_names_a_mailing_whose_counter_differs_from_its_rows():
    mailing = make_frozen_mailing({"delivered": 2, "failed": 1})
    mailing.deliveries.filter(status="failed").update(status="suppressed")
    assert checking.wrong_bars() == [mailing.pk]


def test_the_lag_is_that_of_the_oldest_report_that_waits():
    late = timezone.now() - dt.timedelta(seconds=90)
    event = make_event(make_delivery(), "delivered", provider="mailgun", applied_at=None)
    DeliveryEvent.objects.filter(pk=event.pk).update(received_at=late, delivery=None)
    assert 89 <= (counting.age().seconds or 0) <= 100


def test_the_lag_is_what_the_newest_reports_waited_when_none_does():
    assert counting.age().seconds is None
    event = make_event(make_delivery(), "delivered", provider="mailgun")
    DeliveryEvent.objects.filter(pk=event.pk).update(received_at=event.applied_at - dt.timedelta(seconds=4))
    assert counting.age().seconds == 4


def test_a_bar_of_many_chunks_is_counted_in_few_queries(django_assert_max_num_queries):
    mailing = make_frozen_mailing(EVERY, chunk_size=5)
    assert MailingChunk.objects.filter(mailing=mailing).count() > 5
    with django_assert_max_num_queries(6):
        counting.counts(mailing)


def test_no_state_is_left_out_of_the_sum():
    everything = Q()
    for state in State:
        everything |= condition(state, [])
    mailing = make_frozen_mailing(EVERY)
    assert mailing.deliveries.filter(everything).count() == mailing.audience
