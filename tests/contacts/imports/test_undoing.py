"""Taking an import back: it goes, and nothing that came after it goes with it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models.functions import Now

from contacts import subscriptions, suppressions
from contacts.imports import running, undoing
from contacts.models import (
    Consent,
    Contact,
    ContactChange,
    Import,
    ImportChange,
    Subscription,
    Suppression,
)
from tests.contacts.imports.hands import brought, undone
from tests.factories import make_contact, make_delivery, make_mailing_list, make_subscription

pytestmark = pytest.mark.django_db
LATER = Now() + dt.timedelta(hours=1)
Status = Subscription.Status


def test_whom_the_import_brought_goes_with_subscription_and_consent():
    run = undone(brought("email\nann@example.org\nben@example.org\n"))
    assert run.status == Import.Status.UNDONE
    assert not Contact.objects.exists()
    assert not Subscription.objects.exists()
    assert not Consent.objects.exists()


def test_people_we_knew_are_as_before():
    ann = make_contact("ann@example.org", name="Old", attributes={"city": "Kisumu", "own": "x"})
    before = Contact.objects.values("name", "country", "attributes").get()
    run = brought("email,name,country,city,size\nann@example.org,New,KE,Mombasa,M\n")
    undone(run)
    assert Contact.objects.values("name", "country", "attributes").get() == before
    assert not ann.subscriptions.exists()
    assert not Consent.objects.exists()


def test_a_field_that_was_corrected_since_stays_corrected():
    make_contact("ann@example.org", name="Old", attributes={"city": "Kisumu"})
    run = brought("email,name,city\nann@example.org,New,Mombasa\n")
    Contact.objects.update(name="Corrected")
    undone(run)
    ann = Contact.objects.get()
    assert (ann.name, ann.attributes) == ("Corrected", {"city": "Kisumu"})


def edited(person: Contact) -> None:
    Contact.objects.filter(pk=person.pk).update(name="Ann", updated_at=LATER)


def noted(person: Contact) -> None:
    ContactChange.objects.create(contact=person, source="desk")


def paused(person: Contact) -> None:
    Contact.objects.filter(pk=person.pk).update(paused_until=dt.date(2027, 1, 1))


def joined_another_list(person: Contact) -> None:
    make_subscription(person, make_mailing_list())


def left_the_list(person: Contact) -> None:
    person.subscriptions.update(status=Status.UNSUBSCRIBED, changed_at=LATER)


def consented_by_themselves(person: Contact) -> None:
    Consent.objects.create(
        address_hash=person.address_hash, contact=person, purpose="newsletter", granted=True, source="form"
    )


def was_in_another_import(person: Contact) -> None:
    brought(f"email,name\n{person.address},Another\n")


def was_written_to(person: Contact) -> None:
    make_delivery(person.address)


@pytest.mark.parametrize(
    "touch",
    [
        edited,
        noted,
        paused,
        joined_another_list,
        left_the_list,
        consented_by_themselves,
        was_in_another_import,
        was_written_to,
    ],
)
def test_whoever_was_touched_since_stays(touch):
    run = brought("email\nann@example.org\nben@example.org\n")
    touch(Contact.objects.get(address_key="ann@example.org"))
    undone(run)
    assert [person.address_key for person in Contact.objects.all()] == ["ann@example.org"]


def test_a_subscription_the_import_ended_is_restored():
    subscription = make_subscription(make_contact("ann@example.org"), make_mailing_list())
    run = brought("email,status\nann@example.org,unsubscribed\n", subscription.mailing_list)
    undone(run)
    subscription.refresh_from_db()
    assert (subscription.status, subscription.reason) == ("confirmed", "")
    assert not Consent.objects.exists()


def test_a_person_who_left_since_is_not_put_back():
    subscription = make_subscription(
        make_contact("ann@example.org"), make_mailing_list(), status=Status.PENDING
    )
    run = brought("email\nann@example.org\n", subscription.mailing_list)
    Subscription.objects.update(status=Status.UNSUBSCRIBED, changed_at=LATER)
    undone(run)
    subscription.refresh_from_db()
    assert subscription.status == Status.UNSUBSCRIBED


def test_a_suppression_is_not_lifted_and_keeps_the_subscription_ended():
    subscription = make_subscription(make_contact("ann@example.org"), make_mailing_list())
    run = brought("email,status\nann@example.org,complained\n", subscription.mailing_list)
    undone(run)
    subscription.refresh_from_db()
    assert Suppression.objects.get().reason == "complaint"
    assert subscription.status == Status.UNSUBSCRIBED


def test_somebody_suppressed_since_is_not_put_back_on_the_list():
    subscription = make_subscription(make_contact("ann@example.org"), make_mailing_list())
    run = brought("email,status\nann@example.org,unsubscribed\n", subscription.mailing_list)
    suppressions.suppress(subscription.contact.address_hash, Suppression.Reason.COMPLAINT)
    undone(run)
    subscription.refresh_from_db()
    assert subscription.status == Status.UNSUBSCRIBED


def test_an_undo_cut_off_in_the_middle_goes_on():
    rows = "".join(f"person{number}@example.org,New\n" for number in range(50))
    for number in range(10):
        make_contact(f"person{number}@example.org", name="Old")
    run = brought(f"email,name\n{rows}")
    running.undo(run, ring=False)
    shift = running.Shift(running._claim(run.pk), 0.0)  # its time is over before it begins
    assert not undoing.work(shift.run, shift.beat, shift.until)
    shift.release()
    while running.work(run.pk):
        pass
    run.refresh_from_db()
    assert run.status == Import.Status.UNDONE
    assert Contact.objects.count() == 10
    assert not Contact.objects.exclude(name="Old").exists()


def test_an_undo_needs_no_staged_rows():
    run = brought("email\nann@example.org\n")
    run.staged.all().delete()
    undone(run)
    assert not Contact.objects.exists()


def test_two_imports_undone_the_last_one_first_leave_the_first_values():
    make_contact("ann@example.org", name="One")
    first = brought("email,name\nann@example.org,Two\n")
    second = brought("email,name\nann@example.org,Three\n")
    undone(second)
    assert Contact.objects.get().name == "Two"
    undone(first)
    assert Contact.objects.get().name == "One"
    assert ImportChange.objects.count() == 2


# --- two imports that say the same ----------------------------------------------------------------------------


def test_whom_a_later_import_brought_too_stays_until_that_is_undone():
    news, text = make_mailing_list(), "email,name\nann@example.org,Ann\n"
    first, second = brought(text, news), brought(text, news)
    assert undoing.forecast(first) == undoing.Forecast(removed=0, restored=0, kept=1)
    undone(second)
    assert Contact.objects.count() == 1
    undone(first)
    assert not Contact.objects.exists()
    first, _second = brought(text, news), brought(text, news)
    undone(first)
    assert Subscription.objects.get().status == Status.CONFIRMED


@pytest.mark.parametrize("known", [True, False])
def test_a_refusal_that_a_later_import_repeats_outlives_the_undo_of_the_first(known: bool):
    news = make_mailing_list()
    if known:
        make_subscription(make_contact("ann@example.org"), news, status=Status.CONFIRMED)
    first = brought("email\nann@example.org\n", news, mode=Import.Mode.UNSUBSCRIBE)
    brought("email,status\nann@example.org,unsubscribed\n", news)
    undone(first)
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED


@pytest.mark.parametrize("known", [True, False])
def test_who_left_after_an_import_had_taken_them_off_is_not_put_back(known: bool):
    news = make_mailing_list()
    if known:
        make_subscription(make_contact("ann@example.org"), news, status=Status.CONFIRMED)
    run = brought("email\nann@example.org\n", news, mode=Import.Mode.UNSUBSCRIBE)
    subscriptions.unsubscribe(Contact.objects.get(), news, source="link")
    undone(run)
    assert Subscription.objects.get().status == Status.UNSUBSCRIBED
