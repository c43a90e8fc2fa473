"""Reports of mailings: counted as they come, whatever their order; what was unknown is settled with its chunk."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Consent, Subscription, Suppression
from mailer import invariants, sweeping, tracking
from mailer.models import Delivery, DeliveryEvent, Mailing, MailingChunk, MailingFigure, MailingMessage
from mailer.signals import delivery_settled
from mailer.tracking import applying
from tests.factories import make_contact, make_delivery, make_mailing, make_message, make_subscription

pytestmark = pytest.mark.django_db
Status = Delivery.Status
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def report(delivery_id: int, type: str, minutes: float = 0, code: str = "") -> AnymailTrackingEvent:
    """What Anymail makes of a provider's post."""
    return AnymailTrackingEvent(
        event_type=type,
        timestamp=NOON + timedelta(minutes=minutes),
        event_id=None,
        message_id="",
        recipient="somebody@example.org",
        metadata={"delivery_id": str(delivery_id)},
        mta_response=code and f"550 {code} no",
        esp_event={},
    )


def started(people: int = 3, status: str = Status.SENT, **fields: Any) -> tuple[Mailing, list[Delivery]]:
    """A mailing whose people stand in one chunk, all with this status."""
    mailing = make_mailing(
        texts=False, status=Mailing.Status.SENDING, started_at=NOON, frozen_at=NOON, **fields
    )
    message = make_message()
    deliveries = []
    for _person in range(people):
        contact = make_contact()
        make_subscription(contact, mailing.mailing_list)
        deliveries.append(
            make_delivery(
                contact.address,
                kind=Delivery.Kind.MAILING,
                message=message,
                mailing=mailing,
                contact=contact,
                status=status,
                sent_at=NOON if status == Status.SENT else None,
            )
        )
    frozen = MailingMessage.objects.create(mailing=mailing, message=message, language="en")
    MailingChunk.objects.create(
        mailing=mailing,
        number=1,
        mailing_message=frozen,
        first_id=deliveries[0].pk,
        last_id=deliveries[-1].pk,
        size=people,
        **{status: people},
    )
    Mailing.objects.filter(pk=mailing.pk).update(audience=people, candidates=people)
    return mailing, deliveries


def keep(*reports: AnymailTrackingEvent) -> None:
    tracking.keep(reports, "mailgun")


def figures(mailing: Mailing) -> dict[tuple[str, str, int], int]:
    """Fact, detail and hour of the day, to how many."""
    rows = MailingFigure.objects.filter(mailing=mailing).exclude(count=0)
    return {(row.fact, row.detail, row.hour.hour): row.count for row in rows}


def broken() -> list[invariants.Violation]:
    return [found for found in invariants.check_all() if found.ids]


def test_reports_are_counted_by_the_hour_in_which_they_happened():
    mailing, [one, two, three] = started()
    keep(
        report(one.pk, "delivered"), report(two.pk, "delivered", 70), report(three.pk, "bounced", 70, "5.1.1")
    )
    tracking.apply_all()
    assert figures(mailing) == {
        ("delivered", "", 12): 1,
        ("delivered", "", 13): 1,
        ("bounced", "hard", 13): 1,
    }


def test_an_earlier_report_moves_what_was_counted_to_its_hour():
    mailing, [one] = started(1)
    keep(report(one.pk, "bounced", 70, "5.2.2"))
    tracking.apply_all()
    keep(report(one.pk, "bounced", 10, "5.1.1"), report(one.pk, "bounced", 90, "5.7.1"))
    tracking.apply_all()
    assert figures(mailing) == {("bounced", "hard", 12): 1}


def test_opens_and_clicks_count_only_where_the_mailing_watches_them():
    quiet, [in_quiet] = started(1)
    watched, [in_watched] = started(1, track_opens=True, track_clicks=True)
    for delivery in (in_quiet, in_watched):
        keep(report(delivery.pk, "opened"), report(delivery.pk, "clicked"))
    tracking.apply_all()
    assert figures(quiet) == {}
    assert figures(watched) == {("opened", "", 12): 1, ("clicked", "", 12): 1}
    in_quiet.refresh_from_db()
    assert (in_quiet.opened_at, in_quiet.clicked_at) == (None, None)
    assert not broken()


reports_of_three = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["queued", "delivered", "deferred", "bounced", "complained", "opened", "clicked"]),
        st.sampled_from([0, 30, 70, 130]),
        st.sampled_from(["", "5.1.1", "5.2.2"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda fact: fact[:3],
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=reports_of_three, status=st.sampled_from([Status.UNKNOWN, Status.SENT]), data=st.data())
def test_rows_and_figures_depend_on_the_set_of_reports_only(facts, status, data):
    results = []
    for _history in range(2):
        mailing, deliveries = started(3, status=status, track_clicks=True)
        posts = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=4))))
        for place, type, minutes, code in posts:
            keep(report(deliveries[place].pk, type, minutes, code))
            if data.draw(st.booleans()):
                tracking.apply_all()
        tracking.apply_all(parked=True)
        rows = Delivery.objects.filter(mailing=mailing).order_by("pk")
        results.append(
            (
                list(
                    rows.values_list(
                        "status", "sent_at", "delivered_at", "bounced_at", "bounce_class", "clicked_at"
                    )
                ),
                figures(mailing),
                MailingChunk.objects.values("sent", "unknown").get(mailing=mailing),
            )
        )
    assert results[0] == results[1]
    assert not broken()


def test_a_thousand_reports_in_any_order_with_repeats_give_the_same_rows_and_figures(monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 700)
    chance = random.Random(8)
    facts = [
        (person, type, minute)
        for person in range(100)
        for type in chance.sample(["delivered", "deferred", "bounced", "opened", "clicked", "complained"], 5)
        for minute in chance.sample(range(240), 2)
    ]
    seen = set()
    mailing, deliveries = started(100, status=Status.UNKNOWN, track_clicks=True)
    for _order in range(20):
        Delivery.objects.update(
            status=Status.UNKNOWN, sent_at=None, delivered_at=None, deferred_at=None, bounced_at=None,
            bounce_class="", bounce_code="", complained_at=None, opened_at=None, clicked_at=None,
        )  # fmt: skip
        DeliveryEvent.objects.all().delete()
        MailingFigure.objects.all().delete()
        MailingChunk.objects.update(sent=0, unknown=100)
        posts = facts + chance.choices(facts, k=100)
        chance.shuffle(posts)
        for start in range(0, len(posts), 275):
            keep(*[report(deliveries[person].pk, *fact) for person, *fact in posts[start : start + 275]])
            if chance.random() < 0.3:
                tracking.apply_all()
        tracking.apply_all()
        rows = Delivery.objects.order_by("pk").values_list(
            "status", "sent_at", "delivered_at", "deferred_at", "bounced_at", "bounce_class", "complained_at",
            "opened_at", "clicked_at",
        )  # fmt: skip
        seen.add((tuple(rows), tuple(sorted(figures(mailing).items()))))
    assert len(seen) == 1
    assert DeliveryEvent.objects.filter(provider="mailgun").count() == 1_000
    assert MailingFigure.objects.filter(fact="delivered").aggregate(n=Sum("count"))["n"] == (
        Delivery.objects.exclude(delivered_at=None).count()
    )
    assert not broken()


def test_proof_settles_the_unknown_and_their_chunk_counts_them_as_sent():
    mailing, [one, two, _three] = started(status=Status.UNKNOWN)
    keep(report(one.pk, "delivered", 5), report(one.pk, "clicked", 9), report(two.pk, "deferred"))
    tracking.apply_all()
    chunk = MailingChunk.objects.get(mailing=mailing)
    assert (chunk.sent, chunk.unknown) == (2, 1)
    one.refresh_from_db()
    assert (one.status, one.reason, one.sent_at) == (Status.SENT, "", NOON + timedelta(minutes=5))
    assert list(one.events.filter(type="settled").values_list("detail", flat=True)) == [
        "a report of the provider proves that it was accepted"
    ]


def test_what_became_unknown_after_its_proof_is_settled_by_the_sweeper():
    mailing, [one] = started(1)
    keep(report(one.pk, "delivered"))
    tracking.apply_all()
    Delivery.objects.filter(pk=one.pk).update(status=Status.UNKNOWN, sent_at=None)
    MailingChunk.objects.update(sent=0, unknown=1)
    assert broken()
    sweeping.sweep()
    assert MailingChunk.objects.values_list("sent", "unknown").get(mailing=mailing) == (1, 0)
    assert not broken()


@pytest.mark.django_db(transaction=True)
def test_nobody_above_is_told_of_each_of_a_million():
    heard: list[Any] = []

    def listen(sender: Any, **kwargs: Any) -> None:
        heard.append(kwargs)

    _mailing, deliveries = started(3, status=Status.UNKNOWN)
    delivery_settled.connect(listen)
    try:
        for delivery in deliveries:
            keep(report(delivery.pk, "delivered"), report(delivery.pk, "bounced", code="5.1.1"))
        tracking.apply_all()
    finally:
        delivery_settled.disconnect(listen)
    assert heard == []
    assert Suppression.objects.filter(reason="bounce", scope="all").count() == 3


def test_the_work_for_a_batch_does_not_grow_with_it(django_assert_max_num_queries):
    _mailing, deliveries = started(40)
    keep(*[report(d.pk, type) for d in deliveries for type in ("delivered", "opened", "complained")])
    with django_assert_max_num_queries(20):
        tracking.apply_all()
    assert Suppression.objects.filter(reason="complaint").count() == 40


def test_who_leaves_by_the_providers_button_leaves_the_lists_of_that_mailing():
    mailing, [one, two] = started(2)
    other = make_subscription(one.contact, make_mailing(texts=False).mailing_list)
    for _again in range(2):
        keep(report(one.pk, "unsubscribed"))
        tracking.apply_all()
    assert set(
        Subscription.objects.filter(mailing_list=mailing.mailing_list).values_list("contact", "status")
    ) == {
        (one.contact_id, "unsubscribed"),
        (two.contact_id, "confirmed"),
    }
    other.refresh_from_db()
    assert other.status == "confirmed"
    assert Consent.objects.filter(contact=one.contact, granted=False).count() == 1


def test_who_has_another_address_by_now_does_not_leave_by_a_mail_to_the_old_one():
    mailing, [one] = started(1)
    one.contact.address_hash = b"another".ljust(32)
    one.contact.save()
    keep(report(one.pk, "unsubscribed"))
    tracking.apply_all()
    assert Subscription.objects.get(mailing_list=mailing.mailing_list).status == "confirmed"
