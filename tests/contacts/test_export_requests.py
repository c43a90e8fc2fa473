"""Many people leave as a file only with a second person's yes, once, within a day, and in nobody's rights but their own."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from contacts import export_requests, retention
from contacts.admin.export_requests import what_waits
from contacts.models import Attribute, ContactExport, ExportRequest, ListRight, Segment
from mailer.models import Delivery, Mailing
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import make_delivery, make_message, make_organisation, make_staff

pytestmark = pytest.mark.django_db
ROLE = "Contacts exporters"


@pytest.fixture(autouse=True)
def three_people_and_a_threshold_of_two(settings) -> None:
    settings.EXPORT_SECOND_PERSON_ABOVE = 2
    for country in ("KE", "KE", "FR"):
        make_contact(country=country)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(**query: object) -> str:
    return reverse("admin:contacts_contact_export", query=query)


def ask(user: User, **query: object) -> ExportRequest:
    answer = client_of(user).post(url(**query), {"act": "ask", "purpose": "The May call"})
    assert answer.status_code == 302
    return ExportRequest.objects.latest("pk")


def answer(asked: ExportRequest, by: User, act: str = "approve", **posted: str) -> HttpResponse:
    page = reverse("admin:contacts_contactexport_request", args=[asked.pk])
    return client_of(by).post(page, {"act": act, **posted})


def approved(user: User, **query: object) -> ExportRequest:
    asked = ask(user, **query)
    answer(asked, make_staff(ROLE))
    return asked


def takes(user: User, **query: object) -> bool:
    """Whether the person gets the file."""
    given = client_of(user).post(url(**query), {"format": "csv"})
    if given.status_code == 302:
        return False
    assert b"".join(given.streaming_content)  # type: ignore[attr-defined]
    return True


def test_a_few_people_leave_at_once_and_many_only_after_a_second_persons_yes():
    user, other = make_staff(ROLE), make_staff(ROLE)
    assert takes(user, country="KE"), "two are not above two"
    assert not takes(user)
    assert ContactExport.objects.count() == 1, "a file that is not given stands nowhere as taken"
    asked = ask(user)
    assert (asked.by, asked.people, asked.is_approved) == (user, 3, None)
    assert not takes(user)
    answer(asked, other)
    assert "Approved by" in client_of(user).get(url()).text
    assert takes(user)
    asked.refresh_from_db()
    assert (asked.decided_by, asked.export) == (other, ContactExport.objects.latest("pk"))
    assert not takes(user), "once"


def test_every_step_stands_in_the_log_of_who_took_it():
    user, other = make_staff(ROLE), make_staff(ROLE)
    asked = ask(user)
    answer(asked, other, "refuse", why="Not for a raffle.")
    again = ask(user)
    answer(again, other)
    takes(user)
    steps = ["export_asked", "export_refused", "export_asked", "export_approved", "exported"]
    log = LogEntry.objects.order_by("pk").values_list("user", "change_message")
    assert [who for who, _said in log] == [user.pk, other.pk, user.pk, other.pk, user.pk]
    assert all(f'"contacts.{step}"' in said for step, (_who, said) in zip(steps, log, strict=True))


def test_a_no_needs_a_reason_that_the_asker_reads():
    user, other = make_staff(ROLE), make_staff(ROLE)
    asked = ask(user)
    answer(asked, other, "refuse")
    asked.refresh_from_db()
    assert asked.decided_at is None
    answer(asked, other, "refuse", why="Not for a raffle.")
    assert "Not for a raffle." in client_of(user).get(url()).text
    assert not takes(user)


def test_a_yes_to_one_long_value_is_none_to_another_that_begins_alike():
    Attribute.objects.create(key="city", name="City")
    one, another = ("ب" * 299 + end for end in "سص")
    for city in [one, another] * 3:
        make_contact(attributes={"city": city})
    user = make_staff(ROLE)
    asked = approved(user, attribute="city", value=one)
    assert asked.people == 3
    assert not takes(user, attribute="city", value=another)
    assert takes(user, attribute="city", value=one)


def test_nobody_answers_their_own():
    user = make_staff("superuser")
    asked = ask(user)
    answer(asked, user)
    assert not takes(user)
    with pytest.raises(export_requests.NotOpen):
        export_requests.decide(asked, user, yes=True)
    with pytest.raises(IntegrityError):
        ExportRequest.objects.filter(pk=asked.pk).update(decided_by=user)


def test_of_two_answers_the_first_counts():
    asked = ask(make_staff(ROLE))
    answer(asked, make_staff(ROLE), "refuse", why="No.")
    answer(asked, make_staff(ROLE))
    asked.refresh_from_db()
    assert asked.is_approved is False


@pytest.mark.parametrize("role", ["Contacts editors", "Newsletter approvers"])
def test_who_may_not_export_does_not_answer(role):
    asked, other = ask(make_staff(ROLE)), make_staff(role)
    assert answer(asked, other).status_code == 403
    assert what_waits(other) == []


def test_who_answers_reads_what_was_chosen_and_what_it_is_for():
    segment = Segment.objects.create(name="Everybody we know", rule={"all": []})
    user, other, house = make_staff(ROLE), make_staff(ROLE), make_organisation()
    make_contact(country="KE")
    for query, words in (
        ({}, "<bdi>All people</bdi>"),
        ({"country": "KE"}, "Kenya</bdi>"),
        ({"segment": segment.pk}, "<bdi>Segment: Everybody we know</bdi>"),
    ):
        page = reverse("admin:contacts_contactexport_request", args=[ask(user, **query).pk])
        text = client_of(other).get(page).text
        assert words in text
        assert "What it is for: <bdi>The May call</bdi>" in text
    for _number in range(3):
        make_contact(organisation=house)
    theirs = ask(make_staff(ROLE, organisation=house))
    page = reverse("admin:contacts_contactexport_request", args=[theirs.pk])
    assert "<bdi>All people they see</bdi>" in client_of(other).get(page).text


def test_a_request_that_does_not_say_what_it_is_for_is_not_made():
    client = client_of(make_staff(ROLE))
    assert "What is it for?" in client.get(url()).text
    answer = client.post(url(), {"act": "ask", "purpose": " "}, follow=True)
    assert "Say what the file is for" in answer.text
    assert not ExportRequest.objects.exists()
    client.post(url(), {"act": "ask", "purpose": "x" * 301})
    assert ExportRequest.objects.get().purpose == "x" * 300


def test_a_purpose_is_forgotten_after_thirty_days_and_the_rest_stays():
    asked, later = ask(make_staff(ROLE)), ask(make_staff(ROLE))
    ExportRequest.objects.filter(pk=asked.pk).update(at=timezone.now() - dt.timedelta(days=31))
    retention.forget()
    asked.refresh_from_db()
    later.refresh_from_db()
    assert (asked.purpose, asked.people, later.purpose) == ("", 3, "The May call")


def test_a_yes_is_for_these_people_and_this_person_only():
    user = make_staff(ROLE)
    approved(user)
    make_contact(country="KE")
    assert not takes(user, country="KE")
    assert not takes(make_staff(ROLE))
    assert takes(user)


def test_a_yes_is_good_for_a_day_and_a_question_for_a_week():
    user = make_staff(ROLE)
    asked = approved(user)
    ExportRequest.objects.filter(pk=asked.pk).update(decided_at=timezone.now() - dt.timedelta(hours=25))
    assert not takes(user)
    late = ask(user)
    assert late != asked
    ExportRequest.objects.filter(pk=late.pk).update(at=timezone.now() - dt.timedelta(days=8))
    answer(late, make_staff(ROLE))
    late.refresh_from_db()
    assert late.decided_at is None


def test_asking_twice_is_one_question():
    user = make_staff(ROLE)
    assert ask(user) == ask(user)


def test_words_searched_for_are_not_kept_with_a_question():
    user = make_staff(ROLE)
    client_of(user).post(url(q="example.org"), {"act": "ask", "purpose": "The May call"})
    assert not ExportRequest.objects.exists()
    asked = approved(user)
    assert "example" not in asked.query
    assert not takes(user, q="example.org"), "a yes to all is none to a search"


def test_a_segment_that_was_changed_after_the_yes_takes_it_away():
    inner = Segment.objects.create(name="Inner", rule={"all": []})
    outer = Segment.objects.create(
        name="All", rule={"all": [{"field": "segment", "is": "in", "value": inner.pk}]}
    )
    user = make_staff(ROLE)
    asked = approved(user, segment=outer.pk)
    assert asked.query == f"segment={outer.pk}"
    Segment.objects.filter(pk=inner.pk).update(updated_at=timezone.now() + dt.timedelta(seconds=1))
    assert not takes(user, segment=outer.pk)
    assert "stands no more" in client_of(user).get(url(segment=outer.pk)).text
    Segment.objects.filter(pk=inner.pk).update(updated_at=timezone.now() - dt.timedelta(days=1))
    assert takes(user, segment=outer.pk)


def test_who_sees_only_some_of_the_people_cannot_answer_for_all():
    own = make_mailing_list()
    bound, of_one_house = make_staff(ROLE), make_staff(ROLE, organisation=make_organisation())
    ListRight.objects.create(user=bound, mailing_list=own)
    asked = ask(make_staff(ROLE))
    for one in (bound, of_one_house):
        answer(asked, one)
        assert what_waits(one) == []
    asked.refresh_from_db()
    assert asked.decided_at is None


def test_a_bound_person_does_not_read_what_others_ask_for():
    own = make_mailing_list()
    bound = make_staff(ROLE)
    ListRight.objects.create(user=bound, mailing_list=own)
    theirs = ask(make_staff(ROLE))
    page = reverse("admin:contacts_contactexport_request", args=[theirs.pk])
    assert client_of(bound).get(page).status_code == 404
    assert answer(theirs, bound).status_code == 404
    for _number in range(3):
        make_subscription(make_contact(), own)
    mine = reverse("admin:contacts_contactexport_request", args=[ask(bound).pk])
    assert client_of(bound).get(mine).status_code == 200


def test_a_yes_ends_with_the_rights_of_who_gave_it_and_of_who_asked():
    user, other = make_staff(ROLE), make_staff(ROLE)
    asked = ask(user)
    answer(asked, other)
    right = ListRight.objects.create(user=other, mailing_list=make_mailing_list())
    assert not takes(user)
    right.delete()
    other.groups.clear()
    assert not takes(user)
    user.groups.clear()
    assert client_of(user).post(url(), {"format": "csv"}).status_code == 403


def test_a_bound_person_asks_for_their_own_people_and_a_colleague_of_that_list_answers():
    own = make_mailing_list()
    for _number in range(3):
        make_subscription(make_contact(), own)
    user, other = make_staff(ROLE), make_staff(ROLE)
    for one in (user, other):
        ListRight.objects.create(user=one, mailing_list=own)
    asked = ask(user)
    assert asked.people == 3
    answer(asked, other)
    assert takes(user)


def test_the_start_page_says_what_waits_and_what_may_be_taken():
    user, other = make_staff(ROLE), make_staff(ROLE)
    asked = ask(user)
    assert [need.url for need in what_waits(other)] == [
        reverse("admin:contacts_contactexport_request", args=[asked.pk])
    ]
    assert what_waits(user) == []
    assert client_of(other).get("/staff/").status_code == 200
    answer(asked, other)
    assert what_waits(other) == []
    assert [need.url for need in what_waits(user)] == [url()]
    page = reverse("admin:contacts_contactexport_request", args=[asked.pk])
    assert "to take 3 people away" in client_of(other).get(page).text
    User.objects.filter(pk=other.pk).update(is_active=False)
    assert what_waits(user) == [], "a yes ends with the rights of who gave it"


def test_the_people_of_a_report_leave_the_same_way():
    mailing = Mailing.objects.create(name="May", mailing_list=make_mailing_list(), audience=3)
    Mailing.objects.update(frozen_at=timezone.now())
    message = make_message()
    for _number in range(3):
        make_delivery(message=message, mailing=mailing, kind=Delivery.Kind.MAILING)
    user, other = make_staff(ROLE, "Newsletter senders"), make_staff(ROLE)
    page = reverse("admin:mailer_mailing_report_file", args=[mailing.pk])
    assert client_of(user).post(page, {"format": "csv"}).status_code == 302
    client_of(user).post(page, {"act": "ask", "purpose": "The May call"})
    asked = ExportRequest.objects.get()
    assert (asked.what, asked.people) == (f"mailing {mailing.pk}", 3)
    answer(asked, other)
    asked.refresh_from_db()
    assert asked.decided_at is None, "who may not see who got a mail does not answer"
    colleague = make_staff(ROLE, "Newsletter senders")
    shown = client_of(colleague).get(reverse("admin:contacts_contactexport_request", args=[asked.pk])).text
    assert "<bdi>Mailing: May</bdi></li><li><bdi>All people</bdi>" in shown
    answer(asked, colleague)
    assert client_of(user).post(page, {"format": "csv"}).status_code == 200
    assert client_of(user).post(page, {"format": "csv"}).status_code == 302
