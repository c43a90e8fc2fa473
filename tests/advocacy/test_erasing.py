"""Erasing somebody who wrote letters: what has not left never does, what has left goes on to count."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from advocacy import letters, retention
from advocacy.models import Letter, Report, Supporter
from contacts import erasing, suppressions
from contacts.addresses import parse
from contacts.models import Consent, Suppression
from contacts.person_export import export_person
from contacts.registry import Person, timelines
from mailer import invariants, sending, tracking
from mailer.models import Delivery, DeliveryEvent
from tests.factories import make_campaign, make_contact, make_letter, make_mandate, make_submission
from tests.whole_database import places_of

pytestmark = pytest.mark.django_db

Status = Letter.Status
ADDRESS = parse("zenobia.quist@example.org")
PERSON = Person(key=ADDRESS.key, hash=ADDRESS.hash, contact=None)
SHE: dict[str, Any] = {
    "name": "Zenobia Quist",
    "address": ADDRESS,
    "place": "Ouagadougou",
    "postcode": "",
    "subject": "From Zenobia",
    "body": "I, Zenobia, ride line 42 every day.",
}


def nothing_broken() -> bool:
    return [found for found in invariants.check_all() if found.ids] == []


def dispatched(outbox: Any, **fields: Any) -> Letter:
    letter = make_letter(**{**SHE, **fields})
    letters.dispatch_due(letter.slot)
    letter.refresh_from_db()
    return letter


def report(delivery: Delivery, **fields: Any) -> DeliveryEvent:
    """What the provider posts of a letter: it names the sender and the subject."""
    headers = {
        "from": '"Zenobia Quist via Keep Line 42" <letters@epistle.example>',
        "subject": "From Zenobia",
    }
    return DeliveryEvent.objects.create(
        **{
            "event_key": f"event {DeliveryEvent.objects.count()}",
            "type": "delivered",
            "occurred_at": timezone.now(),
            "provider": "mailgun",
            "delivery_ref": delivery.pk,
            "raw": {"message": {"headers": headers}},
            **fields,
        }
    )


def test_nothing_is_left_of_who_wrote_and_the_letter_still_counts(outbox):
    letter = dispatched(outbox)
    outbox.deliver()
    report(letter.delivery)
    tracking.apply_all()
    Report.objects.create(letter=letter, kind="abuse", words="Zenobia writes too much")
    before = letters.progress(letter.campaign)
    assert places_of("zenobia") != []
    counts = erasing.erase(PERSON)
    assert places_of("zenobia", "quist", "ouagadougou") == []
    assert counts["advocacy.letter"] == counts["advocacy.supporter"] == counts["advocacy.submission"] == 1
    letter.refresh_from_db()
    assert (letter.status, letters.state_of(letter).code) == (Status.DISPATCHED, "delivered")
    assert letters.progress(letter.campaign) == before
    assert Consent.objects.filter(address_hash=ADDRESS.hash).exists(), "what was agreed stays, under the hash"
    assert nothing_broken()
    assert erasing.erase(PERSON) == {}


@pytest.mark.parametrize("stage", ["unconfirmed", "waiting", "held", "queued"])
def test_a_letter_that_has_not_left_never_does(outbox, stage):
    if stage == "unconfirmed":
        make_submission(**SHE)
    elif stage == "queued":
        dispatched(outbox)
    else:
        letter = make_letter(**SHE)
        if stage == "held":
            letters.hold(letter, "a reason")
    erasing.erase(PERSON)
    letter = Letter.objects.get()
    assert letter.status == Status.WITHDRAWN
    assert places_of("zenobia") == []
    assert outbox.deliver() == []
    assert letters.confirm(letter.submission) == 0
    letters.expire()
    assert outbox.deliver() == []
    assert nothing_broken()


def test_a_letter_put_back_by_the_provider_after_the_erasure_is_not_sent_without_its_text(outbox):
    letter = dispatched(outbox)
    claimed = sending.claim(letter.delivery_id)
    erasing.erase(PERSON)
    sending.settle(claimed, sending.Outcome(sending.Answer.LATER, reason="later"))
    Delivery.objects.update(due_at=timezone.now())
    assert outbox.deliver() == []
    letters.expire()
    letter.refresh_from_db()
    assert (letter.status, letter.delivery.status) == (Status.WITHDRAWN, "suppressed")
    assert nothing_broken()


def test_nobody_can_send_an_unknown_letter_again_once_its_writer_is_erased(outbox):
    letter = dispatched(outbox)
    Delivery.objects.filter(pk=letter.delivery_id).update(status="unknown", attempts=1)
    erasing.erase(PERSON)
    sending.settle_unknown(Delivery.objects.get(pk=letter.delivery_id), sent=False, actor=None)
    assert outbox.deliver() == []
    letters.expire()
    letter.refresh_from_db()
    assert letter.status == Status.WITHDRAWN


def test_a_report_that_comes_after_the_erasure_brings_no_name_back(outbox):
    letter = dispatched(outbox)
    outbox.deliver()
    copy = Delivery.objects.get(kind=Delivery.Kind.SYSTEM)
    erasing.erase(PERSON)
    report(letter.delivery)
    report(copy, raw={"recipient": ADDRESS.given})
    tracking.apply_all()
    assert places_of("zenobia") == []
    letter.delivery.refresh_from_db()
    assert letter.delivery.delivered_at is not None


def test_who_was_erased_gets_no_mail_by_a_form_that_others_fill_in(outbox):
    make_letter(**SHE)
    erasing.erase(PERSON)
    make_submission(**SHE)
    assert outbox.deliver() == []
    assert suppressions.blocks(ADDRESS.hash, Suppression.Scope.CONFIRMATIONS)


def test_a_letter_of_somebody_else_to_the_same_office_is_not_touched(outbox):
    campaign, mandate = make_campaign(), make_mandate()
    mine = make_letter(campaign, mandate, **SHE)
    other = make_letter(campaign, mandate, name="Bo Tell", body="I ride it too, every day of the week.")
    erasing.erase(PERSON)
    mine.refresh_from_db(), other.refresh_from_db()
    assert (mine.status, other.status) == (Status.WITHDRAWN, Status.CONFIRMED)
    assert "ride it too" in other.body


def test_test_letters_forget_who_tested_with_their_text(outbox):
    campaign = make_campaign(test_mode=True)
    letter = dispatched(outbox, campaign=campaign)
    outbox.deliver()
    assert letter.delivery.address == ADDRESS.mailable
    erasing.erase(PERSON)
    assert places_of("zenobia") == []


def test_the_timeline_and_the_export_tell_of_each_letter(outbox):
    contact = make_contact(ADDRESS.given)
    letter = dispatched(outbox)
    outbox.deliver()
    entries = [one for timeline in timelines() for one in timeline(Person.of_contact(contact))]
    found = [one for one in entries if one.kind == "letter"]
    assert [one.words for one in found] == [f"Letter to {letter.person.name}: sent"]
    assert (found[0].detail, found[0].permission) == (letter.campaign.name, "advocacy.view_letter")
    assert {one.kind for one in entries} >= {"letter", "mail"}
    exported = export_person(Person.of_contact(contact))
    assert exported["Letters"][0]["Text"].count("I, Zenobia") == 1
    assert exported["Letters"][0]["Your place"] == "Ouagadougou"
    assert {mail["Kind"] for mail in exported["Mails"]} == {"confirmation", "system mail"}


@pytest.mark.django_db(transaction=True)
def test_an_erasure_beside_a_confirmation_leaves_neither_a_letter_nor_a_contact(settings):
    """Twenty rounds of both at once, whoever wins; neither may fail."""
    settings.MAIL_BACKEND = "anymail.backends.test.EmailBackend"
    for round_number in range(20):
        address = parse(f"zenobia{round_number}@example.org")
        submission = make_submission(**{**SHE, "address": address})
        failures: list[Exception] = []

        def run(work: Any, failures: list[Exception] = failures) -> None:
            try:
                work()
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        both = [
            threading.Thread(target=run, args=(lambda submission=submission: letters.confirm(submission),)),
            threading.Thread(
                target=run, args=(lambda address=address: erasing.erase(Person.of_key(address.key)),)
            ),
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert failures == []
        assert Supporter.objects.exclude(address="").count() == 0
        assert not Letter.objects.exclude(status=Status.WITHDRAWN).exists()
    assert places_of("zenobia") == []
    assert retention.forget() >= 0
