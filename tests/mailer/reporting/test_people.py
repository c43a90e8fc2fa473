"""The people of a report: everyone found in their state, page by page, and nobody shown to whom they are not."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailer.models import Delivery, Hit
from mailer.reporting import people
from mailer.reporting.people import ANY_LINK, Search
from mailer.reporting.states import OF_SENT, State
from tests.mailings import make_frozen_mailing, make_links
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

EVERY = {state: number for number, state in enumerate(State, start=1)}


@pytest.fixture
def reader():
    return make_staff("superuser")


def walked(mailing, search, reader, size=4):
    """The delivery numbers of all pages forth, and of all pages back again."""
    forth, back, place = [], [], ""
    page = people.page(mailing, search, place, reader=reader, size=size)
    forth += [row.delivery.pk for row in page.rows]
    while page.on:
        page = people.page(mailing, search, page.on, reader=reader, size=size)
        forth += [row.delivery.pk for row in page.rows]
    back = [row.delivery.pk for row in page.rows]
    while page.back:
        page = people.page(mailing, search, page.back, reader=reader, size=size)
        back = [row.delivery.pk for row in page.rows] + back
    return forth, back


@pytest.mark.parametrize("state", ["", "sent", *State])
def test_every_person_of_a_state_is_on_exactly_one_page_forth_and_back(state, reader):
    mailing = make_frozen_mailing(EVERY, chunk_size=7)
    expected = sum(EVERY.values()) if not state else 10 if state == "sent" else EVERY[state]
    forth, back = walked(mailing, Search(state=state), reader)
    assert forth == sorted(set(forth)) == back
    assert len(forth) == expected
    shown = people.page(mailing, Search(state=state), reader=reader, size=100).rows
    assert state in {"", "sent"} or {row.state for row in shown} == {state}


def test_a_page_looks_through_so_many_people_at_most_and_says_where_to_go_on(reader, monkeypatch):
    monkeypatch.setattr(people, "MOST_LOOKED_AT", 20)
    monkeypatch.setattr(people, "_A_STEP", 10)
    mailing = make_frozen_mailing({"delivered": 95, "waiting": 5}, chunk_size=10)
    last = mailing.deliveries.filter(status="sent").order_by("-pk").first()
    Delivery.objects.filter(pk=last.pk).update(address="zoe@rare.example")
    search = Search(domain="rare.example")
    page = people.page(mailing, search, reader=reader)
    assert (page.rows, page.is_cut) == ([], True)
    forth, back = walked(mailing, search, reader)
    assert forth == [last.pk]
    assert back == [last.pk]


def test_a_chunk_in_which_nobody_can_be_is_not_looked_through(reader, django_assert_num_queries):
    mailing = make_frozen_mailing({"delivered": 40, "failed": 2}, chunk_size=5)
    # windows, chunks, one step of rows, the reader's own lists, contacts, languages
    with django_assert_num_queries(6):
        page = people.page(mailing, Search(state="failed"), reader=reader)
    assert len(page.rows) == 2


def test_a_whole_address_finds_the_person_even_after_they_changed_it(reader):
    mailing = make_frozen_mailing({"delivered": 3})
    row = mailing.deliveries.first()
    contact = people.page(mailing, Search(), reader=reader).rows[0].contact
    type(contact).objects.filter(pk=contact.pk).update(
        address="new@example.org", address_key="new@example.org"
    )
    found = people.page(mailing, Search(words=row.address.upper()), reader=reader).rows
    assert [one.delivery.pk for one in found] == [row.pk]


def test_words_of_a_name_find_people_of_the_audience_only(reader):
    mailing, other = make_frozen_mailing({"delivered": 2}), make_frozen_mailing({"delivered": 2})
    name = people.page(mailing, Search(), reader=reader).rows[1].contact.name
    found = people.page(mailing, Search(words=name), reader=reader).rows
    assert [row.contact.name for row in found] == [name]
    assert people.page(other, Search(words=name), reader=reader).rows == []


def test_who_may_not_see_the_address_book_is_shown_no_name_and_finds_nobody_by_one(reader):
    mailing = make_frozen_mailing({"delivered": 2})
    name = people.page(mailing, Search(), reader=reader).rows[0].contact.name
    sender = make_staff("Newsletter senders")
    assert [row.contact for row in people.page(mailing, Search(), reader=sender).rows] == [None, None]
    assert people.page(mailing, Search(words=name), reader=sender).rows == []


def test_the_name_of_another_organisations_contact_is_not_shown(reader):
    mailing = make_frozen_mailing({"delivered": 1})
    bound = make_staff("superuser", organisation=make_organisation())
    assert people.page(mailing, Search(), reader=bound).rows[0].contact is None


def test_filters_hold_together(reader):
    mailing = make_frozen_mailing(
        {"delivered": 2, "bounced": 4}, languages=["en", "fr"], domains=["one.example", "two.example"]
    )
    first = mailing.deliveries.filter(bounced_at__isnull=False).first()
    Delivery.objects.filter(pk=first.pk).update(bounce_class="soft", bounce_code="4.2.2")

    def count(**search):
        return len(people.page(mailing, Search(**search), reader=reader).rows)

    assert count(language="fr") == 6
    assert count(domain="one.example") == 6
    assert count(bounce_class="hard") == 7
    assert count(bounce_class="hard", language="fr", domain="two.example") == 2
    assert count(state="delivered", bounce_class="hard") == 0
    assert count(domain="example") == 0, "a domain is a whole one"


def test_who_followed_a_link_is_found_and_a_machine_that_did_is_not(reader):
    mailing = make_frozen_mailing({"delivered": 3})
    first, second = make_links(mailing)
    ann, ben, machine = mailing.deliveries.all()
    for delivery, link, verdict in (
        (ann, first, "human"),
        (ann, first, "human"),
        (ben, second, "probable"),
        (machine, first, "machine"),
    ):
        Hit.objects.create(delivery=delivery, link=link, kind="click", verdict=verdict, reason="test")
    Delivery.objects.filter(pk__in=[ann.pk, ben.pk]).update(clicked_at=timezone.now())

    def found(link):
        return [row.delivery.pk for row in people.page(mailing, Search(link=link), reader=reader).rows]

    assert found(1) == [ann.pk]
    assert found(2) == [ben.pk]
    assert found(ANY_LINK) == [ann.pk, ben.pk]
    assert found(9) == []
    Hit.objects.update(reason="")
    assert found(1) == [], "nobody has judged it yet"


def test_the_reason_stands_in_words_beside_each_state(reader):
    mailing = make_frozen_mailing(dict.fromkeys(State, 1))
    rows = people.page(mailing, Search(), reader=reader).rows
    whys = {row.state: row.why for row in rows}
    assert whys[State.BOUNCED] == "the mailbox does not exist (5.1.1)"
    assert whys[State.FAILED] == "the provider refused the address"
    assert whys[State.UNKNOWN] == "the connection to the provider broke before its answer"
    without = {State.DELIVERED, State.NO_NEWS, State.COMPLAINED, State.ASKED, State.WAITING}
    assert {state for state, why in whys.items() if not why} == without
    assert {row.state for row in rows if row.when} == set(OF_SENT)


def test_a_person_who_is_gone_from_the_address_book_stays_in_the_report(reader):
    mailing = make_frozen_mailing({"delivered": 2})
    contact = people.page(mailing, Search(), reader=reader).rows[0].contact
    contact.subscriptions.all().delete()
    contact.delete()
    mailing.deliveries.filter(contact=contact.pk).update(address="")
    rows = people.page(mailing, Search(), reader=reader).rows
    assert [bool(row.contact) for row in rows] == [False, True]


@pytest.mark.parametrize(
    "place", ["after-", "after-x", "before-٣", "after-99999999999999999999", "sideways-3"]
)
def test_a_place_nobody_can_read_is_the_first_page(place, reader):
    mailing = make_frozen_mailing({"delivered": 2})
    assert len(people.page(mailing, Search(), place, reader=reader).rows) == 2
