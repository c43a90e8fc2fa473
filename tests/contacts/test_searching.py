"""A person is found by any word we know them by, in any script, and a page of a million costs what one of ten does."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import searching, suppressions
from contacts.models import Attribute, Contact, MailingList, Subscription, Suppression
from contacts.searching import Search
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


def found(search: Search) -> set[str]:
    return {contact.name or contact.address for contact in search.among(Contact.objects.all())}


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Ann Example", "ann"),
        ("Ann Example", "EXAM an"),
        ("Élodie Dupont", "élo"),
        ("ÉLODIE DUPONT", "élodie"),
        ("J.R.R. Tolkien", "J.R.R."),
        ("K.R. Narayanan", "k.r. nara"),
        ("Jean-Pierre O'Hara", "jean-pierre o'hara"),
        ("Jean-Pierre O'Hara", "hara"),
        ("Anne Smith/Jones", "jones"),
        ("Иван Петров", "петр"),
        ("محمد حسن", "حسن"),
        ("李小龙", "李"),
        ("Ünal Şimşek", "şim"),
        ("Unit -42", "42"),
    ],
)
def test_a_name_is_found_by_the_beginning_of_each_word_in_any_script(name, typed):
    make_contact(name=name)
    make_contact(name="Somebody Else")
    assert found(Search(words=typed)) == {name}


@pytest.mark.parametrize("typed", ["zen", "kisumu", "kisumu.exam", "zenobia.q", "q-4", "@kisumu.example.org"])
def test_an_address_is_found_by_its_parts(typed):
    make_contact("zenobia.q-42@kisumu.example.org", name="")
    make_contact("other@mombasa.example.org", name="")
    assert found(Search(words=typed)) == {"zenobia.q-42@kisumu.example.org"}


def test_a_whole_address_finds_its_owner_alone_however_it_is_spelt():
    make_contact("ann@example.org", name="")
    make_contact("ann@example.org.example.com", name="Ann at example.org")
    assert found(Search(words=" ANN@Example.org ")) == {"ann@example.org"}


@pytest.mark.parametrize(
    "typed",
    [
        "%",
        "'",
        "\\",
        "& | !",
        "''':*",
        ":*",
        "\0",
        "xample",
        "a' | 'b",
        "(",
        "<->",
        "' || pg_sleep(5) || '",
        "zzz " * 500,
    ],
)
def test_signs_and_the_language_of_queries_find_nobody_and_break_nothing(typed):
    make_contact(name="Ann Example")
    assert found(Search(words=typed)) == set()


def test_all_that_is_asked_must_hold():
    news, other = (MailingList.objects.create(name=name, slug=name) for name in ("news", "other"))
    Attribute.objects.create(key="visits", name="Visits", kind="number")
    ann = make_contact(name="Ann", country="KE", language="sw", attributes={"city": "Kisumu", "visits": 3})
    ben = make_contact(name="Ben", country="KE", language="en", attributes={"city": "Nairobi"})
    Subscription.objects.create(contact=ann, mailing_list=news, status="confirmed")
    Subscription.objects.create(contact=ben, mailing_list=news, status="unsubscribed")
    suppressions.suppress(bytes(ben.address_hash), Suppression.Reason.BOUNCE)
    assert found(Search(country="KE")) == {"Ann", "Ben"}
    assert found(Search(country="KE", language="sw")) == {"Ann"}
    assert found(Search(mailing_list=news.pk)) == {"Ann", "Ben"}
    assert found(Search(mailing_list=news.pk, standing="unsubscribed")) == {"Ben"}
    assert found(Search(mailing_list=other.pk)) == set()
    assert found(Search(standing="unsubscribed")) == {"Ben"}
    assert found(Search(standing="suppressed")) == {"Ben"}
    assert found(Search(attribute="city")) == {"Ann", "Ben"}
    assert found(Search(attribute="city", value="Kisumu")) == {"Ann"}
    assert found(Search(attribute="visits", value="3")) == {"Ann"}
    for no_number in ("many", "nan", "-inf", "1e999"):
        assert found(Search(attribute="visits", value=no_number)) == set()
    assert found(Search(words="ann", country="KE", mailing_list=news.pk, standing="unsubscribed")) == set()


@pytest.mark.parametrize("sort", list(searching.SORTS))
def test_paging_to_the_end_and_back_shows_everybody_once_and_in_order(sort):
    for name in "dbfaceg":
        make_contact(f"{name}@example.org")
    column, falls = searching.SORTS[sort]
    whole = list(Contact.objects.order_by(f"-{column}" if falls else column))
    pages, place = [], ""
    while True:
        page = searching.page(Contact.objects.all(), sort, place, size=3)
        pages.append(page)
        if page.on is None:
            break
        place = page.on
    assert [contact for page in pages for contact in page.rows] == whole
    assert (pages[0].back, pages[-1].on) == (None, None)
    back = searching.page(Contact.objects.all(), sort, pages[-1].back or "", size=3)
    assert back.rows == pages[1].rows
    first = searching.page(Contact.objects.all(), sort, back.back or "", size=3)
    assert (first.rows, first.back) == (pages[0].rows, None)


@pytest.mark.parametrize(
    "place", ["", "after", "after-x", "sideways-3", "after-99999999999999999999", "before-'"]
)
def test_a_place_nobody_can_read_is_the_first_page(place):
    contact = make_contact()
    assert searching.page(Contact.objects.all(), "address", place).rows == [contact]


def test_a_million_is_never_counted_for_a_page():
    for _ in range(5):
        make_contact()
    with CaptureQueriesContext(connection) as queries:
        total = searching.total(Contact.objects.all(), up_to=3)
    assert not total.is_exact
    assert "LIMIT 4" in queries.captured_queries[0]["sql"]
    Contact.objects.last().delete()
    Contact.objects.last().delete()
    assert searching.total(Contact.objects.all(), up_to=3) == searching.Total(3, is_exact=True)


def test_a_page_that_holds_everybody_is_not_counted_again():
    make_contact()
    page = searching.page(Contact.objects.all(), "newest")
    with CaptureQueriesContext(connection) as queries:
        assert searching.total(Contact.objects.all(), first=page) == searching.Total(1, is_exact=True)
    assert not queries.captured_queries


def test_a_rare_word_finds_the_same_people_as_a_common_one_would(monkeypatch):
    zoe = make_contact(name="Zoë Quist")
    make_contact(name="Ann Example")
    every = Contact.objects.all()
    assert list(searching.by_words_for_a_page(every, "zo")) == [zoe]
    assert list(searching.by_words_for_a_page(every.exclude(pk=zoe.pk), "zo")) == []
    assert not searching.by_words_for_a_page(every, "nobody").exists()
    assert searching.by_words_for_a_page(every, " ").count() == 2
    monkeypatch.setattr(searching, "FEW", 0)
    assert list(searching.by_words_for_a_page(every, "zo")) == [zoe]


def test_a_rare_word_is_looked_up_by_the_index_of_words():
    with CaptureQueriesContext(connection) as asked:
        list(searching.by_words_for_a_page(Contact.objects.all(), "zo").order_by("-pk")[:51])
    page = asked.captured_queries[-1]["sql"]
    assert "to_tsvector" not in page, "the page itself reads no words"
    with connection.cursor() as cursor:  # and the settings of the look-up are gone
        cursor.execute("SHOW enable_seqscan")
        assert cursor.fetchone() == ("on",)
