"""Leaving by the link of a newsletter: one press, by whatever door, and nothing by merely looking (RFC 8058)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from contacts import erasing, people, suppressions
from contacts.addresses import parse
from contacts.models import Consent, Contact, Subscription, Suppression
from contacts.registry import Person
from mailer import preference_links, unsubscribe_links, unsubscribing
from mailer.models import Delivery, DeliveryEvent, Mailing, MailingFigure
from mailer.seals import Gone
from mailer.unsubscribing import Door
from tests.factories import (
    make_contact,
    make_delivery,
    make_mailing,
    make_mailing_list,
    make_message,
    make_subscription,
    unique_address,
)
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def program() -> Client:
    """A mail program: no cookie, no referrer, and Django's CSRF check on."""
    return Client(enforce_csrf_checks=True)


def sent(contact: Contact | None = None, mailing: Mailing | None = None) -> Delivery:
    """A mail of a mailing, got by somebody who is on its list."""
    contact, mailing = contact or make_contact(), mailing or make_mailing()
    assert mailing.mailing_list is not None
    make_subscription(contact, mailing.mailing_list)
    return make_delivery(
        parse(contact.address),
        Delivery.Kind.MAILING,
        make_message(),
        mailing=mailing,
        contact=contact,
        status="sent",
    )


def token_of(delivery: Delivery) -> str:
    assert delivery.contact_id is not None
    assert delivery.mailing_id is not None
    return unsubscribe_links.token(delivery.contact_id, delivery.mailing_id, bytes(delivery.address_hash))


def path_of(delivery: Delivery, language: str = "en") -> str:
    return f"/{language}/u/{token_of(delivery)}"


def on(contact: Contact | int | None) -> set[str]:
    rows = Subscription.objects.filter(contact=contact, status="confirmed")
    return set(rows.values_list("mailing_list__slug", flat=True))


# --- one click ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart", "no body", "nonsense", "another type"])
def test_a_mail_program_takes_its_reader_off_with_one_post(program: Client, encoding: str):
    delivery = sent()
    bodies: dict[str, dict[str, Any]] = {
        "urlencoded": {"data": "List-Unsubscribe=One-Click", "content_type": FORM},
        "multipart": {"data": ONE_CLICK},
        "no body": {"data": "", "content_type": FORM},
        "nonsense": {"data": b"\xff\x00", "content_type": "multipart/form-data"},
        "another type": {"data": "{}", "content_type": "application/json"},
    }
    answer = program.post(path_of(delivery), **bodies[encoding])
    assert answer.status_code == 200
    assert "Location" not in answer
    assert not answer.cookies
    assert on(delivery.contact_id) == set()


def test_the_stroke_at_the_end_may_be_there_or_not(program: Client):
    first, second = sent(), sent()
    assert program.post(path_of(first), ONE_CLICK).status_code == 200
    assert program.post(path_of(second) + "/", ONE_CLICK).status_code == 200
    assert on(first.contact_id) == on(second.contact_id) == set()


def test_a_post_that_comes_ten_times_is_one_consent_taken_back_one_event_and_one_in_the_report(
    program: Client,
):
    delivery = sent()
    answers = [program.post(path_of(delivery), ONE_CLICK) for _time in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    consent = Consent.objects.get()
    assert (consent.granted, consent.source) == (False, "unsubscribe link")
    assert consent.proof == {"by": "one-click", "mailing": delivery.mailing_id, "delivery": delivery.pk}
    assert token_of(delivery) not in consent.page
    event = DeliveryEvent.objects.get(type="unsubscribed")
    assert (event.delivery_id, event.detail) == (delivery.pk, "one-click")
    figure = MailingFigure.objects.get(fact="unsubscribed")
    assert (figure.mailing_id, figure.detail, figure.count) == (delivery.mailing_id, "link", 1)


def test_two_readers_of_one_mailing_are_counted_in_one_figure(program: Client):
    mailing = make_mailing()
    for _reader in range(2):
        program.post(path_of(sent(mailing=mailing)), ONE_CLICK)
    assert MailingFigure.objects.get(fact="unsubscribed").count == 2


def test_leaving_leaves_every_list_the_mailing_was_sent_to_and_no_other(program: Client):
    contact, mailing, other = make_contact(), make_mailing(), make_mailing_list()
    included = make_mailing_list()
    mailing.include_lists.add(included)
    delivery = sent(contact, mailing)
    make_subscription(contact, included)
    make_subscription(contact, other)
    program.post(path_of(delivery), ONE_CLICK)
    assert on(contact) == {other.slug}
    assert not suppressions.blocks(bytes(contact.address_hash), Suppression.Scope.MAILINGS)


def test_who_left_before_is_told_yes_and_nothing_is_counted(program: Client):
    delivery = sent()
    Subscription.objects.update(status="unsubscribed", reason="left")
    assert program.post(path_of(delivery), ONE_CLICK).status_code == 200
    assert not Consent.objects.exists()
    assert not DeliveryEvent.objects.filter(type="unsubscribed").exists()


def test_a_link_of_ten_years_ago_still_works(program: Client):
    with time_machine.travel(dt.datetime(2026, 11, 22, tzinfo=dt.UTC), tick=True):
        delivery = sent()
        path = path_of(delivery)
    with time_machine.travel(dt.datetime(2036, 11, 22, tzinfo=dt.UTC), tick=True):
        assert program.get(path).status_code == 200
        assert program.post(path, ONE_CLICK).status_code == 200
    assert on(delivery.contact_id) == set()


# --- looking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing_and_names_nobody(client: Client, method: str):
    delivery = sent(make_contact("ann.example@example.org"))
    answer = getattr(client, method)(path_of(delivery))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert on(delivery.contact_id)
    assert "ann.example" not in answer.content.decode()
    assert not DeliveryEvent.objects.filter(type="unsubscribed").exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_no_other_method_acts(client: Client, method: str):
    delivery = sent()
    assert getattr(client, method)(path_of(delivery)).status_code == 405
    assert on(delivery.contact_id)


def test_the_page_names_the_list_and_leads_to_the_preferences(client: Client):
    mailing = make_mailing(mailing_list=make_mailing_list(texts={"en": {"name": "Justice <now>"}}))
    delivery = sent(mailing=mailing)
    page = client.get(path_of(delivery)).content.decode()
    assert "Justice &lt;now&gt;" in page
    preferences = preference_links.token(delivery.contact_id or 0, bytes(delivery.address_hash))
    assert f"/en/preferences/{preferences}/" in page
    assert client.get(f"/en/preferences/{preferences}/").status_code == 200


def test_the_button_of_the_page_leaves_the_list_and_says_so(client: Client):
    delivery = sent()
    answer = client.post(path_of(delivery), {"action": "lists"})
    assert answer.status_code == 200
    assert "You have left" in answer.content.decode()
    assert on(delivery.contact_id) == set()
    assert Consent.objects.get().proof["by"] == "page"
    again = client.get(path_of(delivery)).content.decode()
    assert "You are not on this list" in again


def test_leave_everything_stops_every_newsletter_and_counts_once(client: Client):
    contact, other = make_contact(), make_mailing_list()
    delivery = sent(contact)
    make_subscription(contact, other)
    for _time in range(2):
        answer = client.post(path_of(delivery), {"action": "everything"})
        assert "You have left everything" in answer.content.decode()
    assert on(contact) == set()
    assert suppressions.blocks(bytes(contact.address_hash), Suppression.Scope.MAILINGS)
    assert MailingFigure.objects.get(fact="unsubscribed").count == 1


@pytest.mark.parametrize(
    ("language", "words"), [("fr", 'dir="ltr"'), ("es", 'dir="ltr"'), ("ar", 'dir="rtl"')]
)
def test_the_page_comes_in_the_language_of_the_mail(client: Client, language: str, words: str):
    page = client.get(path_of(sent(), language)).content.decode()
    assert f'<html lang="{language}" {words}>' in page


# --- whose link it is -------------------------------------------------------------------------------------------------


def test_a_forged_link_and_an_unknown_one_are_one_answer(program: Client):
    delivery = sent()
    token = token_of(delivery)
    contact, mailing, seal = token.split("-")
    forged = [
        token[:-1],
        token + "0",
        f"{contact}-{int(mailing) + 1}-{seal}",
        f"{int(contact) + 1}-{mailing}-{seal}",
        f"{'9' * 18}-{'9' * 18}-{'0' * 32}",
        f"{'9' * 30}-1-{seal}",
        "x" * 3_000,
        "%00",
        f"{contact}-{mailing}-%00{seal[1:]}",
        "%F0%9F%92%A9",
        "%ff%fe",
        f"{contact}-{mailing}-{'é' * 32}",
        preference_links.token(delivery.contact_id or 0, bytes(delivery.address_hash)),
    ]
    for wrong in forged:
        for answer in (program.get(f"/en/u/{wrong}"), program.post(f"/en/u/{wrong}", ONE_CLICK)):
            assert answer.status_code == 404, wrong
            assert "This link leads nowhere any more" in answer.content.decode()
    assert on(delivery.contact_id)


def test_the_link_to_leave_opens_no_preferences():
    delivery = sent()
    with pytest.raises(Gone):
        preference_links.read(token_of(delivery))


def test_the_letters_of_a_token_may_come_back_in_any_case():
    delivery = sent()
    assert unsubscribe_links.read(token_of(delivery).upper()).delivery == delivery


def test_the_address_to_write_to_fits_a_mailbox_s_name():
    link = unsubscribe_links.mailto(unsubscribe_links.token(9_999_999_999, 9_999_999, bytes(32)))
    assert len(link.removeprefix("mailto:").partition("@")[0]) <= 64


def test_who_holds_an_old_mailbox_has_no_say_over_the_new_one(program: Client):
    contact = make_contact()
    delivery = sent(contact)
    path = path_of(delivery)
    people.edit(contact, {}, by=make_staff("Contacts editors"), address=unique_address())
    assert "Nothing comes any more" in program.get(path).content.decode()
    assert program.post(path, ONE_CLICK).status_code == 200
    assert on(contact)
    assert suppressions.blocks(bytes(delivery.address_hash), Suppression.Scope.MAILINGS)
    assert not suppressions.blocks(bytes(delivery.address_hash), Suppression.Scope.CONFIRMATIONS)


def test_the_link_of_who_was_made_one_with_another_takes_off_the_one_who_stayed(program: Client):
    kept, lost = make_contact(), make_contact()
    delivery = sent(lost)
    path = path_of(delivery)
    people.merge(kept, lost, {}, by=make_staff("Contacts editors"))
    assert on(kept)
    assert program.post(path, ONE_CLICK).status_code == 200
    assert on(kept) == set()


def test_who_was_erased_is_told_yes(program: Client):
    contact = make_contact()
    delivery = sent(contact)
    path = path_of(delivery)
    erasing.erase(Person.of_contact(contact), door=erasing.Door.PREFERENCES)
    assert program.post(path, ONE_CLICK).status_code == 200
    assert "Nothing comes any more" in program.get(path).content.decode()


def test_after_a_backup_that_forgot_the_mailing_the_link_leaves_everything(program: Client):
    contact = make_contact()
    delivery = sent(contact)
    path = path_of(delivery)
    DeliveryEvent.objects.filter(delivery=delivery).delete()
    delivery.delete()
    Mailing.objects.all().delete()
    assert program.get(path).status_code == 200
    assert program.post(path, ONE_CLICK).status_code == 200
    assert on(contact) == set()
    assert suppressions.blocks(bytes(contact.address_hash), Suppression.Scope.MAILINGS)


def test_a_test_mail_s_link_says_that_it_is_one(program: Client):
    assert "This link comes from a test" in program.get("/en/u/test").content.decode()
    assert program.post("/en/u/test", ONE_CLICK).status_code == 200


# --- by mail --------------------------------------------------------------------------------------------------------


def test_a_mail_to_the_address_beside_the_link_leaves_too():
    delivery = sent()
    assert unsubscribing.leave(token_of(delivery).upper(), door=Door.MAILTO)
    assert not unsubscribing.leave(token_of(delivery), door=Door.MAILTO)
    assert on(delivery.contact_id) == set()
    assert MailingFigure.objects.get().detail == "mailto"
    assert not unsubscribing.leave("test", door=Door.MAILTO)
    with pytest.raises(Gone):
        unsubscribing.leave("1-1-" + "0" * 32, door=Door.MAILTO)


def test_a_forged_host_changes_no_link(client: Client, settings: Any):
    page = client.get(path_of(sent()), headers={"host": "evil.example"}).content.decode()
    assert "evil.example" not in page
