"""The charts of the home page count each day once, and no other, and draw what they count."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format

from accounts.charts import HEIGHT, WIDTH, Series, counts_of_days, over, rate
from advocacy.models import Legislature
from mailer import figures
from mailer.admin.deliveries import mail
from mailer.models import Delivery
from mailer.reporting.states import State
from tests.factories import make_delivery
from tests.mailings import make_frozen_mailing
from tests.staff import make_campaign, make_legislature, make_letter, make_organisation, make_staff

NOW = dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)
TODAY = NOW.date()
pytestmark = [pytest.mark.django_db, pytest.mark.time_machine(NOW, tick=False)]


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


def counts(days: int = 30, **more) -> dict[dt.date, int]:
    return counts_of_days(Delivery.objects.all(), "sent_at", "house", days, **more)


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


# --- counting


def test_a_mail_counts_on_its_own_day_from_the_first_moment_to_the_last():
    midnight = NOW.replace(hour=0)
    almost = dt.timedelta(microseconds=1)
    for moment in (midnight - almost, midnight, NOW, midnight + dt.timedelta(days=1) - almost):
        make_delivery(sent_at=moment)
    found = counts()
    assert (found[ago(1)], found[TODAY]) == (1, 3)
    assert sum(found.values()) == 4


def test_what_came_before_or_never_is_left_out():
    for days in (0, 29, 30):
        make_delivery(sent_at=NOW - dt.timedelta(days=days))
    make_delivery()
    series = over(30, "mails sent", counts())
    assert [number for _day, number in series.days] == [1, *[0] * 28, 1]
    assert series.total == 2


def test_a_days_bounds_are_those_of_the_time_zone_staff_live_in(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    make_delivery(sent_at=dt.datetime(2026, 11, 17, 15, tzinfo=dt.UTC))  # midnight in Tokyo
    assert counts()[dt.date(2026, 11, 18)] == 1


def test_a_second_look_costs_no_query(django_assert_num_queries):
    counts()
    with django_assert_num_queries(0):
        counts()


def test_a_look_spends_a_bounded_time_and_the_next_one_goes_on():
    make_delivery(sent_at=NOW - dt.timedelta(days=15))
    first = counts(90, budget=-1.0)  # the time is over at once: ten days and today
    assert sorted(first) == [ago(days) for days in range(10, -1, -1)]
    assert over(90, "", first).days[0] == (ago(89), None), "not counted yet is not nothing"
    second = counts(90, budget=-1.0)
    assert len(second) == 21
    assert second[ago(15)] == 1
    assert len(counts(90, budget=60.0)) == 90


def test_a_day_that_is_over_is_not_counted_again():
    counts()
    make_delivery(sent_at=NOW - dt.timedelta(days=3))
    assert counts()[ago(3)] == 0
    assert counts_of_days(Delivery.objects.all(), "sent_at", "another", 30)[ago(3)] == 1


def test_a_rate_is_a_share_of_its_own_day_and_has_none_where_nothing_was_sent():
    series = rate(30, "bounces", {ago(1): 1, ago(2): 5}, {ago(1): 200, ago(3): 100})
    by_day = dict(series.days)
    assert (by_day[ago(1)], by_day[ago(2)], by_day[ago(3)]) == (0.5, None, 0.0)
    assert series.headline == "2.00%", "six of three hundred"


# --- drawing


def drawn(*numbers: float | None, unit: str = "") -> Series:
    days = [(ago(len(numbers) - index), number) for index, number in enumerate(numbers)]
    return Series("letters", days, unit)


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (0, "0 1"),
        (1, "0 1"),
        (2, "0 1 2"),
        (3, "0 1 2 3"),
        (5, "0 2 4 6"),
        (7, "0 2 4 6 8"),
        (12, "0 5 10 15"),
        (41, "0 20 40 60"),
        (1_000, "0 500 1,000"),
        (1_001, "0 500 1,000 1,500"),
        (12_402, "0 5,000 10,000 15,000"),
    ],
)
def test_the_axis_of_a_count_has_whole_and_round_figures_up_to_one_that_holds_every_day(highest, marks):
    series = drawn(highest, 0)
    assert " ".join(tick.words for tick in series.up) == marks
    assert series.ceiling >= highest


def test_an_axis_has_at_most_five_marks_evenly_spread_over_the_drawing():
    for highest in [*range(200), 999, 1_000_000, 1_000_001]:
        marks = [tick.at for tick in drawn(highest, 0).up]
        gaps = [before - after for before, after in pairwise(marks)]
        assert 2 <= len(marks) <= 5
        assert max(gaps) - min(gaps) < 0.3, "a tenth of a unit is lost where a mark is rounded"


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (0, "0% 1%"),
        (0.01, "0% 0.01%"),
        (0.04, "0% 0.01% 0.02% 0.03% 0.04%"),
        (0.42, "0% 0.20% 0.40% 0.60%"),
        (1.9, "0% 0.50% 1.00% 1.50% 2.00%"),
        (100, "0% 50% 100%"),
    ],
)
def test_the_axis_of_a_rate_fits_a_small_one(highest, marks):
    series = drawn(highest, unit="%")
    assert " ".join(tick.words for tick in series.up) == marks
    assert series.ceiling >= highest


def test_every_bar_stands_inside_the_drawing_and_none_for_a_day_with_nothing():
    series = drawn(0, 1, 5_000, None, 12)
    assert len(series.bars) == 3
    for bar in series.bars:
        assert 0 <= bar.x <= WIDTH - bar.width
        assert bar.height >= 2
        assert 0 <= bar.y <= HEIGHT - bar.height
    assert "5,000" in series.bars[1].words


def test_time_runs_the_way_one_reads():
    series = drawn(1, 2, 3)
    with translation.override("ar"):
        mirrored = [bar.x for bar in series.bars]
    assert mirrored == sorted(mirrored, reverse=True)
    assert [bar.x for bar in series.bars] == sorted(bar.x for bar in series.bars)


def test_the_drawing_is_told_in_a_sentence():
    assert drawn(2, 40, 3).told == f"From 2 to 40 a day, the most on {ago(2).day} Nov 2026."
    assert drawn(None, None).told == "Nothing is counted yet."


# --- the page


def test_the_home_page_shows_each_chart_with_its_table_over_30_or_90_days(client):
    client.force_login(make_staff("superuser"))
    make_letter(confirmed_at=NOW - dt.timedelta(days=40))
    make_delivery(created_at=NOW, sent_at=NOW, bounced_at=NOW)
    month = client.get(reverse("admin:index"))
    titles = [series.title for series in month.context["figures"]]
    assert set(titles) == {"new subscribers", "mail sent", "bounces", "complaints", "letters confirmed"}
    assert len(month.context["figures_by_day"]) == 30
    assert month.text.count('role="img"') >= len(titles)
    assert "100.00%" in month.text
    for _look in range(9):  # each goes on where the last one's time was over
        quarter = client.get(reverse("admin:index"), {"days": "90"})
    letters = next(one for one in quarter.context["figures"] if one.title == "letter confirmed")
    assert letters.total == 1
    assert client.get(reverse("admin:index"), {"days": "'; --"}).context["days"] == 30


def test_nobody_is_shown_the_figures_of_another_organisation(client):
    ours = make_organisation()
    make_letter(make_campaign(organisation=make_organisation()), confirmed_at=NOW)
    client.force_login(make_staff("superuser"))
    client.get(reverse("admin:index"))  # remembered for the house
    client.force_login(make_staff("Campaigners", organisation=ours))
    page = client.get(reverse("admin:index"))
    assert [one.total for one in page.context["figures"]] == [0]
    assert "Kenya" not in page.text


def test_the_map_names_where_letters_came_from(client):
    make_letter(confirmed_at=NOW)
    client.force_login(make_staff("Campaigners"))
    page = client.get(reverse("admin:index")).text
    assert "Where letters came from" in page
    assert "Kenya" in page


def test_data_older_than_a_year_waits_for_who_may_bring_new(client):
    make_legislature()
    Legislature.objects.update(name="Old", as_of=ago(366))
    Legislature.objects.filter(pk=make_legislature().pk).update(as_of=ago(364))
    client.force_login(make_staff("Representatives editors"))
    (need,) = client.get(reverse("admin:index")).context["needs"]
    assert need.sentence == "1 legislature was last brought up to date more than a year ago"
    assert [row.name for row in client.get(need.url).context["cl"].result_list] == ["Old"]
    client.force_login(make_staff("Campaigners"))
    assert client.get(reverse("admin:index")).context["needs"] == []


def test_newsletters_are_counted_by_their_chunks_and_all_other_mails_one_by_one():
    make_frozen_mailing({State.DELIVERED: 2}, sent_at=NOW - dt.timedelta(days=2))
    Delivery.objects.update(sent_at=NOW - dt.timedelta(days=9))  # not what is counted
    make_delivery(created_at=NOW, sent_at=NOW)
    make_delivery(sent_at=NOW - dt.timedelta(days=2), created_at=NOW - dt.timedelta(days=12))
    sent, *_rates = mail(make_staff("superuser"), 30)
    assert {day: number for day, number in sent.days if number} == {ago(2): 3, TODAY: 1}


def test_what_the_desk_counts_and_filters_of_ten_million_mails_has_an_index():
    rows = Delivery.objects.all()
    day = {"complained_at__gte": NOW, "complained_at__lt": NOW + dt.timedelta(days=1)}
    asked = [
        (rows.filter(**day), "delivery_complained"),
        (rows.exclude(kind="mailing").filter(created_at__gte=NOW), "delivery_single_day"),
        (figures.failed_lately(rows), "delivery_trouble_day"),
        (rows.filter(kind="letter"), "delivery_single_kind"),
        (rows.filter(bounce_class="block", bounced_at__isnull=False), "delivery_bounce_class"),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query, index in asked:
            assert index in query.explain(), index


@pytest.mark.parametrize(
    ("language", "day"), [("en", "4 Nov"), ("fr", "4 nov."), ("es", "4 nov"), ("ar", "4 نوفمبر")]
)
def test_a_day_below_a_chart_is_called_as_in_the_table_beside_it(language, day):
    with translation.override(language):
        chart = over(30, "mails sent", {})
        labels = [tick.words for tick in chart.along]
        shown = [date_format(one, "DATE_FORMAT") for one, _number in chart.days]
    assert all(any(whole.startswith(label) for whole in shown) for label in labels), labels
    assert day in [words.removesuffix(" 2026") for words in shown]
