"""What the address book and the mailer no longer know after a while, and what they go on to know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from contacts import retention
from contacts.models import Consent, Import, ImportChange, ImportChunk, ImportRow
from mailer import invariants
from mailer import retention as of_mails
from mailer.models import Delivery, Message
from tests.factories import (
    make_contact,
    make_delivery,
    make_import,
    make_message,
    stage,
    unique_address,
)

pytestmark = pytest.mark.django_db
Status = Import.Status


def ago(days: float) -> timezone.datetime:
    return timezone.now() - timedelta(days=days)


def with_file(**fields: object) -> Import:
    one = make_import(**fields)
    ImportChunk.objects.create(from_import=one, number=0, data=b"a@b.example")
    stage(one, 2, unique_address())
    return one


# --- imports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.CHECKED, Status.FAILED])
def test_an_import_nobody_went_on_with_for_a_week_is_thrown_away_with_its_file(status):
    old, fresh = with_file(status=status, created_at=ago(7.1)), with_file(status=status, created_at=ago(6.9))
    touched = with_file(status=status, created_at=ago(30), started_at=ago(1))
    retention.forget()
    old.refresh_from_db()
    assert (old.status, old.chunks.count(), old.staged.count()) == (Status.DISCARDED, 0, 0)
    for kept in (fresh, touched):
        kept.refresh_from_db()
        assert (kept.status, kept.chunks.count(), kept.staged.count()) == (status, 1, 1)


@pytest.mark.parametrize("status", [Status.CHECKING, Status.RUNNING, Status.UNDOING])
def test_an_import_that_is_at_work_loses_nothing(status):
    with_file(status=status, created_at=ago(100))
    retention.forget()
    assert ImportChunk.objects.count() == ImportRow.objects.count() == 1


def test_a_stopped_import_can_be_resumed_for_thirty_days_without_its_file():
    one = with_file(status=Status.STOPPED, created_at=ago(29))
    retention.forget()
    one.refresh_from_db()
    assert (one.status, one.chunks.count(), one.staged.count()) == (Status.STOPPED, 0, 1)
    Import.objects.update(created_at=ago(31))
    retention.forget()
    one.refresh_from_db()
    assert (one.status, one.staged.count()) == (Status.DISCARDED, 0)


def test_staged_rows_of_a_finished_import_go_after_thirty_days_and_its_counts_stay():
    one = make_import(status=Status.DONE, created_at=ago(40), finished_at=ago(29), rows=2, created=2)
    for line in (2, 50_000):
        stage(one, line, unique_address())
    retention.forget()
    assert one.staged.count() == 2
    Import.objects.update(finished_at=ago(31))
    retention.forget()
    one.refresh_from_db()
    assert (one.staged.count(), one.rows, one.created) == (0, 2, 2)


def test_what_an_import_replaced_is_known_as_long_as_it_can_be_undone():
    one = make_import(status=Status.DONE, created_at=ago(100), finished_at=ago(89))
    ImportChange.objects.create(from_import=one, line=2, contact=make_contact(), before={"name": "Zen"})
    retention.forget()
    assert retention.may_be_undone(one)
    assert ImportChange.objects.count() == 1
    Import.objects.update(finished_at=ago(91))
    retention.forget()
    assert not retention.may_be_undone(one)
    assert ImportChange.objects.count() == 0


# --- people -------------------------------------------------------------------------------------------------------


def test_the_network_of_a_consent_is_forgotten_after_thirty_days_and_the_rest_of_the_proof_stays():
    proof = {"by": "link", "ip": "192.0.2.7", "confirmed_ip": "192.0.2.8"}
    for days in (29, 31):
        Consent.objects.create(
            address_hash=b"0" * 32,
            purpose="newsletter",
            granted=True,
            source="a form",
            proof=proof,
            given_at=ago(days),
        )
    retention.forget()
    old, fresh = Consent.objects.order_by("given_at")
    assert old.proof == {"by": "link"}
    assert fresh.proof == proof


def test_the_network_of_a_consent_of_an_unknown_day_is_forgotten_after_its_import():
    for days in (29, 31):
        run = make_import(created_at=ago(days))
        Consent.objects.create(
            address_hash=b"0" * 32,
            purpose="newsletter",
            granted=True,
            source="import",
            from_import=run,
            proof={"ip": "192.0.2.7"},
            given_at=None,
        )
    retention.forget()
    fresh, old = Consent.objects.order_by("pk").values_list("proof", flat=True)
    assert (fresh, old) == ({"ip": "192.0.2.7"}, {})


def test_sessions_of_staff_go_when_they_are_over():
    for name, days in (("over", 1), ("going on", -1)):
        Session.objects.create(session_key=name, session_data="x", expire_date=ago(days))
    retention.forget()
    assert Session.objects.get().session_key == "going on"


def test_forgetting_that_runs_out_of_time_says_so_and_goes_on_later():
    for _ in range(3):
        stage(make_import(status=Status.DONE, created_at=ago(40)), 2, unique_address())
    assert not retention.forget(seconds=0)
    assert ImportRow.objects.exists()
    while not retention.forget(seconds=0):
        pass
    assert not ImportRow.objects.exists()


# --- mails --------------------------------------------------------------------------------------------------------


def old_mail(kind: str = Delivery.Kind.SYSTEM, **fields: object) -> Delivery:
    message = make_message()
    Message.objects.filter(pk=message.pk).update(created_at=ago(91))
    now = timezone.now()
    sent = {"status": "sent", "sent_at": now, "created_at": ago(91)}
    return make_delivery(kind=kind, message=message, **{**sent, **fields})


def test_where_a_mail_went_is_forgotten_after_ninety_days_and_what_became_of_it_is_not():
    mail = old_mail()
    assert of_mails.forget()
    mail.refresh_from_db()
    assert (mail.address, mail.status) == ("", "sent")
    assert mail.sent_at is not None
    assert mail.message.text == ""
    assert [found for found in invariants.check_all() if found.ids] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": ago(89)},
        {"status": "queued", "due_at": timezone.now()},
        {"kind": Delivery.Kind.LETTER},
    ],
)
def test_young_mails_waiting_mails_and_the_addresses_of_offices_stay(fields):
    mail = old_mail(**fields)
    of_mails.forget()
    mail.refresh_from_db()
    assert mail.address != ""
    assert mail.message.text != ""


def test_a_text_that_many_get_stays():
    mail = old_mail(kind=Delivery.Kind.CONFIRMATION)
    of_mails.forget()
    mail.refresh_from_db()
    assert mail.address == ""
    assert mail.message.text != ""
