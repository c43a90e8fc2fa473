"""What a report draws: over time, by domain, by link, and in shares. Numbers first, the drawing after them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from mailer.links.rewriting import click_url, rewrite
from mailer.models import Delivery, Hit, MailingFigure
from mailer.reporting import bouncing, clicks, counting, drawing, heat, outcomes, summary, timing
from mailer.reporting.outcomes import Outcome
from mailer.reporting.states import State
from mailer.templatetags.reports import percent
from tests.factories import make_mailing
from tests.mailings import make_frozen_mailing, make_links

NOON = dt.datetime(2026, 11, 2, 12, 0, tzinfo=dt.UTC)


def figure(mailing, fact, hours, count, detail=""):
    hour = NOON + dt.timedelta(hours=hours)
    row, _new = MailingFigure.objects.get_or_create(mailing=mailing, fact=fact, detail=detail, hour=hour)
    MailingFigure.objects.filter(pk=row.pk).update(count=row.count + count)


def shown(timeline):
    return {chart.key: [column.count for column in chart.columns] for chart in timeline.charts}


# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_happened_is_told_by_the_hour_and_nothing_is_lost():
    mailing = make_mailing()
    figure(mailing, "accepted", 0, 900)
    figure(mailing, "accepted", 2, 100)
    figure(mailing, "delivered", 2, 700)
    figure(mailing, "bounced", 2, 3, "hard")
    figure(mailing, "bounced", 2, 4, "soft")
    timeline = timing.timeline(mailing)
    assert timeline.is_hourly
    told = shown(timeline)
    assert told["accepted"][:3] == [900, 0, 100]
    assert told["bounced"][:3] == [0, 0, 7]
    assert {chart.key: chart.total for chart in timeline.charts} == {
        "accepted": 1_000,
        "delivered": 700,
        "bounced": 7,
    }
    assert [row for row in timeline.rows if any(row[1])] == timeline.rows
    assert sum(counts[0] for _label, counts in timeline.rows) == 1_000


@pytest.mark.django_db
def test_a_longer_time_is_told_by_days_of_the_mailings_own_zone():
    mailing = make_mailing(time_zone="Africa/Nairobi")
    figure(mailing, "delivered", 8, 5)  # 20:00 in UTC, 23:00 there
    figure(mailing, "delivered", 9, 7)  # midnight there
    figure(mailing, "delivered", 100, 1)
    timeline = timing.timeline(mailing)
    assert not timeline.is_hourly
    assert shown(timeline)["delivered"][:6] == [5, 7, 0, 0, 1, 0]


@pytest.mark.django_db
def test_what_comes_months_later_is_counted_to_the_last_day():
    mailing = make_mailing()
    figure(mailing, "delivered", 0, 5)
    figure(mailing, "delivered", 24 * 300, 2)
    counts = shown(timing.timeline(mailing))["delivered"]
    assert (len(counts), counts[0], counts[-1], sum(counts)) == (timing.MOST_DAYS, 5, 2, 7)


@pytest.mark.django_db
def test_without_figures_of_acceptance_the_chunks_say_when_they_were_sent():
    mailing = make_frozen_mailing({"no_news": 5}, sent_at=NOON, chunk_size=2)
    assert shown(timing.timeline(mailing))["accepted"][0] == 5
    assert timing.timeline(make_mailing()) is None


# --- bounces ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_bounce_counts_once_by_kind_and_once_by_domain():
    domains = ["kenya.example", "post.example", "post.example"]
    mailing = make_frozen_mailing({"bounced": 6, "delivered": 3}, domains=domains)
    make_frozen_mailing({"bounced": 2})
    first = mailing.deliveries.filter(bounced_at__isnull=False).first()
    Delivery.objects.filter(pk=first.pk).update(bounce_class="soft", address="")
    found = bouncing.bounces(mailing)
    assert [(one.key, one.rod.count) for one in found.classes] == [("hard", 5), ("soft", 1)]
    assert [(rod.label, rod.count) for rod in found.domains] == [("post.example", 4), ("kenya.example", 1)]
    assert (found.total, found.others, found.forgotten) == (6, 0, 1)


@pytest.mark.django_db
def test_domains_that_are_not_shown_are_counted_together(monkeypatch):
    monkeypatch.setattr(bouncing, "MOST_DOMAINS", 1)
    mailing = make_frozen_mailing({"bounced": 5}, domains=["a.example", "b.example"])
    found = bouncing.bounces(mailing)
    assert (len(found.domains), found.others) == (1, 2)


# --- links --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_person_who_clicks_twice_is_one_person_and_two_clicks_and_a_machine_is_none():
    mailing = make_frozen_mailing({"delivered": 4})
    first, second = make_links(mailing)
    ann, ben, cid, machine = mailing.deliveries.all()
    for delivery, link, verdict in [
        (ann, second, "human"), (ann, second, "human"), (ben, second, "probable"), (cid, second, "probable"),
        (cid, second, "human"), (machine, second, "machine"), (machine, first, "machine"),
    ]:  # fmt: skip
        Hit.objects.create(delivery=delivery, link=link, kind="click", verdict=verdict, reason="click")
    one, other = clicks.by_link(mailing)
    assert (one.link, one.people, one.probable, one.machines, one.clicks) == (second, 3, 1, 1, 5)
    assert (other.link, other.people, other.machines, other.clicks) == (first, 0, 1, 0)
    counted = {(reason.verdict, reason.count) for reason in clicks.reasons(mailing)}
    assert counted == {("human", 3), ("probable", 2), ("machine", 2)}
    assert all(reason.words for reason in clicks.reasons(mailing))


@pytest.mark.django_db
def test_a_click_that_is_not_judged_yet_is_counted_nowhere():
    mailing = make_frozen_mailing({"delivered": 1})
    link, _other = make_links(mailing)
    Hit.objects.create(delivery=mailing.deliveries.get(), link=link, kind="click", verdict="probable")
    assert [(one.people, one.clicks) for one in clicks.by_link(mailing)] == [(0, 0), (0, 0)]
    (reason,) = clicks.reasons(mailing)
    assert (reason.taken_for, reason.words) == ("–", "not judged yet")


@pytest.mark.django_db
def test_a_link_of_one_language_says_which_and_a_link_of_all_says_none():
    mailing = make_frozen_mailing({"delivered": 1}, languages=["en", "fr"])
    make_links(mailing)
    french = mailing.messages.get(language="fr").message
    french.html = f'<a href="{click_url(1)}">Lire</a>'
    french.save()
    assert {one.link.number: one.languages for one in clicks.by_link(mailing)} == {1: (), 2: ("en",)}


@pytest.mark.django_db
def test_the_badge_of_a_link_cannot_be_closed_by_what_stands_in_the_mail():
    mailing = make_frozen_mailing({"delivered": 1})
    make_links(mailing)
    frozen = mailing.messages.select_related("message").get()
    frozen.message.html = (
        f'<a href="{click_url(1)}" title=">">one <b>bold</b></a><a class="x" href="{click_url(2)}">two</a>'
        '<a href="{{ web_link }}">web</a>{{ first_name | "><script>x</script> }}'
        f'<a href="{click_url(9)}">gone</a>'
    )
    clicked = {one.link.number: one for one in clicks.by_link(mailing)}
    html = heat.heat_map(frozen, clicked, '%(people)s" onmouseover="x')
    assert html.count("border-radius:9px") == 2
    assert 'onmouseover="x"' not in html
    assert "/c/" not in html
    assert html.count('href="#"') == 4


@pytest.mark.django_db
def test_the_badges_stand_on_the_links_as_the_freeze_writes_them_and_nothing_is_fetched_or_counted_again():
    mailing = make_frozen_mailing({"delivered": 1}, track_clicks=True, track_opens=True)
    frozen = mailing.messages.select_related("message").get()
    written = '<html><body><a href="https://epistle.example/write/">Write</a></body></html>'
    frozen.message.html, _text = rewrite(written, "", mailing)
    html = heat.heat_map(frozen, {one.link.number: one for one in clicks.by_link(mailing)}, "%(people)s")
    assert html.count("border-radius:9px") == 1
    assert "/c/" not in html
    assert "/o/" not in html


# --- shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_complaints_are_held_against_what_mailbox_providers_ask():
    for complained, tone in ((0, "good"), (1, "warn"), (4, "bad")):
        states = dict.fromkeys(State, 0) | {State.DELIVERED: 999 - complained, State.COMPLAINED: complained}
        rates = {rate.key: rate for rate in summary.rates(make_mailing(), counting.Counts(999, states))}
        assert rates["complained"].tone == tone
        assert rates["complained"].whole == 999
    assert summary.Rate("x", "x", 0, 0, "", most=0.1).tone == "", "of nobody there is no share"


@pytest.mark.django_db
def test_clicks_and_openings_stand_there_only_where_they_were_counted():
    keys = {
        (clicks_on, opens_on): {rate.key for rate in summary.rates(mailing, counting.counts(mailing))}
        for clicks_on in (True, False)
        for opens_on in (True, False)
        for mailing in [make_frozen_mailing(track_clicks=clicks_on, track_opens=opens_on)]
    }
    assert all(("clicked" in found) == clicks_on for (clicks_on, _), found in keys.items())
    assert all(("opened" in found) == opens_on for (_, opens_on), found in keys.items())


@pytest.mark.django_db
def test_languages_are_compared_and_their_audiences_add_up():
    mailing = make_frozen_mailing({"delivered": 3, "bounced": 1, "waiting": 2}, languages=["en", "ar", "fr"])
    found = summary.languages(mailing)
    assert {one.code for one in found} == {"en", "ar", "fr"}
    assert sum(one.audience for one in found) == mailing.audience
    assert {(one.sent, one.bounced, one.bounced_share) for one in found} == {(4, 1, 0.25)}


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "–"), (0, "0%"), (1, "100%"), (0.71428, "71.4%"), (0.2777, "27.8%"), (0.0012, "0.12%"), (0.00004, "0.004%"),
     (0.99999, "99.9%")],
)  # fmt: skip
def test_a_share_is_as_fine_as_it_is_small_and_nearly_all_is_not_all(share, words):
    assert percent(share) == words
    with translation.override("fr"):
        assert "." not in percent(share)


@pytest.mark.parametrize("counts", [[], [0], [1], [1_000_000, 1], [5, 5, 5], [10**6] + [1] * 9])
def test_the_parts_of_a_bar_fill_it_in_order_without_touching(counts):
    drawn = drawing.parts([(str(number), count) for number, count in enumerate(counts)])
    assert len(drawn) == sum(count > 0 for count in counts)
    x = 0.0
    for part in drawn:
        assert part.x == pytest.approx(x, abs=0.2)
        assert part.width >= drawing.LEAST
        x += part.width
    assert not drawn or x == pytest.approx(drawing.WIDTH, abs=1)


# --- what came of it --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_came_of_a_mailing_is_said_by_whoever_registered_and_remembered_for_a_while(monkeypatch):
    asked = []

    def source(mailing):
        asked.append(mailing)
        return [Outcome(12, "letters written")]

    monkeypatch.setattr(outcomes, "_sources", {})
    mailing = make_mailing()
    assert outcomes.first_outcome(mailing, "eo") is None
    outcomes.register("test", source)
    other = make_mailing()
    assert [one.count for one in outcomes.outcomes(other, "eo")] == [12]
    assert outcomes.first_outcome(other, "eo").words == "letters written"
    assert asked == [other]
