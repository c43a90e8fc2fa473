"""The preference centre as somebody meets it: by a link, without an account, a cookie or a script."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
import time_machine

from contacts import erasing, preferences, subscriptions, suppressions
from contacts.addresses import parse
from contacts.models import (
    Consent,
    Contact,
    ContactChange,
    Erasure,
    Lift,
    MailingList,
    Subscription,
    Suppression,
)
from contacts.registry import Person
from mailer import preference_links
from mailer.models import Delivery
from mailer.preferences import choosing
from tests.advocacy.pages import Page, Visitor
from tests.factories import make_contact, make_mailing_list, make_subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_budgets")]
Status, Reason, Scope = Subscription.Status, Suppression.Reason, Suppression.Scope


@pytest.fixture
def ann() -> Contact:
    return make_contact("ann@example.org", language="en")


@pytest.fixture
def news(ann) -> MailingList:
    found = make_mailing_list(slug="news", is_public=True, texts={"en": {"name": "Justice news"}})
    make_subscription(ann, found)
    return found


def lasting(contact: Contact) -> str:
    token = preference_links.token(contact.pk, bytes(contact.address_hash))
    return f"/en/preferences/{token}/"


def personal(contact: Contact) -> str:
    token = preference_links.personal_token(contact.pk, bytes(contact.address_hash))
    return f"/en/preferences/{token}/"


def press(visitor: Visitor, page: Page, button: str, **changed: object) -> Page:
    form = next(form for form in page.forms if any(one.get("value") == button for one in form.buttons))
    return visitor.send(form, button=button, **changed)


# --- lists ------------------------------------------------------------------------------------------------------------


def test_leaving_a_list_is_one_tick_and_is_written_down(ann, news):
    visitor = Visitor()
    page = press(visitor, visitor.get(lasting(ann)), "lists", list=None)
    assert "Your lists are saved." in page.text
    subscription = Subscription.objects.get()
    assert (subscription.status, subscription.reason) == (Status.UNSUBSCRIBED, "left")
    consent = Consent.objects.get()
    assert (consent.granted, consent.source, consent.mailing_list) == (False, "preferences", news)
    change = ContactChange.objects.get()
    assert (change.source, change.changes) == ("preferences", {"list news": [True, False]})
    press(visitor, visitor.get(lasting(ann)), "lists", list=None)
    assert Consent.objects.count() == 1, "a repeat changes nothing"


def test_joining_another_list_is_a_consent_with_its_words_and_its_proof(ann, news):
    other = make_mailing_list(
        is_public=True, texts={"en": {"name": "Court watch", "consent": "Send me Court watch."}}
    )
    visitor = Visitor()
    press(visitor, visitor.get(personal(ann)), "lists", list=[news.pk, other.pk])
    assert set(ann.subscriptions.values_list("status", flat=True)) == {Status.CONFIRMED}
    consent = Consent.objects.get()
    assert (consent.granted, consent.text, consent.mailing_list) == (True, "Send me Court watch.", other)
    assert consent.proof["by"] == "personal link, mailed within a day"
    assert "preferences/" in consent.page
    assert str(ann.pk) not in consent.page, "the link is a secret"


def test_a_forwarded_link_puts_nobody_on_a_list_and_back_on_none_but_mails_its_owner(ann, news, outbox):
    left, other = make_mailing_list(is_public=True), make_mailing_list(is_public=True)
    make_subscription(ann, left, status=Status.UNSUBSCRIBED, reason="left")
    visitor = Visitor()
    page = press(visitor, visitor.get(lasting(ann)), "lists", list=[left.pk, other.pk])
    assert "open the link that we have just mailed to you alone" in page.text
    assert {one.mailing_list: one.status for one in ann.subscriptions.all()} == {
        news: Status.UNSUBSCRIBED,  # the tick that was taken away counts at once
        left: Status.UNSUBSCRIBED,
    }
    assert not Consent.objects.filter(granted=True).exists()
    (mail,) = outbox.deliver()
    page = visitor.get(re.search(r"https?://[^/]+(/en/preferences/\S+/)", mail.body)[1])
    press(visitor, page, "lists", list=[left.pk, other.pk])
    assert ann.subscriptions.filter(status=Status.CONFIRMED).count() == 2


@pytest.mark.parametrize("reason", [Reason.BOUNCE, Reason.DO_NOT_CONTACT, Reason.COMPLAINT])
def test_a_personal_link_from_before_lifts_no_bounce_and_no_refusal_that_came_after_it(ann, news, reason):
    visitor = Visitor()
    page = visitor.get(personal(ann))
    subscriptions.unsubscribe(ann, news, source="test")
    suppressions.suppress(bytes(ann.address_hash), reason)
    press(visitor, page, "lists", list=[news.pk])
    assert Suppression.objects.get().reason == reason
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED
    assert Consent.objects.filter(granted=True).exists(), "that they asked is kept as a fact"


def test_a_list_that_is_not_open_is_seen_by_whom_it_goes_to_alone(ann, news):
    closed = make_mailing_list(is_public=False, name="Board")
    visitor = Visitor()
    assert "Board" not in visitor.get(lasting(ann)).text
    press(visitor, visitor.get(lasting(ann)), "lists", list=[news.pk, closed.pk], shown=[news.pk, closed.pk])
    assert not Subscription.objects.filter(mailing_list=closed).exists(), "nobody lets themselves in"
    make_subscription(ann, closed)
    page = visitor.get(lasting(ann))
    assert "Board" in page.text
    press(visitor, page, "lists", list=[news.pk])
    assert "Board" not in visitor.get(lasting(ann)).text


def test_what_another_tab_or_day_has_changed_is_not_undone_by_an_old_page(ann, news):
    visitor = Visitor()
    old = visitor.get(lasting(ann))
    later = make_mailing_list(is_public=True)
    make_subscription(ann, later)
    press(visitor, old, "lists")
    assert set(ann.subscriptions.values_list("status", flat=True)) == {Status.CONFIRMED}


# --- language, pause, leaving everything ------------------------------------------------------------------------------


def test_the_language_of_the_mails_is_theirs_to_choose(ann):
    visitor = Visitor()
    press(visitor, visitor.get(lasting(ann)), "language", language="ar")
    press(visitor, visitor.get(lasting(ann)), "language", language="xx; DROP")
    ann.refresh_from_db()
    assert ann.language == "ar"
    assert ContactChange.objects.get().changes == {"language": ["en", "ar"]}


def test_a_pause_lasts_as_long_as_was_chosen_and_ends_by_one_press(ann, news):
    visitor = Visitor()
    with time_machine.travel("2026-03-02T10:00Z"):
        page = press(visitor, visitor.get(lasting(ann)), "pause", days="30")
        ann.refresh_from_db()
        assert ann.paused_until == date(2026, 4, 1)
        assert "before 1 Apr 2026" in page.text
        press(visitor, page, "pause")
        ann.refresh_from_db()
        assert ann.paused_until is None
        press(visitor, visitor.get(lasting(ann)), "pause", days="99999")
        ann.refresh_from_db()
        assert ann.paused_until is None
    assert Subscription.objects.get().status == Status.CONFIRMED


def test_leaving_everything_is_one_press_and_covers_lists_to_come(ann, news):
    visitor = Visitor()
    page = visitor.get(lasting(ann))
    for _press in range(2):
        visitor.send(page.forms[-2], button="leave")
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED
    suppression = Suppression.objects.get()
    assert (suppression.reason, suppression.scope) == (Reason.LEFT, Scope.MAILINGS)
    assert Consent.objects.get().granted is False
    assert "You have left everything" in visitor.get(lasting(ann)).text


def test_a_forwarded_link_brings_nobody_back_and_the_personal_one_does(ann, news):
    visitor = Visitor()
    before = visitor.get(lasting(ann))
    visitor.send(before.forms[-2], button="leave")
    press(visitor, before, "lists", list=[news.pk])
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED
    assert suppressions.blocks(bytes(ann.address_hash), Scope.MAILINGS)
    press(visitor, visitor.get(personal(ann)), "lists", list=[news.pk])
    assert Subscription.objects.get().status == Status.CONFIRMED
    assert Lift.objects.get().consent == Consent.objects.filter(granted=True).get()


def test_a_press_of_a_button_we_do_not_have_changes_nothing(ann, news):
    visitor = Visitor()
    page = visitor.get(lasting(ann))
    assert visitor.send(page.forms[0], button="<script>").response.status_code == 200
    assert Subscription.objects.get().status == Status.CONFIRMED
    assert not ContactChange.objects.exists()


def test_looking_changes_nothing(ann, news):
    for path in (lasting(ann), personal(ann), f"{personal(ann)}erase/", f"{personal(ann)}data/"):
        assert Visitor().get(path).response.status_code == 200
        assert Visitor().client.head(path).status_code == 200
    assert Subscription.objects.get().status == Status.CONFIRMED
    assert not any(
        model.objects.exists() for model in (Consent, ContactChange, Suppression, Delivery, Erasure)
    )


# --- data and erasure -------------------------------------------------------------------------------------------------


def test_the_link_of_a_newsletter_shows_no_data_and_erases_nobody(ann, news):
    visitor = Visitor()
    page = visitor.get(lasting(ann))
    assert "ann@example.org" not in page.text
    assert "a…@example.org" in page.text
    assert visitor.get(f"{lasting(ann)}data/").response.status_code == 404
    assert visitor.client.post(f"{lasting(ann)}erase/").status_code == 404
    assert Contact.objects.exists()


def test_the_personal_link_comes_by_mail_and_opens_data_and_erasure(ann, news, outbox):
    visitor = Visitor()
    page = press(visitor, visitor.get(lasting(ann)), "link")
    assert "We have mailed you a link of your own" in page.text
    (mail,) = outbox.deliver()
    assert mail.to == ["ann@example.org"]
    page = visitor.get(re.search(r"https?://[^/]+(/en/preferences/\S+/)", mail.body)[1])
    assert "ann@example.org" in page.text
    answer = visitor.get(f"{page.address}data/").response
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    assert json.loads(answer.content)["Address"] == "ann@example.org"


def test_a_personal_link_works_for_a_day(ann):
    path = personal(ann)
    with time_machine.travel(timedelta(hours=23, minutes=50)):
        assert Visitor().get(path).response.status_code == 200
    with time_machine.travel(timedelta(days=1, minutes=1)):
        assert Visitor().get(path).response.status_code == 404


def test_erasing_takes_a_second_page_and_leaves_a_hash_alone(ann, news, outbox):
    visitor = Visitor()
    page = visitor.get(f"{personal(ann)}erase/")
    assert Contact.objects.exists()
    page = visitor.send(page.forms[0])
    assert "It is erased" in page.text
    assert not Contact.objects.exists()
    assert Erasure.objects.get().door == Erasure.Door.PREFERENCES
    assert Suppression.objects.get().reason == Reason.ERASED
    assert outbox.deliver() == [], "there is nobody to write to any more"
    assert visitor.get(personal(ann)).response.status_code == 404


def test_the_data_is_in_one_language_whoever_asks(ann, news):
    found = json.loads(Visitor().get(personal(ann).replace("/en/", "/fr/") + "data/").text)
    assert found["Lists"][0]["Standing"] == "confirmed"


def test_who_has_everything_erased_reads_where_to_write_to_come_back(ann, settings):
    settings.POSTAL_ADDRESS = "Justice House, Moi Avenue 1, Nairobi"
    assert settings.POSTAL_ADDRESS in Visitor().get(personal(ann) + "erase/").text


def test_a_press_that_waited_for_the_erasure_brings_nothing_back(ann, news):
    access = preference_links.read(preference_links.personal_token(ann.pk, bytes(ann.address_hash)))
    subscriptions.unsubscribe(ann, news, source="test")
    erasing.erase(Person.of_contact(ann))
    assert choosing.choose(access, {news.pk}, {news.pk}, "en")
    assert not preferences.pause(access.contact, date(2030, 1, 1))
    choosing.leave_all(access)
    assert not Contact.objects.exists()
    assert not Consent.objects.filter(granted=True).exists()


def test_links_die_with_the_address_they_were_sent_to(ann):
    before = lasting(ann)
    right = parse("anne@example.org")
    Contact.objects.update(address=right.given, address_key=right.key, address_hash=right.hash)
    assert Visitor().get(before).response.status_code == 404


# --- a lost link ------------------------------------------------------------------------------------------------------


def ask(address: str) -> Page:
    visitor = Visitor()
    with time_machine.travel(timedelta(minutes=-1)):
        page = visitor.get("/en/preferences/")
    return visitor.send(page.form("/preferences/"), email=address)


def test_who_lost_their_link_gets_one_and_the_page_tells_nobody_who_is_known(ann, outbox):
    known, unknown = ask("ann@example.org"), ask("nobody@example.org")
    assert (known.response.status_code, known.address, known.html) == (
        unknown.response.status_code,
        unknown.address,
        unknown.html,
    )
    assert Delivery.objects.count() == 2, "the same work for both; the door decides"
    (mail,) = outbox.deliver()
    assert mail.to == ["ann@example.org"]
    assert "ann" not in mail.body.replace("ann@example.org", "").casefold().split("/preferences/")[0]


def test_a_lost_link_is_mailed_once_an_hour_and_twice_a_day(ann, outbox):
    for _time in range(4):
        assert ask("ann@example.org").response.status_code == 200
    assert Delivery.objects.count() == 2
    assert len(outbox.deliver()) == 1


def test_a_machine_and_an_old_page_are_asked_once_more(ann):
    visitor = Visitor()
    page = visitor.get("/en/preferences/")
    assert visitor.send(page.form("/preferences/"), email="ann@example.org").response.status_code == 429
    assert visitor.send(page.form("/preferences/"), email="x", form="x").response.status_code == 422
    assert not Delivery.objects.exists()
    wrong = ask("ann@")
    assert wrong.response.status_code == 422
    assert "should look like name@example.org" in wrong.text
