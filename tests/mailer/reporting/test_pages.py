"""The report's pages: figures that add up, people to whom they may be shown, acts that are safe to repeat."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import ContactExport
from mailer.models import Delivery, DeliveryEvent, Hit, Mailing
from mailer.reporting import settling
from mailer.reporting.states import State
from tests.factories import make_mailing
from tests.mailings import make_frozen_mailing, make_links
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

EVERY = {state: number for number, state in enumerate(State, start=1)}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("superuser"))
    return client


def url(name: str, mailing: Mailing) -> str:
    return reverse(f"admin:mailer_mailing_{name}", args=[mailing.pk])


def words(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def test_the_figures_on_the_page_add_up_to_the_audience(desk):
    mailing = make_frozen_mailing(EVERY, chunk_size=20)
    answer = desk.get(url("report", mailing))
    shown = {state["key"]: state["count"] for state in answer.context["states"]}
    assert shown == {state.value: count for state, count in EVERY.items()}
    assert sum(shown.values()) == mailing.audience
    for part in answer.context["bar"]:
        assert f'class="state-{part.key}" x="{part.x}"' in answer.content.decode()
        assert f"?state={part.key}" in answer.content.decode(), "each part opens its people"


def test_the_parts_of_the_bar_fill_it_and_nobody_is_invisible(desk):
    mailing = make_frozen_mailing({"delivered": 300, "failed": 1, "unknown": 1})
    bar = desk.get(url("report", mailing)).context["bar"]
    assert min(part.width for part in bar) >= 6
    assert sum(part.width for part in bar) == pytest.approx(1_000, abs=0.5)


def test_a_mailing_that_nobody_was_sent_says_so_and_counts_nothing(desk):
    answer = desk.get(url("report", make_mailing()))
    assert "Nobody has been sent this mailing yet" in words(answer)
    assert "counts" not in answer.context


def test_the_part_that_moves_asks_again_until_the_mailing_is_done(desk):
    mailing = make_frozen_mailing({"delivered": 1, "waiting": 2})
    live = desk.get(url("report_live", mailing))
    assert 'hx-trigger="tick"' in live.content.decode()
    assert "Figures as of" in words(live)
    Mailing.objects.filter(pk=mailing.pk).update(status="sent")
    assert desk.get(url("report_live", mailing))["HX-Refresh"] == "true"
    assert "data-tick-every" not in desk.get(url("report", mailing)).content.decode()


def test_who_may_not_see_mails_sees_the_figures_and_no_person(client):
    mailing = make_frozen_mailing(EVERY)
    client.force_login(make_staff("Newsletter editors"))
    answer = client.get(url("report", mailing))
    assert answer.status_code == 200
    assert "report/people" not in answer.content.decode()
    assert "report/unknown" not in answer.content.decode()
    assert client.get(url("report_people", mailing)).status_code == 403
    assert client.get(url("report_file", mailing)).status_code == 403


@pytest.mark.parametrize(
    ("role", "pages"),
    [
        ("Newsletter senders", {"report", "report_people", "report_links", "report_unknown"}),
        ("Newsletter editors", {"report", "report_links"}),
        ("Newsletter approvers", {"report", "report_links"}),
        ("Contacts editors", set()),
        ("Moderators", set()),
    ],
)
def test_each_role_opens_the_pages_its_rights_name(client, role, pages):
    mailing = make_frozen_mailing({"delivered": 1})
    client.force_login(make_staff(role))
    asked = {"report", "report_live", "report_people", "report_links", "report_unknown", "report_file"}
    answered = {name for name in asked if client.get(url(name, mailing)).status_code == 200}
    assert answered - {"report_live"} == pages


def test_the_people_page_shows_each_person_with_state_reason_and_pages(desk):
    mailing = make_frozen_mailing({"bounced": 60, "delivered": 10})
    answer = desk.get(url("report_people", mailing) + "?state=bounced")
    assert "the mailbox does not exist (5.1.1)" in words(answer)
    assert "60 people" in words(answer)
    assert len(answer.context["page"].rows) == 50
    further = re.search(r'rel="next" href="([^"]*)"', answer.content.decode())
    rest = desk.get(url("report_people", mailing) + further[1].replace("&amp;", "&"))
    assert len(rest.context["page"].rows) == 10


@pytest.mark.parametrize(
    "query", ["q=%00", "state=nowhere", "link=x", "bounce=%00", "at=after-x", "language=xx"]
)
def test_a_query_nobody_can_read_breaks_no_page_and_gives_no_file(desk, query):
    mailing = make_frozen_mailing({"delivered": 1})
    assert desk.get(f"{url('report_people', mailing)}?{query}").status_code == 200
    if not query.startswith("at="):
        answer = desk.post(f"{url('report_file', mailing)}?{query}", {"format": "csv"})
        assert answer.status_code == 302
        assert not ContactExport.objects.exists()


def test_a_file_is_given_by_post_only_and_holds_what_the_filter_shows(desk):
    mailing = make_frozen_mailing({"delivered": 3, "failed": 2})
    page = url("report_file", mailing) + "?state=failed"
    assert "2 people" in words(desk.get(page))
    assert not ContactExport.objects.exists()
    answer = desk.post(page, {"format": "csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 1 + 2
    assert "no-store" in answer["Cache-Control"]
    assert ContactExport.objects.get().rows == 2


# --- links and the mail with its clicks -----------------------------------------------------------------------------


def test_the_mail_with_its_clicks_runs_nothing_and_leads_nowhere(desk):
    mailing = make_frozen_mailing({"delivered": 3}, track_clicks=True)
    first, _second = make_links(mailing)
    for delivery, verdict in zip(mailing.deliveries.all(), ["human", "machine", "machine"], strict=True):
        Hit.objects.create(delivery=delivery, link=first, kind="click", verdict=verdict, reason="click")
    page = desk.get(url("report_links", mailing))
    frame = re.search(r'<iframe class="report-mail" sandbox src="([^"]*)"', page.content.decode())
    mail = desk.get(frame[1])
    assert mail["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "script" not in mail["Content-Security-Policy"]
    assert mail["X-Frame-Options"] == "SAMEORIGIN"
    html = mail.content.decode()
    assert 'title="1 people clicked, and 2 machines"' in html
    assert "Dear friend," in html
    assert "{{" not in html
    assert "https://epistle.example" not in html


def test_the_mail_of_another_mailing_is_not_shown_under_this_one(desk):
    mailing, other = make_frozen_mailing(track_clicks=True), make_frozen_mailing()
    page = f"{url('report_mail', mailing)}?message={other.messages.get().pk}"
    assert desk.get(page).status_code == 404


def test_all_times_on_the_page_of_a_mailing_are_in_its_zone(desk):
    at = timezone.now().replace(hour=6, minute=5)
    mailing = make_frozen_mailing(sent_at=at, finished_at=at, time_zone="Africa/Nairobi")
    shown = words(desk.get(url("send", mailing)))
    assert "09:05 (Africa/Nairobi)" in shown
    assert "06:05" not in shown


# --- what follows -----------------------------------------------------------------------------------------------------


def test_unknown_mails_are_settled_with_a_reason_that_stays_in_their_history(desk):
    mailing = make_frozen_mailing({"unknown": 3, "delivered": 1})
    ann, ben, cid = mailing.deliveries.filter(status="unknown")
    posted = {
        "act": "arrived",
        "whom": "ticked",
        "row": [ann.pk, ben.pk],
        "why": "The provider's log lists them.",
    }
    page = url("report_unknown", mailing)
    desk.post(page, posted)
    desk.post(page, posted)
    statuses = dict(mailing.deliveries.values_list("pk", "status"))
    assert [statuses[row.pk] for row in (ann, ben, cid)] == ["sent", "sent", "unknown"]
    events = DeliveryEvent.objects.filter(type="settled", actor__isnull=False)
    assert {event.detail for event in events} == {"The provider's log lists them."}
    assert events.count() == 2
    assert LogEntry.objects.filter(object_id=str(mailing.pk)).count() == 1


def test_nothing_is_settled_without_a_reason(desk):
    mailing = make_frozen_mailing({"unknown": 1})
    posted = {"act": "again", "whom": "all", "why": " "}
    assert desk.post(url("report_unknown", mailing), posted).status_code == 200
    assert mailing.deliveries.get().status == "unknown"


def test_all_unknown_mails_of_a_mailing_are_settled_and_no_other_mailings(desk):
    mailing, other = make_frozen_mailing({"unknown": 5}, chunk_size=2), make_frozen_mailing({"unknown": 1})
    desk.post(url("report_unknown", mailing), {"act": "arrived", "whom": "all", "why": "Seen."})
    assert set(mailing.deliveries.values_list("status", flat=True)) == {"sent"}
    assert other.deliveries.get().status == "unknown"


def test_settling_very_many_asks_for_their_number(desk, monkeypatch):
    from mailer.admin.report_forms import SettleForm

    monkeypatch.setattr(SettleForm, "TYPE_ABOVE", 2)
    monkeypatch.setattr(settling, "MOST", 3)
    mailing = make_frozen_mailing({"unknown": 4})
    posted = {"act": "arrived", "whom": "all", "why": "Seen."}
    for wrong in ("", "3", "40"):
        desk.post(url("report_unknown", mailing), {**posted, "count": wrong})
        assert Delivery.objects.filter(status="sent").count() == 0
    desk.post(url("report_unknown", mailing), {**posted, "count": "4"})
    assert Delivery.objects.filter(status="sent").count() == 3, "at most so many at a time"


def test_mailings_are_compared_side_by_side_and_by_list(desk):
    first = make_frozen_mailing({"delivered": 8, "bounced": 2}, name="First")
    second = make_frozen_mailing(
        {"delivered": 3, "failed": 1}, name="Second", mailing_list=first.mailing_list
    )
    make_frozen_mailing(name="Elsewhere")
    page = reverse("admin:mailer_mailing_compare")
    answer = desk.get(page, {"mailing": [first.pk, second.pk]})
    lines = {str(line.label): line.cells for line in answer.context["lines"]}
    assert [cell.count for cell in lines["audience"]] == [10, 4]
    assert [cell.share for cell in lines["delivered"]] == [0.8, 1.0]
    assert [cell.share for cell in lines["bounced"]] == [0.2, 0.0]
    assert [cell.count for cell in lines["people who clicked"]] == [None, None], "not counted is not nought"
    of_list = desk.get(page, {"list": first.mailing_list_id})
    assert [one.name for one in of_list.context["mailings"]] == ["First", "Second"]


@pytest.mark.parametrize("query", ["mailing=x", "mailing=%00", "list=99999999999999999999", "mailing=1", ""])
def test_a_comparison_nobody_can_read_shows_what_can_be_chosen(desk, query):
    make_frozen_mailing(name="There")
    answer = desk.get(f"{reverse('admin:mailer_mailing_compare')}?{query}")
    assert answer.status_code == 200
    assert [one.name for one in answer.context["choosable"]] == ["There"]


def test_another_organisations_mailing_is_not_compared(client):
    theirs = make_frozen_mailing(organisation=make_organisation(), name="Theirs")
    client.force_login(make_staff("superuser", organisation=make_organisation()))
    answer = client.get(reverse("admin:mailer_mailing_compare"), {"mailing": theirs.pk})
    assert answer.context["mailings"] == answer.context["choosable"] == []


def test_staff_without_the_right_compare_nothing(client):
    client.force_login(make_staff("Contacts editors"))
    assert client.get(reverse("admin:mailer_mailing_compare")).status_code == 403


def test_the_report_of_a_large_mailing_asks_as_few_queries_as_that_of_a_small_one(desk):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counted = []
    for size in (10, 200):
        mailing = make_frozen_mailing(
            {"delivered": size, "bounced": size}, languages=["en", "fr"], chunk_size=7
        )
        make_links(mailing)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            desk.get(url("report", mailing))
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 30
