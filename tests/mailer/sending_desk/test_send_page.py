"""The page Send: a draft leaves only when nothing stands in its way, and what is on its way can be stopped."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from mailer import throttle
from mailer.fetching import Answer
from mailer.mailings import running as sending
from mailer.models import Mailing, MailingAct
from mailer.preflight import running
from tests.factories import make_contact, make_mailing, make_mailing_text, make_sender, make_subscription
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

What = MailingAct.What


def url(mailing: Mailing, name: str = "send") -> str:
    return reverse(f"admin:mailer_mailing_{name}", args=[mailing.pk])


def ready(people: int = 2, **fields) -> Mailing:
    """A draft that passed its check."""
    mailing = make_mailing(texts=False, **fields)
    make_mailing_text(mailing, preheader="For everybody")
    for _ in range(people):
        make_subscription(make_contact(first_name="Ann"), mailing.mailing_list)
    running.check(mailing, by=None, fetch=lambda link: Answer(200, link))
    return mailing


def chosen(html: str) -> dict[str, str]:
    """The hidden fields of the confirmation page."""
    form = html[html.index('class="send-form"') :]
    return dict(re.findall(r'<input type="hidden" name="(?!csrf)(\w+)" value="([^"]*)"', form))


def confirmed(client, mailing: Mailing, **query):
    """Walk through the confirmation page as a person does."""
    html = client.get(url(mailing, "send_confirm"), query or {"when": "now"}).content.decode()
    return client.post(url(mailing, "send_confirm"), chosen(html), follow=True)


@pytest.fixture
def sender(client):
    user = make_staff("Newsletter senders", username="ann")
    client.force_login(user)
    return client


def moved_to(mailing: Mailing) -> str:
    mailing.refresh_from_db()
    return mailing.status


def test_send_now_leaves_a_minute_to_take_it_back(sender):
    mailing = ready()
    html = sender.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    assert "Send to 2 people" in html
    page = confirmed(sender, mailing).content.decode()
    assert moved_to(mailing) == "scheduled"
    assert dt.timedelta(seconds=50) < mailing.starts_at - timezone.now() <= dt.timedelta(seconds=60)
    assert "It starts in" in page
    sender.post(url(mailing, "send_act"), {"act": "withdraw"})
    assert moved_to(mailing) == "draft"
    assert mailing.starts_at is None


def test_a_get_of_any_page_sends_nothing(sender):
    mailing = ready()
    for name in ("send", "send_confirm", "send_act", "send_progress", "approval"):
        sender.get(url(mailing, name), {"when": "now", "act": "cancel"})
    assert moved_to(mailing) == "draft"
    assert set(mailing.acts.values_list("what", flat=True)) == {What.CHECKED}


def test_the_confirmation_repeats_everything(sender):
    mailing = ready(
        sender=make_sender(name="Coalition", address="news@bus42.org", reply_to="answers@bus42.org")
    )
    make_subscription(make_contact(first_name="Luz", language="es"), mailing.mailing_list)
    html = sender.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    for said in (
        "Stand with victims", "Coalition", "news@bus42.org", "answers@bus42.org", mailing.mailing_list.name,
        "1 · Spanish", "about 1 second", "not needed", "neither clicks nor openings",
    ):  # fmt: skip
        assert said in html, said


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda m: Mailing.objects.update(preflight_print=""), "It has been changed since it was checked."),
        (lambda m: m.texts.update(subject="Another"), "It has been changed since it was checked."),
        (lambda m: Mailing.objects.update(preflight=None, preflight_at=None), "It has not been checked yet."),
    ],
)
def test_what_was_not_checked_as_it_is_does_not_leave(sender, spoil, says):
    mailing = ready()
    page = sender.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    spoil(mailing)
    assert says in sender.get(url(mailing)).content.decode()
    sender.post(url(mailing, "send_confirm"), chosen(page))
    assert moved_to(mailing) == "draft"


def test_an_error_of_the_check_holds_it_until_it_is_overruled_with_a_reason(sender):
    mailing = ready()
    running.check(mailing, by=None, fetch=lambda link: Answer(404, link))
    assert "1 thing has to be mended" in sender.get(url(mailing)).content.decode()
    confirmed_page = sender.get(url(mailing, "send_confirm"), {"when": "now"})
    assert confirmed_page.status_code == 302
    html = sender.get(url(mailing, "check")).content.decode()
    key = re.search(r'name="key" value="(\w+)"', html)[1]
    sender.post(url(mailing, "check"), {"act": "overrule", "key": key, "why": ""})
    assert not mailing.acts.filter(what=What.OVERRIDDEN).exists()
    sender.post(url(mailing, "check"), {"act": "overrule", "key": key, "why": "The page opens on Monday."})
    assert "The page opens on Monday." in sender.get(url(mailing, "check")).content.decode()
    assert (
        "The page opens on Monday."
        in sender.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    )
    confirmed(sender, mailing)
    assert moved_to(mailing) == "scheduled"


def test_over_a_thousand_people_the_number_has_to_be_typed(sender, monkeypatch):
    from mailer.admin import mailing_confirm

    monkeypatch.setattr(mailing_confirm, "TYPE_ABOVE", 1)
    mailing = ready(2)
    html = sender.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    assert "type the number of people: 2" in html
    for typed in ("", "3", "two"):
        again = sender.post(url(mailing, "send_confirm"), {**chosen(html), "typed": typed}).content.decode()
        assert "This is not the number." in again
        assert moved_to(mailing) == "draft"
    sender.post(url(mailing, "send_confirm"), {**chosen(html), "typed": " 2 "})
    assert moved_to(mailing) == "scheduled"


def test_an_audience_that_changed_while_one_looked_is_looked_at_again(sender):
    mailing = ready(2)
    html = sender.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    for _ in range(11):
        make_subscription(make_contact(), mailing.mailing_list)
    again = sender.post(url(mailing, "send_confirm"), chosen(html)).content.decode()
    assert "The audience has changed while you looked at it." in again
    assert moved_to(mailing) == "draft"
    assert "Send to 13 people" in again


def test_a_schedule_is_kept_in_utc_and_shown_in_its_zone(sender):
    mailing = ready()
    day = (timezone.now() + dt.timedelta(days=200)).date().replace(month=7, day=6)
    if day < timezone.localdate():
        day = day.replace(year=day.year + 1)
    query = {"when": "later", "day": day.isoformat(), "time": "10:30", "zone": "Europe/Berlin"}
    html = sender.get(url(mailing, "send_confirm"), query).content.decode()
    assert "Schedule for 2 people" in html
    assert "UTC+02:00" in html
    page = confirmed(sender, mailing, **query).content.decode()
    assert moved_to(mailing) == "scheduled"
    assert (mailing.starts_at.hour, mailing.starts_at.minute) == (8, 30)
    assert mailing.time_zone == "Europe/Berlin"
    assert "Europe/Berlin" in page


@pytest.mark.parametrize(
    "query",
    [
        {"when": "later"},
        {"when": "later", "day": "2020-01-01", "time": "10:00", "zone": "UTC"},
        {"when": "later", "day": "2099-13-01", "time": "10:00", "zone": "UTC"},
        {"when": "later", "day": "2099-01-01", "time": "25:00", "zone": "UTC"},
        {"when": "later", "day": "2099-01-01", "time": "10:00", "zone": "Mars/Olympus"},
        {"when": "later", "day": "2099-01-01", "time": "10:00", "zone": "../../etc/passwd"},
        {"when": "some day"},
        {},
    ],
)
def test_a_moment_nobody_can_keep_is_refused_with_words_and_schedules_nothing(sender, query):
    mailing = ready()
    for ask in (sender.get, sender.post):
        answer = ask(url(mailing, "send_confirm"), query)
        assert answer.status_code == 200
        assert b'id="when-form"' in answer.content
    assert moved_to(mailing) == "draft"


@time_machine.travel("2026-03-20T12:00:00Z", tick=True)
def test_the_missing_and_the_repeated_hour_are_told_and_resolved(sender):
    mailing = ready()
    missing = {"when": "later", "day": "2026-03-29", "time": "02:30", "zone": "Europe/Berlin"}
    html = sender.get(url(mailing, "send_confirm"), missing).content.decode()
    assert "02:30 does not exist" in html
    assert "3:30" in html
    twice = {"when": "later", "day": "2026-10-25", "time": "02:30", "zone": "Europe/Berlin"}
    html = sender.get(url(mailing, "send_confirm"), twice).content.decode()
    assert "02:30 comes twice" in html
    assert "UTC+02:00" in html
    html = sender.get(url(mailing, "send_confirm"), {**twice, "second": "on"}).content.decode()
    assert "UTC+01:00" in html
    sender.post(url(mailing, "send_confirm"), chosen(html))
    mailing.refresh_from_db()
    assert mailing.starts_at == dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC)


# --- on its way


def under_way(status: str = "sending", **fields) -> Mailing:
    return make_mailing(status=status, started_at=timezone.now(), starts_at=timezone.now(), **fields)


def test_pause_resume_and_call_off_are_on_one_page_and_the_second_who_presses_is_told_who_was_first(client):
    mailing = under_way()
    ann, ben = (
        make_staff("Newsletter senders", username="ann"),
        make_staff("Newsletter senders", username="ben"),
    )

    def press(user, act, **more):
        client.force_login(user)
        return client.post(url(mailing, "send_act"), {"act": act, **more}, follow=True).content.decode()

    press(ann, "pause", why="Wrong picture")
    assert moved_to(mailing) == "paused"
    assert "already paused by ann" in press(ben, "pause")
    shown = client.get(url(mailing)).content.decode()
    assert "Paused by ann" in shown
    assert "Wrong picture" in shown
    press(ben, "resume")
    assert moved_to(mailing) == "sending"
    assert "already started by ben" in press(ann, "resume")
    press(ann, "cancel", why="Never mind")
    assert moved_to(mailing) == "cancelled"
    assert "already called off by ann" in press(ben, "cancel")
    assert "already called off by ann" in press(ben, "withdraw")
    assert list(mailing.acts.order_by("pk").values_list("what", flat=True)) == [
        "paused",
        "resumed",
        "cancelled",
    ]


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("the provider does not let us in: the provider answered 401: check its address, the key and the sending domain", "provider&#x27;s key"),
        ("receiving servers refuse our authentication", "SPF, DKIM and DMARC"),
        ("mails could not be written: x", "Nobody was skipped"),
        ("0.4 % of its readers reported it as spam", "Did these people ask for it?"),
        ("7.0 % of its addresses do not exist", "The list is probably old."),
    ],
)  # fmt: skip
def test_a_pause_of_the_machine_says_why_and_what_to_do_and_stands_on_the_start_page(sender, why, advice):
    mailing = under_way()
    sending.pause(mailing, None, why)
    shown = sender.get(url(mailing)).content.decode()
    assert "The machine has paused it" in shown
    assert advice in shown
    start = sender.get(reverse("admin:index")).content.decode()
    assert "“November news” is paused" in start


def test_a_pause_of_a_person_is_no_alarm(sender):
    mailing = under_way()
    sending.pause(mailing, make_staff("Newsletter senders"), "Lunch")
    assert "is paused" not in sender.get(reverse("admin:index")).content.decode()


def test_a_provider_that_lets_us_wait_is_told_on_the_page_and_at_the_start(sender):
    mailing = under_way()
    throttle.hold(300)
    assert "The mail provider lets us wait" in sender.get(url(mailing)).content.decode()
    assert (
        "the provider lets us wait (about 5 minutes)" in sender.get(reverse("admin:index")).content.decode()
    )


def test_the_moving_part_asks_for_the_whole_page_once_the_mailing_stands_elsewhere(sender):
    mailing = under_way()
    same = sender.get(url(mailing, "send_progress"), {"seen": "sending"})
    assert b'id="send-progress"' in same.content
    assert sender.get(url(mailing, "send_progress"), {"seen": "scheduled"})["HX-Refresh"] == "true"


# --- who may


@pytest.mark.parametrize(
    ("role", "opens", "sends"),
    [
        ("Newsletter senders", True, True),
        ("Newsletter editors", True, False),
        ("Newsletter approvers", True, False),
        ("Contacts editors", False, False),
        ("Campaigners", False, False),
        ("superuser", True, True),
    ],
)
def test_only_who_holds_the_right_sends_stops_or_overrules(client, role, opens, sends):
    mailing = ready()
    page = make_staff("superuser")
    client.force_login(page)
    form = chosen(client.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode())
    client.force_login(make_staff(role))
    assert (client.get(url(mailing)).status_code == 200) is opens
    client.post(url(mailing, "send_confirm"), form)
    assert (moved_to(mailing) == "scheduled") is sends
    Mailing.objects.update(status="scheduled", starts_at=timezone.now())
    client.post(url(mailing, "send_act"), {"act": "withdraw"})
    assert (moved_to(mailing) == "draft") is sends


def test_a_mailing_of_another_organisation_is_not_there(client):
    ours, theirs = make_organisation(), make_organisation()
    mailing = ready(organisation=theirs)
    client.force_login(make_staff("Newsletter senders", organisation=ours))
    for name in (
        "audience",
        "check",
        "check_progress",
        "send",
        "send_confirm",
        "send_act",
        "send_progress",
        "approval",
    ):
        for ask in (client.get, client.post):
            assert ask(url(mailing, name), {"act": "cancel", "when": "now"}).status_code == 404, name
    assert moved_to(mailing) == "draft"
