"""The two legal doors out of a suppression, and that there is no third."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from contacts import erasing, subscriptions, suppressions
from contacts.addresses import Address
from contacts.models import Consent, Lift, MailingList, Suppression
from contacts.registry import Person
from mailer import invariants
from tests.factories import make_delivery, unique_address
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
Reason, Scope = Suppression.Reason, Suppression.Scope


@pytest.fixture
def news() -> MailingList:
    return MailingList.objects.create(name="News", slug="news")


@pytest.fixture
def keeper() -> User:
    return make_staff("Suppression keepers")


def suppressed(reason: str, scope: str = Scope.ALL, address: Address | None = None) -> Suppression:
    address = address or unique_address()
    suppressions.suppress(address.hash, Reason(reason), scope=Scope(scope), evidence={"note": "they said so"})
    return Suppression.objects.get(address_hash=address.hash, scope=scope, reason=reason)


def confirm(address: Address, mailing_list: MailingList, click: int = 1, *, mailed: timedelta = timedelta(0)):
    """The press of the button of a mail that left so long ago."""
    return subscriptions.subscribe_proven(
        address,
        mailing_list,
        text="Send me news.",
        page="/",
        source="form",
        proof={"click": click},
        mailed_at=timezone.now() - mailed,
    )


@pytest.mark.parametrize("reason", [Reason.BOUNCE, Reason.DO_NOT_CONTACT, Reason.LEFT, Reason.NOT_ME])
def test_an_act_of_staff_lifts_a_suppression_and_says_who_and_why_for_ever(reason, keeper):
    row = suppressed(reason)
    lift = suppressions.lift(row, by=keeper, why="They rang and asked for the newsletter.")
    assert lift is not None
    assert not Suppression.objects.exists()
    assert (lift.by, lift.why, lift.reason, lift.left_scope) == (
        keeper,
        "They rang and asked for the newsletter.",
        reason,
        "",
    )
    assert (lift.suppression, lift.evidence) == (row.pk, {"note": "they said so"})


def test_a_second_click_lifts_nothing_and_writes_nothing(keeper):
    row = suppressed(Reason.BOUNCE)
    assert suppressions.lift(row, by=keeper, why="They rang.")
    assert suppressions.lift(row, by=keeper, why="They rang.") is None
    assert Lift.objects.count() == 1


def test_an_act_without_a_reason_lifts_nothing(keeper):
    row = suppressed(Reason.BOUNCE)
    with pytest.raises(ValueError, match="reason"):
        suppressions.lift(row, by=keeper, why="  ")
    assert Suppression.objects.get() == row


@pytest.mark.parametrize("reason", [Reason.COMPLAINT, Reason.ERASED])
def test_staff_alone_only_open_the_way_back_after_a_complaint_and_after_an_erasure(reason, keeper):
    address = unique_address()
    row = suppressed(reason, address=address)
    assert suppressions.lift(row, by=keeper, why="They wrote to us.")
    assert suppressions.blocks(address.hash, Scope.MAILINGS)
    assert suppressions.blocks(address.hash, Scope.CONFIRMATIONS) is None
    assert suppressions.lift(row, by=keeper, why="Again.") is None


@pytest.mark.parametrize("reason", [Reason.COMPLAINT, Reason.ERASED])
def test_the_persons_confirmation_lifts_what_staff_have_opened(reason, keeper, news):
    address = unique_address()
    suppressions.lift(suppressed(reason, address=address), by=keeper, why="They wrote to us.")
    subscription = confirm(address, news)
    assert subscription is not None
    assert subscription.status == "confirmed"
    assert not Suppression.objects.exists()
    first, second = Lift.objects.order_by("pk")
    assert (first.by, first.left_scope) == (keeper, Scope.MAILINGS)
    assert (second.by, second.left_scope, second.consent) == (None, "", Consent.objects.get())


def test_a_person_who_complained_is_not_brought_back_by_their_confirmation_alone(news):
    address = unique_address()
    row = suppressed(Reason.COMPLAINT, address=address)
    assert confirm(address, news) is None
    assert Suppression.objects.get() == row


def test_a_complaint_goes_at_once_when_the_person_had_asked_for_mail_since(keeper, news):
    address = unique_address()
    row = suppressed(Reason.COMPLAINT, address=address)
    confirm(address, news)
    lift = suppressions.lift(row, by=keeper, why="A slip of the finger, they say.")
    assert lift is not None
    assert lift.consent == Consent.objects.get()
    assert not Suppression.objects.exists()


def test_a_consent_from_before_the_complaint_or_from_an_import_is_not_the_persons_word(keeper, news):
    address = unique_address()
    row = suppressed(Reason.COMPLAINT, address=address)
    earlier = timezone.now() - timedelta(days=1)
    for given_at, proof in ((earlier, {"click": 1}), (timezone.now(), {})):
        Consent.objects.create(
            address_hash=address.hash,
            mailing_list=news,
            purpose="newsletter",
            granted=True,
            source="x",
            proof=proof,
            given_at=given_at,
        )
    suppressions.lift(row, by=keeper, why="They rang.")
    assert suppressions.blocks(address.hash, Scope.MAILINGS)


def test_a_confirmed_sign_up_brings_back_who_had_left_everything(news):
    address = unique_address()
    suppressed(Reason.LEFT, Scope.MAILINGS, address)
    subscription = confirm(address, news)
    assert subscription is not None
    assert Lift.objects.get().asked_at == Consent.objects.get().given_at


@pytest.mark.parametrize("reason", [Reason.BOUNCE, Reason.DO_NOT_CONTACT])
def test_the_button_of_a_mail_that_left_before_the_suppression_lifts_only_who_had_left(reason, news):
    address = unique_address()
    row = suppressed(reason, address=address)
    left = suppressed(Reason.LEFT, Scope.MAILINGS, address)
    assert confirm(address, news, mailed=timedelta(minutes=5)) is None
    assert Suppression.objects.get() == row
    assert Lift.objects.get().suppression == left.pk
    assert confirm(address, news, click=2) is not None
    assert not Suppression.objects.exists()


def test_an_old_confirmation_lifts_nothing_that_came_after_it(news):
    address = unique_address()
    confirm(address, news)
    row = suppressed(Reason.LEFT, Scope.MAILINGS, address)
    confirm(address, news)
    assert suppressions.lift_by_consent(Consent.objects.get()) == []
    assert Suppression.objects.get() == row


def test_a_new_complaint_closes_a_way_back_that_was_open(keeper, news):
    address = unique_address()
    suppressions.lift(suppressed(Reason.COMPLAINT, address=address), by=keeper, why="They rang.")
    again = suppressed(Reason.COMPLAINT, address=address)
    assert confirm(address, news) is None
    assert suppressions.blocks(address.hash, Scope.CONFIRMATIONS) == again
    assert suppressions.lift(again, by=keeper, why="They rang once more.")
    assert not Suppression.objects.filter(address_hash=address.hash).exists()


def test_the_database_lets_no_suppression_go_narrow_or_end_without_a_lift():
    row = suppressed(Reason.COMPLAINT)
    for change in (
        lambda: row.delete(),
        lambda: Suppression.objects.all().delete(),
        lambda: Suppression.objects.update(scope=Scope.MAILINGS),
        lambda: Suppression.objects.update(ends_at=timezone.now()),
        lambda: Suppression.objects.update(reason=Reason.BOUNCE),
        lambda: Suppression.objects.update(address_hash=b"0" * 32),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    Suppression.objects.update(evidence={"more": 1})
    Suppression.objects.filter(scope=Scope.ALL).update(created_at=timezone.now())
    assert Suppression.objects.get().reason == Reason.COMPLAINT


def test_a_suppression_that_has_ended_may_be_cleared_away():
    suppressions.suppress(unique_address().hash, Reason.NOT_ME, ends_at=timezone.now() - timedelta(days=1))
    assert Suppression.objects.all().delete()[0] == 1


def test_the_audit_finds_a_complaint_that_is_forgotten_and_knows_one_that_was_lifted(keeper, news):
    address = unique_address()
    make_delivery(
        address, kind="confirmation", status="sent", sent_at=timezone.now(), complained_at=timezone.now()
    )
    name = "I11 who complained or is gone is suppressed, or was lifted by a door"

    def found() -> list[int]:
        return list(next(one.ids for one in invariants.check_all() if one.name == name))

    assert len(found()) == 1
    row = suppressed(Reason.COMPLAINT, address=address)
    assert found() == []
    confirm(address, news)
    suppressions.lift(row, by=keeper, why="They asked for it.")
    assert found() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_keepers_who_lift_at_once_one_does(keeper):
    row = suppressed(Reason.BOUNCE)
    done: list[Lift | None] = []

    def lift() -> None:
        done.append(suppressions.lift(row, by=keeper, why="They rang."))
        connection.close()

    both = [threading.Thread(target=lift) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one is None for one in done) == [False, True]
    assert Lift.objects.count() == 1


def test_an_erasure_leaves_of_a_lift_neither_words_nor_names(keeper):
    address = unique_address()
    suppressions.lift(suppressed(Reason.BOUNCE, address=address), by=keeper, why="Zenobia rang.")
    erasing.erase(Person.of_key(address.key))
    lift = Lift.objects.get()
    assert (lift.why, lift.evidence, bytes(lift.address_hash)) == ("–", {}, address.hash)
