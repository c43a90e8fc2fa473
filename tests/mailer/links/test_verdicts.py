"""Verdicts reach the deliveries and the figures of a mailing, whatever order things come in, and can be given anew."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailer import invariants, retention, segment_rules, tracking
from mailer.links import figures, verdicts
from mailer.models import Delivery, DeliveryEvent, Hit, Link, Mailing, MailingFigure
from tests.factories import make_contact, make_delivery, make_mailing, make_message

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOW = timezone.now()
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def mailing() -> Mailing:
    found = make_mailing(track_clicks=True, track_opens=True)
    for number in range(1, 5):
        Link.objects.create(mailing=found, number=number, url=f"https://example.org/{number}")
    return found


def sent(mailing: Mailing, ago: dt.timedelta = 5 * HOUR, **fields: object) -> Delivery:
    values = {"status": "sent", "sent_at": NOW - ago, **fields}
    return make_delivery(
        None, Delivery.Kind.MAILING, make_message(), mailing=mailing, contact=make_contact(), **values
    )


def hit(delivery: Delivery, ago: dt.timedelta = HOUR, number: int | None = 1, **fields: object) -> Hit:
    link = Link.objects.filter(mailing=delivery.mailing, number=number).first()
    values = {
        "kind": "click",
        "verdict": "probable",
        "reason": "",
        "agent": FIREFOX,
        "network": "192.0.2.0/24",
    }
    return Hit.objects.create(delivery=delivery, link=link, **{"at": NOW - ago, **values, **fields})


def sums() -> Counter[str]:
    found: Counter[str] = Counter()
    for fact, count in MailingFigure.objects.values_list("fact", "count"):
        found[fact] += count
    return +found


def test_a_person_s_click_dates_the_delivery_and_is_counted_once(mailing: Mailing):
    delivery = sent(mailing)
    first = hit(delivery, 2 * HOUR)
    hit(delivery, HOUR, number=2)
    assert verdicts.judge_waiting() == 1
    delivery.refresh_from_db()
    assert delivery.clicked_at == first.at
    assert sums() == {"clicked": 1}
    assert verdicts.judge_waiting() == 0
    assert sums() == {"clicked": 1}


def test_a_machine_s_click_is_counted_apart_and_dates_nothing(mailing: Mailing):
    delivery = sent(mailing)
    hit(delivery, agent="curl/8.0")
    verdicts.judge_waiting()
    delivery.refresh_from_db()
    assert delivery.clicked_at is None
    assert sums() == {"machine_click": 1}


def test_figures_stand_in_the_hour_of_the_click(mailing: Mailing):
    delivery = sent(mailing)
    first = hit(delivery, 3 * HOUR)
    verdicts.judge_waiting()
    hour = first.at.replace(minute=0, second=0, microsecond=0)
    assert set(MailingFigure.objects.values_list("hour", flat=True)) == {hour}


def test_what_came_just_now_waits_for_the_word_of_the_delivery(mailing: Mailing):
    delivery = sent(mailing, dt.timedelta(minutes=10))
    hit(delivery, at=timezone.now())
    assert verdicts.judge_waiting() == 0
    assert verdicts.judge_waiting(dt.timedelta(0)) == 1


def test_the_result_is_the_same_in_every_order_and_in_any_portions(mailing: Mailing):
    facts = [
        {"ago": 3 * HOUR, "number": 1, "agent": "curl/8.0"},
        {"ago": 2 * HOUR, "number": 2},
        {"ago": HOUR, "number": None},
        {"ago": HOUR - dt.timedelta(seconds=3), "number": 3},
    ]
    seen = set()
    for order in itertools.permutations(facts):
        delivery = sent(mailing)
        for fact in order:
            hit(delivery, **fact)  # type: ignore[arg-type]
            verdicts.judge_waiting()
        delivery.refresh_from_db()
        reasons = Hit.objects.filter(delivery=delivery).order_by("at").values_list("verdict", "reason")
        seen.add((delivery.clicked_at, tuple(reasons), tuple(sorted(sums().items()))))
        MailingFigure.objects.all().delete()
    assert len(seen) == 1
    assert seen.pop()[2] == (("clicked", 1), ("machine_click", 1))


def test_a_machine_that_shows_itself_late_takes_its_click_back(mailing: Mailing):
    delivery = sent(mailing)
    hit(delivery, HOUR, number=1)
    verdicts.judge_waiting()
    hit(delivery, HOUR - dt.timedelta(seconds=2), number=None)
    verdicts.judge_waiting()
    delivery.refresh_from_db()
    assert delivery.clicked_at is None
    assert sums() == {"machine_click": 1}


def test_a_delivery_reported_late_makes_an_early_click_a_machine_s(mailing: Mailing):
    delivery = sent(mailing)
    click = hit(delivery)
    verdicts.judge_waiting()
    Delivery.objects.filter(pk=delivery.pk).update(delivered_at=click.at - dt.timedelta(seconds=2))
    assert verdicts.judge_waiting() == 1
    assert verdicts.judge_waiting() == 0
    click.refresh_from_db()
    assert (click.verdict, click.reason) == ("machine", "too_soon")
    assert sums() == {"machine_click": 1}


def test_better_rules_are_applied_to_what_is_kept(mailing: Mailing, settings: object):
    delivery = sent(mailing)
    hit(delivery)
    verdicts.judge_waiting()
    settings.SCANNER_NETWORKS = ["192.0.2.0/24"]  # type: ignore[attr-defined]
    out = StringIO()
    call_command("judge_hits", stdout=out)
    assert out.getvalue() == "judged the hits of 1 mails\n"
    delivery.refresh_from_db()
    assert delivery.clicked_at is None
    assert sums() == {"machine_click": 1}


def test_what_has_lost_its_traces_keeps_its_verdict(mailing: Mailing):
    delivery = sent(mailing, 50 * 24 * HOUR)
    old = hit(delivery, 40 * 24 * HOUR)
    verdicts.judge_waiting()
    assert retention.forget()
    old.refresh_from_db()
    assert (old.agent, old.network, old.verdict) == ("", "", "human")
    hit(delivery, HOUR)
    verdicts.judge_waiting()
    call_command("judge_hits", stdout=StringIO())
    old.refresh_from_db()
    assert (old.verdict, old.reason) == ("human", "click")


def test_traces_are_kept_for_thirty_days(mailing: Mailing):
    young, old = hit(sent(mailing), 29 * 24 * HOUR), hit(sent(mailing), 31 * 24 * HOUR)
    retention.forget()
    young.refresh_from_db()
    old.refresh_from_db()
    assert (young.agent, young.network) == (FIREFOX, "192.0.2.0/24")
    assert (old.agent, old.network) == ("", "")


def test_an_opening_is_never_more_than_probable(mailing: Mailing):
    delivery = sent(mailing)
    seen = hit(delivery, kind="open", number=None)
    verdicts.judge_waiting()
    seen.refresh_from_db()
    delivery.refresh_from_db()
    assert (seen.verdict, delivery.opened_at, delivery.clicked_at) == ("probable", seen.at, None)
    assert sums() == {"opened": 1}


def test_a_click_the_provider_reported_stays_where_it_is_earlier(mailing: Mailing):
    delivery = sent(mailing)
    reported = NOW - 4 * HOUR
    DeliveryEvent.objects.create(
        delivery=delivery,
        event_key="a",
        type="clicked",
        occurred_at=reported,
        provider="mailgun",
        applied_at=NOW,
    )
    hit(delivery)
    verdicts.judge_waiting()
    delivery.refresh_from_db()
    assert delivery.clicked_at == reported


def test_a_link_that_was_fetched_proves_that_an_unknown_mail_was_delivered(mailing: Mailing):
    delivery = sent(mailing, status="unknown", sent_at=None)
    hit(delivery, agent="curl/8.0")
    verdicts.judge_waiting()
    tracking.apply_all()
    delivery.refresh_from_db()
    assert delivery.status == "sent"
    assert delivery.delivered_at is not None


def test_segments_ask_for_clicks_of_people_only(mailing: Mailing):
    person, machine = sent(mailing), sent(mailing)
    hit(person)
    hit(machine, agent="curl/8.0")
    verdicts.judge_waiting()
    assert list(Delivery.objects.filter(segment_rules.by_a_person("clicked_at"))) == [person]


def test_many_mails_are_judged_in_one_go(mailing: Mailing, django_assert_max_num_queries: object):
    for _number in range(30):
        hit(sent(mailing))
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert verdicts.judge_waiting() == 30
    assert sums() == {"clicked": 30}


def test_what_is_looked_for_each_half_minute_is_found_by_an_index(mailing: Mailing):
    hit(sent(mailing))
    with CaptureQueriesContext(connection) as asked:
        verdicts.judge_waiting()
    selects = [one["sql"] for one in asked if one["sql"].startswith("SELECT DISTINCT")]
    assert len(selects) == 3
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for select in selects:
            cursor.execute("EXPLAIN " + select.replace("%", "%%"))
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "hit_to_judge" in plan or "hit_to_forget" in plan


def test_the_audit_finds_dates_and_figures_in_agreement(mailing: Mailing):
    person, late, machine = sent(mailing), sent(mailing), sent(mailing)
    hit(person)
    hit(person, kind="open", number=None)
    hit(machine, agent="curl/8.0")
    taken_back = hit(late)
    verdicts.judge_waiting()
    hit(late, number=None, at=taken_back.at)
    verdicts.judge_waiting()
    assert sums() == {"machine_click": 2, "clicked": 1, "opened": 1}
    found = {one.name: list(one.ids) for one in invariants.check_all() if one.ids}
    assert not [name for name in found if "in one chunk" not in name], "these deliveries were never frozen"


def test_a_figure_of_nothing_is_no_row(mailing: Mailing):
    figures.add(mailing.pk, {})
    figures.add(mailing.pk, {("clicked", "", NOW): 0})
    assert not MailingFigure.objects.exists()
