"""What everybody reads: published ones only, narrowed by links, paged by key, with a feed and a page for each."""

from __future__ import annotations

import datetime as dt
from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from advocacy import progress
from advocacy.expressions import moderating, wall, writing
from advocacy.models import Campaign, Expression
from tests.advocacy.pages import Visitor
from tests.expressions import make_expression
from tests.factories import make_campaign

pytestmark = pytest.mark.django_db

Status = Expression.Status


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


def read(campaign: Campaign, part: str = "", language: str = "en") -> Any:
    return Visitor(language).get(f"/{language}/c/{campaign.slug}/support/{part}")


def test_an_empty_wall_invites_and_a_closed_one_does_not(campaign):
    assert "Be the first." in read(campaign).text
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.CLOSED)
    page = read(campaign)
    assert "Be the first." not in page.text
    assert "/support/new/" not in page.html


def test_only_what_is_published_is_shown_and_counted(campaign):
    for status in (Status.PENDING, Status.CONFIRMED, Status.PUBLISHED, Status.REFUSED, Status.WITHDRAWN):
        make_expression(campaign, status, statement=f"I am {status}.", name=f"Name {status}")
    make_expression(make_campaign(), statement="Of another campaign.")
    page = read(campaign)
    assert "I am published." in page.text
    assert "1 expression of support" in page.text
    for hidden in ("pending", "confirmed", "refused", "withdrawn"):
        assert f"I am {hidden}." not in page.html
    assert "another campaign" not in page.text
    on_campaign = Visitor().get(f"/en/c/{campaign.slug}/")
    assert "I am published." in on_campaign.text
    for hidden in Expression.objects.exclude(status=Status.PUBLISHED).filter(campaign=campaign):
        assert read_status(campaign, f"{hidden.pk}/") == 404
        assert read_status(campaign, f"{hidden.pk}/report/") == 404


def read_status(campaign: Campaign, part: str) -> int:
    return Client().get(f"/en/c/{campaign.slug}/support/{part}").status_code


def test_an_expression_is_found_under_its_own_campaign_only(campaign):
    expression = make_expression(make_campaign())
    assert read_status(campaign, f"{expression.pk}/") == 404
    assert read_status(campaign, f"{10**30}/") == 404


def test_the_wall_of_a_draft_is_for_its_staff_only():
    campaign = make_campaign(status=Campaign.Status.DRAFT)
    for part in ("", "new/", "feed/", "link/"):
        assert read_status(campaign, part) == 404


def test_featured_ones_stand_first_then_the_newest(campaign):
    names = ["Oldest", "Featured", "Newest"]
    rows = [make_expression(campaign, name=f"{name} Example") for name in names]
    moderating.feature(rows[1], yes=True)
    text = read(campaign).text
    assert text.index("Featured") < text.index("Newest") < text.index("Oldest")


def test_filters_are_links_that_count_what_they_lead_to(campaign):
    make_expression(campaign, country="KE", language="en", name="Kenyan Example")
    make_expression(campaign, country="FR", language="fr", name="French Example")
    make_expression(campaign, country="FR", language="en", category="media", name="Journal")
    shown = wall.page(campaign, wall.Filters(country="FR"))
    assert shown.total == 2
    by_title = {facet.title: [(one.label, one.count) for one in facet.choices] for facet in shown.facets}
    assert by_title["Country"] == [("France", 2), ("Kenya", 1)]
    assert by_title["Language"] == [("English", 1), ("French", 1)]
    page = read(campaign, "?country=FR&language=fr")
    assert "French Example" in page.text
    assert "Kenyan Example" not in page.text
    assert "1 expression of support" in page.text
    assert "Nobody yet says it this way." in read(campaign, "?country=KE&language=fr").text


@pytest.mark.parametrize(
    "query",
    ["country=%00", "category=x", "language=%27", "after=1-x", "after=0-9999999999.999999-1", "country=FRA"],
)
def test_a_query_nobody_can_read_breaks_nothing(campaign, query):
    make_expression(campaign)
    assert read_status(campaign, f"?{query}") == 200


def test_turning_the_pages_shows_each_once_though_new_ones_come_meanwhile(campaign, monkeypatch):
    monkeypatch.setattr(wall, "ON_A_PAGE", 2)
    rows = [make_expression(campaign) for _number in range(5)]
    moderating.feature(rows[0], yes=True)
    # Several at one moment are told apart by their number.
    moment = timezone.now() - dt.timedelta(days=1)
    Expression.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=moment)
    seen, query = [], ""
    while True:
        shown = wall.page(campaign, wall.Filters(), query)
        seen += [one.pk for one in shown.expressions]
        make_expression(campaign)
        if not shown.older:
            break
        query = shown.older.removeprefix("after=")
    assert seen == [rows[0].pk, *(row.pk for row in reversed(rows[1:]))]


def test_a_statement_is_plain_text_in_its_own_direction(campaign):
    said = "<script>alert(1)</script> **not bold** [x](javascript:alert(1))\n\nثاني\nline"
    expression = make_expression(campaign, statement=said, language="ar", name="<i>Amina</i> {{ 7 }}")
    for page in (
        read(campaign),
        read(campaign, f"{expression.pk}/"),
        Visitor().get(f"/en/c/{campaign.slug}/"),
    ):
        assert "**not bold** [x](javascript:alert(1))" in page.text
        assert '<blockquote lang="ar" dir="rtl">' in page.html
        assert "<i>Amina</i> {{ 7 }}" in page.text
        assert set(page.active) <= {"script"}, "JSON for machines is no script"
        assert "alert(1)</script>" not in page.html


def test_a_page_of_its_own_tells_other_sites_what_it_is(campaign):
    expression = make_expression(campaign, name="Amina Example", role="teacher")
    page = read(campaign, f"{expression.pk}/")
    assert '<meta property="og:title" content="Amina Example, teacher · Keep line 42">' in page.html
    assert f'/en/c/{campaign.slug}/support/{expression.pk}/">' in page.html
    assert '<meta property="og:description" content="My pupils come by line 42.">' in page.html


def test_a_known_video_waits_for_a_click_and_its_host_alone_may_be_framed(campaign):
    expression = make_expression(campaign, video_url="https://vimeo.com/76979871")
    page = read(campaign, f"{expression.pk}/")
    assert "https://player.vimeo.com/video/76979871" in page.html
    assert "iframe" not in page.active
    assert "frame-src https://player.vimeo.com" in page.response["Content-Security-Policy"]
    assert "vimeo" not in read(campaign).response["Content-Security-Policy"]


def test_the_feed_is_well_formed_whatever_was_said_and_names_each_for_ever(campaign):
    expression = make_expression(campaign, statement="A & B < C\tand\nmore \U0001f68c", name="Amina & Sons")
    moderating.feature(make_expression(campaign, name="Featured Example"), yes=True)
    answer = Client().get(f"/en/c/{campaign.slug}/support/feed/")
    assert answer["Content-Type"].startswith("application/atom+xml")
    atom = "{http://www.w3.org/2005/Atom}"
    entries = ElementTree.fromstring(answer.content).findall(f"{atom}entry")  # noqa: S314 (our own)
    assert entries[1].find(f"{atom}title").text == "Amina & Sons, teacher"
    assert entries[1].find(f"{atom}summary").text == "A & B < C\tand\nmore \U0001f68c"
    assert entries[1].find(f"{atom}id").text.endswith(f":expression-{expression.pk}")


def test_a_report_is_counted_and_changes_nothing_before_a_person_looks(campaign):
    expression, visitor = make_expression(campaign), Visitor()
    page = visitor.get(f"/en/c/{campaign.slug}/support/{expression.pk}/report/")
    hasty = visitor.send(page.form(""), told="This is not her.")
    assert "press the button once more" in hasty.text
    assert hasty.form("").values("told")[0].strip() == "This is not her."
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=5), tick=False):
        assert "Thank you, we have it" in visitor.send(hasty.form("")).text
        assert visitor.send(page.form(""), form="forged", told="x").response.status_code == 422
    expression.refresh_from_db()
    assert (expression.status, expression.reports) == (Status.PUBLISHED, 1)


def test_opening_the_page_to_report_reports_nothing(campaign):
    expression = make_expression(campaign)
    read(campaign, f"{expression.pk}/report/")
    expression.refresh_from_db()
    assert expression.reports == 0


def test_a_page_of_the_wall_asks_the_database_as_often_for_many_as_for_few(
    campaign, django_assert_max_num_queries
):
    for number in range(6):
        make_expression(campaign, name=f"Name {number}")
    with django_assert_max_num_queries(8):
        Client().get(f"/en/c/{campaign.slug}/support/")


def test_what_is_taken_down_is_gone_from_the_wall_at_once(campaign):
    expression = make_expression(campaign)
    assert "pupils" in read(campaign).text
    writing.take_down(expression)
    assert "pupils" not in read(campaign).text


# --- on the campaign's page -----------------------------------------------------------------------------------------


def test_the_campaigns_page_counts_the_wall_once_in_five_minutes_however_many_look(campaign):
    make_expression(campaign, category="media")
    (before,) = wall.by_category(campaign)
    assert (before.label, before.count) == ("Media", 1)
    make_expression(campaign, category="media")
    make_expression(campaign, category="state", organisation_name="Example")
    with CaptureQueriesContext(connection) as asked:
        page = Visitor().get(f"/en/c/{campaign.slug}/")
    rows = [query["sql"] for query in asked.captured_queries if "advocacy_expression" in query["sql"]]
    assert len(rows) == 1, "the three newest, and no count"
    assert page.html.count("?category=") == 1
    with time_machine.travel(timezone.now() + progress.DELAY + dt.timedelta(seconds=1)):
        assert [(one.label, one.count) for one in wall.by_category(campaign)] == [("Media", 2), ("State", 1)]
