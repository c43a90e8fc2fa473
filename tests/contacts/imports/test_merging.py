"""What an import does to people: what it adds, what it never overwrites, and whom it never brings back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import F
from django.utils import timezone

from contacts import suppressions, timeline
from contacts.addresses import parse
from contacts.imports import reporting, running
from contacts.models import Consent, Contact, Import, ImportChange, Subscription, Suppression
from contacts.person_export import export_person
from contacts.registry import Person
from tests.contacts.imports.hands import brought, checked, counts, receive, work
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
Mode = Import.Mode
Reason = Suppression.Reason


def standing(address: str) -> tuple[str, str]:
    found = Subscription.objects.get(contact__address_key=address)
    return found.status, found.reason


def suppress(address: str, reason: Reason = Reason.COMPLAINT, **fields: object) -> None:
    suppressions.suppress(parse(address).hash, reason, **fields)  # type: ignore[arg-type]


def test_a_new_person_comes_with_subscription_consent_and_where_from():
    run = brought(
        "email,name,country,city\nann@example.org,Ann Example,Kenya,Kisumu\n",
        consent_date=dt.date(2026, 1, 2),
    )
    ann = Contact.objects.get()
    assert (ann.name, ann.country, ann.attributes, ann.from_import) == (
        "Ann Example",
        "KE",
        {"city": "Kisumu"},
        run,
    )
    assert standing("ann@example.org") == ("confirmed", "")
    consent = Consent.objects.get()
    assert (consent.contact, consent.granted, consent.from_import) == (ann, True, run)
    assert consent.text_shown == "I want the newsletter."
    assert consent.given_at.date() == dt.date(2026, 1, 2)
    assert counts(run) == {"rows": 1, "created": 1}


def test_the_same_file_twice_changes_nothing_and_consents_to_nothing_again():
    news = make_mailing_list()
    text = "email,name\nann@example.org,Ann\nben@example.org,Ben\n"
    brought(text, news)
    before = list(Contact.objects.order_by("pk").values())
    run = brought(text, news)
    assert counts(run) == {"rows": 2, "unchanged": 2}
    assert list(Contact.objects.order_by("pk").values()) == before
    assert Consent.objects.count() == 2
    assert not ImportChange.objects.exclude(after=F("before")).exists()
    assert reporting.differences(run) == []


def test_a_blank_never_overwrites_and_attributes_are_merged_key_by_key():
    make_contact("ann@example.org", name="Ann Old", country="KE", attributes={"city": "Kisumu", "size": "M"})
    run = brought("email,name,country,city,size\nANN@example.org,Ann New,,Mombasa,\n")
    ann = Contact.objects.get()
    assert (ann.name, ann.country) == ("Ann New", "KE")
    assert ann.attributes == {"city": "Mombasa", "size": "M"}
    assert ann.address == "ann@example.org"
    assert counts(run) == {"rows": 1, "updated": 1}


def test_what_changed_is_kept_with_what_stood_before():
    ann = make_contact("ann@example.org", name="Old", attributes={"city": "Kisumu"})
    run = brought("email,name,city,size\nann@example.org,New,Mombasa,M\n")
    change = ImportChange.objects.get(contact=ann)
    assert change.before == {"name": "Old", "attributes": {"city": "Kisumu"}, "subscription": None}
    assert change.after == {
        "name": "New",
        "attributes": {"city": "Mombasa", "size": "M"},
        "subscription": "confirmed",
    }
    found = {(each.field, each.before, each.after) for each in reporting.differences(run)}
    assert ("attribute:city", "Kisumu", "Mombasa") in found
    assert ("attribute:size", None, "M") in found


def test_the_differences_are_foretold_before_anything_is_done():
    make_contact("ann@example.org", name="Old")
    run = checked("email,name\nann@example.org,New\nben@example.org,Ben\n")
    assert {(each.line, each.field, each.before, each.after) for each in reporting.differences(run)} == {
        (2, "name", "Old", "New"),
        (2, "subscription", None, "confirmed"),
    }
    assert Contact.objects.get().name == "Old"


def test_adding_only_leaves_everybody_known_as_they_are():
    make_contact("ann@example.org", name="Old")
    run = brought("email,name\nann@example.org,New\nben@example.org,Ben\n", mode=Mode.ADD)
    assert counts(run) == {"rows": 2, "created": 1, "unchanged": 1}
    assert Contact.objects.get(address_key="ann@example.org").name == "Old"
    assert not Subscription.objects.filter(contact__address_key="ann@example.org").exists()


@pytest.mark.parametrize("mode", [Mode.ADD, Mode.UPDATE])
def test_a_refusal_in_the_file_ends_the_subscription_of_somebody_known(mode: str):
    subscription = make_subscription(make_contact("ann@example.org"), make_mailing_list())
    run = brought("email,status\nann@example.org,unsubscribed\n", subscription.mailing_list, mode=mode)
    assert standing("ann@example.org") == ("unsubscribed", "refused")
    assert counts(run) == {"rows": 1, "updated": 1, "suppressed": 1}
    assert Consent.objects.get().granted is False


def test_a_file_that_brings_no_consent_takes_none_away_that_was_given_to_us():
    subscription = make_subscription(make_contact("ann@example.org"), make_mailing_list())
    run = brought("email,status\nann@example.org,pending\n", subscription.mailing_list)
    assert standing("ann@example.org") == ("confirmed", "")
    assert counts(run) == {"rows": 1, "unchanged": 1}


def test_whoever_unsubscribed_is_not_brought_back():
    subscription = make_subscription(
        make_contact("ann@example.org"), make_mailing_list(), status=Subscription.Status.UNSUBSCRIBED
    )
    run = brought("email\nann@example.org\n", subscription.mailing_list)
    assert standing("ann@example.org")[0] == "unsubscribed"
    assert counts(run) == {"rows": 1, "unchanged": 1, "suppressed": 1}
    assert not Consent.objects.exists()


def test_a_pending_subscription_is_confirmed_by_the_proof_of_the_import():
    subscription = make_subscription(
        make_contact("ann@example.org"), make_mailing_list(), status=Subscription.Status.PENDING
    )
    brought("email\nann@example.org\n", subscription.mailing_list)
    assert standing("ann@example.org") == ("confirmed", "")
    assert Consent.objects.get().granted is True


def test_a_suppressed_address_is_stored_and_not_subscribed():
    suppress("ann@example.org")
    run = brought("email,name\nann@example.org,Ann\n")
    assert standing("ann@example.org") == ("unsubscribed", "suppressed")
    assert counts(run) == {"rows": 1, "created": 1, "suppressed": 1}
    assert not Consent.objects.exists()


def test_a_suppression_that_has_ended_keeps_nobody_away():
    suppress("ann@example.org", ends_at=timezone.now() - dt.timedelta(days=1))
    brought("email\nann@example.org\n")
    assert standing("ann@example.org") == ("confirmed", "")


def test_an_erased_person_is_not_stored_again():
    suppress("ann@example.org", Reason.ERASED)
    run = brought("email,name\nann@example.org,Ann\n")
    assert not Contact.objects.exists()
    assert counts(run) == {"rows": 1, "unchanged": 1, "suppressed": 1}


def test_a_row_that_says_erased_leaves_a_suppression_and_nobody():
    run = brought("email,status\nann@example.org,erased\n")
    assert not Contact.objects.exists()
    found = Suppression.objects.get()
    assert (found.reason, found.scope, found.evidence) == ("erased", "all", {"import": run.pk, "line": 2})
    assert counts(run) == {"rows": 1, "created": 1, "suppressed": 1}


@pytest.mark.parametrize(
    ("status", "reason", "scope"),
    [
        ("bounced", "bounce", "all"),
        ("complained", "complaint", "all"),
        ("do not contact", "do_not_contact", "all"),
    ],
)
def test_a_bounce_or_complaint_elsewhere_is_a_suppression_here(status: str, reason: str, scope: str):
    brought(f"email,status\nann@example.org,{status}\n")
    assert Suppression.objects.values_list("reason", "scope").get() == (reason, scope)
    assert standing("ann@example.org") == ("unsubscribed", "suppressed")


def test_a_suppression_for_a_time_becomes_one_for_good_when_a_file_says_so():
    suppress("ann@example.org", Reason.BOUNCE, ends_at=timezone.now() + dt.timedelta(days=1))
    brought("email,status\nann@example.org,bounced\n")
    assert Suppression.objects.get().ends_at is None


def test_suppressing_makes_no_contact_and_counts_who_is_new():
    suppress("ann@example.org", Reason.DO_NOT_CONTACT)
    make_subscription(make_contact("ben@example.org"), make_mailing_list())
    run = brought(
        "email\nann@example.org\nben@example.org\ncem@example.org\n", mode=Mode.SUPPRESS, consent_text=""
    )
    assert counts(run) == {"rows": 3, "created": 2, "unchanged": 1, "suppressed": 3}
    assert Suppression.objects.filter(reason=Reason.DO_NOT_CONTACT).count() == 3
    assert Contact.objects.count() == 1


def test_unsubscribing_keeps_strangers_away_from_the_list_for_good():
    news = make_mailing_list()
    make_subscription(make_contact("ann@example.org"), news)
    run = brought("email\nann@example.org\nben@example.org\n", news, mode=Mode.UNSUBSCRIBE, consent_text="")
    assert counts(run) == {"rows": 2, "created": 1, "updated": 1, "suppressed": 2}
    brought("email\nann@example.org\nben@example.org\n", news)
    assert not Subscription.objects.exclude(status=Subscription.Status.UNSUBSCRIBED).exists()


def test_of_two_rows_of_one_person_the_first_stays_and_learns_what_it_lacks():
    run = brought("email,name,country,city\nann@example.org,Ann,,Kisumu\nANN@example.org,Other,KE,Mombasa\n")
    ann = Contact.objects.get()
    assert (ann.name, ann.country, ann.attributes) == ("Ann", "KE", {"city": "Kisumu"})
    assert counts(run) == {"rows": 2, "created": 1, "duplicates": 1}


@pytest.mark.parametrize("order", [("subscribed", "unsubscribed"), ("unsubscribed", "subscribed")])
def test_of_two_rows_of_one_person_the_refusal_wins(order: tuple[str, str]):
    run = brought("email,status\nann@example.org,{}\nann@example.org,{}\n".format(*order))
    assert standing("ann@example.org") == ("unsubscribed", "refused")
    assert counts(run) == {"rows": 2, "created": 1, "duplicates": 1, "suppressed": 1}


def test_nobody_is_subscribed_without_a_proof_of_consent():
    run = checked("email\nann@example.org\n", consent_text=" ")
    with pytest.raises(running.NotReady) as missing:
        running.begin_run(run)
    assert missing.value.word == "consent"
    assert not Contact.objects.exists()


def test_a_file_of_refusals_needs_no_proof_of_consent():
    run = brought("email,status\nann@example.org,unsubscribed\n", consent_text="")
    assert counts(run) == {"rows": 1, "created": 1, "suppressed": 1}


def test_a_thousand_addresses_to_suppress_are_no_more_than_a_transaction_can_lock():
    rows = "".join(f"person{number}@example.org\n" for number in range(2_500))
    run = brought(f"email\n{rows}", mode=Mode.SUPPRESS, consent_text="")
    assert run.batches.count() == 3
    assert counts(run) == {"rows": 2_500, "created": 2_500, "suppressed": 2_500}


def test_the_check_foretells_what_the_run_does():
    make_contact("ann@example.org", name="Old")
    suppress("cem@example.org")
    text = "email,name,status\nann@example.org,New,\nben@example.org,Ben,\ncem@example.org,,\nnot an address,,\nBEN@example.org,,left\n"
    run = checked(text)
    foretold = reporting.counts(run)
    running.begin_run(run, ring=False)
    work(run)
    assert reporting.counts(run) == foretold
    assert foretold["rejected"] == foretold["duplicates"] == 1


def test_a_file_with_nobody_in_it_fails_with_its_reason():
    run = receive("email,name\nann@example.org,Ann\n")
    run.chunks.update(data=b"email,name\n")
    running.begin_check(run, ring=False)
    work(run)
    assert (run.status, run.problem) == (Import.Status.FAILED, "no_rows")


def test_a_consent_of_which_the_file_knows_no_day_claims_none():
    run = brought("email,consent date\nann@example.org,2024-05-01\nben@example.org,\n")
    dated, undated = Consent.objects.order_by("pk")
    assert dated.given_at.date() == dt.date(2024, 5, 1)
    assert undated.given_at is None
    ben = Contact.objects.get(address_key="ben@example.org")
    told = [
        entry for entry in timeline.entries(ben, make_staff("Contacts editors")) if entry.kind == "consent"
    ]
    assert any("day not known" in entry.words and entry.at == run.created_at for entry in told)
    exported = export_person(Person.of_contact(ben))
    assert "day not known" in str(exported)


@pytest.mark.parametrize("mode", [Mode.ADD, Mode.UPDATE])
def test_who_said_it_was_not_them_is_signed_up_by_no_file(mode: str):
    suppress(
        "ann@example.org",
        Reason.NOT_ME,
        scope=Suppression.Scope.CONFIRMATIONS,
        ends_at=timezone.now() + dt.timedelta(days=300),
    )
    suppress(
        "ben@example.org",
        Reason.NOT_ME,
        scope=Suppression.Scope.CONFIRMATIONS,
        ends_at=timezone.now() - dt.timedelta(days=1),
    )
    run = checked("email\nann@example.org\nben@example.org\n", mode=mode)
    foretold = reporting.counts(run)
    running.begin_run(run, ring=False)
    work(run)
    assert reporting.counts(run) == foretold
    assert counts(run) == {"rows": 2, "created": 2, "suppressed": 1}
    assert standing("ann@example.org") == ("unsubscribed", "suppressed")
    assert standing("ben@example.org") == ("confirmed", "")
