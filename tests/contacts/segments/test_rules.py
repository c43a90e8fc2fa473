"""Each rule the property test does not reach, with people who match and people who do not."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from contacts.models import Consent, Contact, Import, ImportChange, MailingList, Segment
from contacts.segments import audience, compiling, counting
from tests.contacts.segments.plain import found, rule
from tests.factories import make_campaign, make_contact, make_letter, make_mailing_list, make_subscription
from tests.staff import make_delivery as make_sent

pytestmark = pytest.mark.django_db


def ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def make_consent(contact: Contact, mailing_list: MailingList | None, *, granted: bool, days: int) -> None:
    Consent.objects.create(
        address_hash=contact.address_hash,
        mailing_list=mailing_list,
        purpose="newsletter",
        granted=granted,
        source="test",
        given_at=ago(days),
    )


def test_words_are_found_in_names_and_addresses_by_their_beginning():
    elif_ = make_contact("elif@kisumu.example", name="Elif Öz")
    make_contact(name="Ann Example")
    assert found(rule("name", "words", "eli kisumu.ex")) == {elif_.pk}
    assert found(rule("name", "words", "@@")) == set()


def test_a_subscription_can_be_asked_for_by_its_age():
    news, old, new = make_mailing_list(), make_contact(), make_contact()
    make_subscription(old, news, changed_at=ago(60))
    make_subscription(new, news, changed_at=ago(5))
    assert found(rule("list", "on", {"list": news.pk, "days": 30})) == {new.pk}
    since = ago(70).date().isoformat()
    assert found(rule("list", "on", {"list": news.pk, "since": since})) == {old.pk, new.pk}
    assert found({"not": rule("list", "on", {"list": news.pk, "days": 30})}) == {old.pk}


def test_the_last_word_of_a_person_on_each_list_is_their_consent():
    news, other = make_mailing_list(), make_mailing_list()
    agreed, took_back, elsewhere, silent = (make_contact() for _number in range(4))
    make_consent(agreed, news, granted=True, days=9)
    for contact, where in ((took_back, news), (elsewhere, other)):
        make_consent(contact, news, granted=True, days=9)
        make_consent(contact, where, granted=False, days=2)
    given = {"purpose": "newsletter", "list": news.pk}
    assert found(rule("consent", "given", given)) == {agreed.pk, elsewhere.pk}
    assert found(rule("consent", "given", {"purpose": "newsletter"})) == {agreed.pk, elsewhere.pk}
    assert found(rule("consent", "withdrawn", given)) == {took_back.pk}
    assert found(rule("consent", "given", {"purpose": "letter"})) == set()
    assert silent.pk in found({"not": rule("consent", "given", given)})


def test_a_pause_ends_by_itself():
    paused = make_contact(paused_until=timezone.localdate() + dt.timedelta(days=1))
    over = make_contact(
        paused_until=timezone.localdate()
    )  # no newsletter before that day: so today one may come
    never = make_contact()
    assert found(rule("paused", "now")) == {paused.pk}
    assert found({"not": rule("paused", "now")}) == {over.pk, never.pk}


def test_people_are_found_by_the_import_that_brought_or_changed_them():
    one = Import.objects.create(file_name="a.csv", file_size=1, file_hash=b"0" * 32)
    other = Import.objects.create(file_name="b.csv", file_size=1, file_hash=b"1" * 32)
    brought, changed = make_contact(from_import=one), make_contact(from_import=other)
    ImportChange.objects.create(from_import=one, line=2, contact=changed)
    assert found(rule("import", "came_with", one.pk)) == {brought.pk}
    assert found(rule("import", "changed_by", one.pk)) == {changed.pk}


def test_what_became_of_newsletters_is_found_by_its_date_and_letters_are_none():
    late, early, letter = make_contact(), make_contact(), make_contact()
    make_sent(late.address, kind="mailing", status="sent", delivered_at=ago(3), bounced_at=ago(3))
    make_sent(early.address, kind="mailing", status="sent", delivered_at=ago(40), opened_at=ago(40))
    make_sent(letter.address, kind="confirmation", status="sent", delivered_at=ago(3), opened_at=ago(3))
    assert found(rule("mail", "delivered")) == {late.pk, early.pk}
    assert found(rule("mail", "delivered", 30)) == {late.pk}
    assert found(rule("mail", "bounced", 30)) == {late.pk}
    assert found(rule("mail", "opened")) == {early.pk}


def test_who_wrote_in_a_campaign_is_found_and_tests_do_not_count():
    campaign, other = make_campaign(test_mode=False), make_campaign(test_mode=False)
    trial = make_campaign(test_mode=True)
    wrote, elsewhere, tested, silent = (make_contact() for _number in range(4))
    for contact, where in ((wrote, campaign), (elsewhere, other), (tested, trial)):
        make_letter(where, address=parse_of(contact))
    assert found(rule("letter", "wrote", {"campaign": campaign.pk})) == {wrote.pk}
    assert found(rule("letter", "wrote")) == {wrote.pk, elsewhere.pk}
    assert found({"not": rule("letter", "wrote", {})}) == {tested.pk, silent.pk}
    assert found(rule("letter", "delivered")) == set()
    assert found(rule("supporter", "of", {"campaign": trial.pk})) == {tested.pk}


def parse_of(contact: Contact):
    from contacts.addresses import parse

    return parse(contact.address)


def test_lists_and_segments_together_make_an_audience_with_each_person_once():
    news, action = make_mailing_list(), make_mailing_list()
    both, one, left = (make_contact(country="KE") for _number in range(3))
    france = make_contact(country="FR")
    for contact, where in ((both, news), (both, action), (one, news)):
        make_subscription(contact, where)
    make_subscription(left, news, status="unsubscribed")
    segment = Segment.objects.create(name="France", rule=rule("country", "is", ["FR"]))
    assert sorted(row.pk for row in audience.members([news, action, segment])) == [both.pk, one.pk, france.pk]
    assert [row.pk for row in audience.members([news], exclude=[action, segment])] == [one.pk]
    assert not audience.members([], exclude=[news]).exists()


def test_a_count_that_takes_too_long_is_an_estimate_that_says_so():
    make_contact()
    rows = compiling.queryset({"all": []})
    assert counting.count(rows) == counting.Count(1)
    slow = rows.extra(where=["pg_sleep(0.2) IS NOT NULL"])
    assert counting.count(slow, bound_ms=20).is_exact is False
    assert counting.examples(slow, bound_ms=20) is None
    assert counting.count(rows) == counting.Count(1)  # the connection is as it was


def test_the_settings_of_a_count_end_with_it():
    from django.db import connection

    counting.count(compiling.queryset({"all": []}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_hashjoin')")
        assert cursor.fetchone() == ("on",)


def test_a_consent_of_an_unknown_day_is_no_word_after_one_that_has_a_day():
    news, agreed, took_back = make_mailing_list(), make_contact(), make_contact()
    make_consent(took_back, news, granted=False, days=9)
    for contact in (agreed, took_back):
        Consent.objects.create(
            address_hash=contact.address_hash,
            mailing_list=news,
            purpose="newsletter",
            granted=True,
            source="import",
            from_import=Import.objects.create(file_name="old.csv", file_size=1, file_hash=b""),
            given_at=None,
        )
    given = {"purpose": "newsletter", "list": news.pk}
    assert found(rule("consent", "given", given)) == {agreed.pk}
    assert found(rule("consent", "given", {**given, "days": 30})) == set()
