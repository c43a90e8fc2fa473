"""Erasing a person: nothing is left but the keyed hash, and what counted goes on to count."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import User
from contacts import erasing, import_traces, people, subscriptions, suppressions
from contacts.addresses import Address, parse
from contacts.models import (
    Consent,
    Contact,
    ContactChange,
    Erasure,
    Import,
    ImportChange,
    ImportChunk,
    ImportRow,
    Lift,
    Subscription,
    Suppression,
)
from contacts.person_export import export_person
from contacts.registry import Person, timelines
from mailer import invariants
from mailer.models import Delivery, DeliveryEvent, Message
from tests.factories import (
    make_contact,
    make_delivery,
    make_import,
    make_mailing_list,
    make_message,
    make_subscription,
    stage,
    unique_address,
)
from tests.whole_database import places_of

pytestmark = pytest.mark.django_db

Status = Delivery.Status


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def forget(address: Address) -> dict[str, int]:
    return erasing.erase(Person.of_key(address.key))


# --- the address book ---------------------------------------------------------------------------------------------


def test_an_erased_contact_leaves_a_keyed_hash_and_nothing_else():
    address = parse("Zenobia.Quist@Exämple.org")
    contact = make_contact(
        address.given, name="Zenobia Quist", attributes={"nick": "Zenobia"}, source="a fair"
    )
    make_subscription(contact, make_mailing_list())
    ContactChange.objects.create(contact=contact, source="desk", changes={"name": ["Z.", "Zenobia Quist"]})
    counts = forget(address)
    assert counts == {"contacts.contact": 1, "contacts.contactchange": 1, "contacts.subscription": 1}
    assert places_of("zenobia", "quist", address.key) == []
    assert Suppression.objects.get().address_hash == address.hash
    assert Suppression.objects.get().reason == Suppression.Reason.ERASED


def test_a_consent_stays_under_its_hash_without_what_tells_the_person():
    address = unique_address("zenobia")
    subscriptions.subscribe_proven(
        address,
        make_mailing_list(),
        text="Send me news.",
        page="https://example.org/",
        source="a form",
        proof={"by": "link", "confirmed_at": "2026-01-01", "ip": "192.0.2.7", "agent": "Mozilla"},
        name="Zenobia Quist",
    )
    forget(address)
    consent = Consent.objects.get()
    assert (bytes(consent.address_hash), consent.contact) == (address.hash, None)
    assert consent.proof == {"by": "link", "confirmed_at": "2026-01-01"}
    assert places_of("zenobia", "192.0.2.7") == []


def test_a_note_on_a_suppression_goes_and_the_suppression_stays():
    address = unique_address()
    suppressions.suppress(
        address.hash, Suppression.Reason.DO_NOT_CONTACT, evidence={"by": 7, "note": "Mrs Quist rang us"}
    )
    forget(address)
    kept = Suppression.objects.get(reason=Suppression.Reason.DO_NOT_CONTACT)
    assert kept.evidence == {"by": 7}


def test_why_a_suppression_was_lifted_goes_and_that_it_was_stays():
    address, actor = unique_address(), User.objects.create(username="staff")
    suppressions.suppress(
        address.hash, Suppression.Reason.DO_NOT_CONTACT, evidence={"note": "Mrs Quist rang"}
    )
    suppressions.lift(Suppression.objects.get(), by=actor, why="Mrs Quist rang again")
    forget(address)
    assert places_of("quist") == []
    assert Lift.objects.get().by == actor


def test_the_log_of_staff_acts_no_longer_names_the_person():
    contact = make_contact(name="Zenobia Quist")
    actor = User.objects.create(username="staff")
    LogEntry.objects.log_actions(actor.pk, [contact], CHANGE, "Zenobia moved", single_object=True)
    erasing.erase(Person.of_contact(contact), by=actor, door="desk")
    assert places_of("zenobia") == []
    assert LogEntry.objects.get().object_repr == f"#{contact.pk}"


def test_an_address_the_person_had_before_is_erased_with_them():
    contact, actor = make_contact("old@example.org"), User.objects.create(username="staff")
    make_delivery("old@example.org", kind=Delivery.Kind.SYSTEM)
    people.edit(contact, {}, by=actor, why="moved", address=parse("new@example.org"))
    forget(parse("new@example.org"))
    assert places_of("old@example.org", "new@example.org") == []
    assert suppressions.blocks(parse("old@example.org").hash, Suppression.Scope.MAILINGS)


def test_who_was_merged_into_the_person_is_erased_with_them():
    contact, actor = make_contact("new@example.org"), User.objects.create(username="staff")
    gone = make_contact("zeno@example.org", name="Zeno Quist", country="KE")
    LogEntry.objects.log_actions(actor.pk, [gone], CHANGE, "", single_object=True)
    make_delivery("zeno@example.org", kind=Delivery.Kind.SYSTEM)
    people.merge(contact, gone, {"name": "lose"}, by=actor, why="Zeno said so")
    forget(parse("new@example.org"))
    assert places_of("zeno", "quist", "new@example.org") == []
    assert suppressions.blocks(parse("zeno@example.org").hash, Suppression.Scope.MAILINGS)
    assert [len(rows) > 0 for rows in Erasure.objects.order_by("pk").values_list("rows", flat=True)] == [
        True,
        False,
    ]


def test_an_earlier_address_that_is_somebody_elses_now_is_left_alone():
    make_contact("shared@example.org", name="Bo")
    contact = make_contact("new@example.org")
    ContactChange.objects.create(
        contact=contact, source="desk", changes={"address": ["shared@example.org", "new@example.org"]}
    )
    forget(parse("new@example.org"))
    assert Contact.objects.get().name == "Bo"
    assert suppressions.blocks(parse("shared@example.org").hash, Suppression.Scope.MAILINGS) is None


def test_others_are_not_touched():
    address, other = unique_address("zenobia"), make_contact("bo@example.org", name="Bo Tell")
    make_contact(address.given)
    make_delivery("bo@example.org", kind=Delivery.Kind.SYSTEM)
    forget(address)
    assert Contact.objects.get() == other
    assert Delivery.objects.get().address == "bo@example.org"
    assert Delivery.objects.get().status == Status.QUEUED


# --- mail ---------------------------------------------------------------------------------------------------------


def test_mail_that_waits_for_an_erased_person_is_called_off_and_what_was_sent_still_counts():
    address = unique_address("zenobia")
    waiting = make_delivery(address, kind=Delivery.Kind.SYSTEM)
    sent = make_delivery(address, kind=Delivery.Kind.SYSTEM, status=Status.SENT, sent_at=timezone.now())
    forget(address)
    for delivery in (waiting, sent):
        delivery.refresh_from_db()
    assert (waiting.status, sent.status) == (Status.CANCELLED, Status.SENT)
    assert sent.sent_at is not None
    assert {delivery.address for delivery in (waiting, sent)} == {""}
    assert [found for found in invariants.check_all() if found.ids] == []


def test_a_text_that_only_the_erased_person_got_is_emptied_and_a_shared_one_is_not():
    address = unique_address("zenobia")
    own = make_message(subject="Your letters", text="Dear Zenobia")
    shared = make_message(subject="Your news", text="Dear reader")
    make_delivery(address, kind=Delivery.Kind.SYSTEM, message=own)
    for to in (address, unique_address()):
        make_delivery(to, kind=Delivery.Kind.SYSTEM, message=shared)
    forget(address)
    own.refresh_from_db(), shared.refresh_from_db()
    assert (own.text, own.subject, bytes(own.content_hash)) == ("", "", b"")
    assert shared.text == "Dear reader"
    assert Message.objects.filter(erased_at__isnull=False).count() == 1


def test_the_providers_reports_of_an_erased_person_are_emptied():
    address = unique_address("zenobia")
    delivery = make_delivery(address, kind=Delivery.Kind.SYSTEM, status=Status.SENT, sent_at=timezone.now())
    DeliveryEvent.objects.create(
        delivery=delivery,
        event_key="a",
        type="delivered",
        occurred_at=timezone.now(),
        detail=f"250 <{address.given}> ok",
        raw={"recipient": address.given},
    )
    DeliveryEvent.objects.create(
        event_key="parked",
        type="delivered",
        occurred_at=timezone.now(),
        parked_at=timezone.now(),
        raw={"recipient": address.given.upper()},
    )
    forget(address)
    assert places_of("zenobia") == []
    assert DeliveryEvent.objects.get(event_key="a").detail == "250 <…> ok"


# --- imports ------------------------------------------------------------------------------------------------------


def test_a_staged_row_is_emptied_and_its_line_and_result_stay():
    address = unique_address("zenobia")
    one = make_import(status=Import.Status.DONE, rows=3, created=3)
    stage(one, 2, address, name="Zenobia Quist", first_name="Zenobia", attributes={"nick": "Zeno"})
    stage(one, 3, unique_address("bo"), name="Bo")
    stage(one, 4, None, result="rejected", reason="multiple", cells=["Zen", f"{address.given};x@y.org"])
    counts = forget(address)
    assert counts == {"contacts.importrow": 2}
    assert places_of("zenobia", "quist", "zeno") == []
    rows = {row.line: row for row in ImportRow.objects.filter(from_import=one)}
    assert (rows[2].standing, bytes(rows[2].address_hash), rows[2].result) == ("erased", address.hash, "")
    assert rows[3].name == "Bo"
    assert (rows[4].result, rows[4].reason, rows[4].cells) == ("rejected", "multiple", None)
    one.refresh_from_db()
    assert (one.rows, one.created) == (3, 3)


def test_what_an_import_changed_of_the_person_is_gone():
    contact = make_contact("zenobia@example.org")
    one = make_import(status=Import.Status.DONE)
    ImportChange.objects.create(
        from_import=one, line=2, contact=contact, before={"name": "Zen"}, after={"name": "Zenobia"}
    )
    assert forget(parse("zenobia@example.org"))["contacts.importchange"] == 1
    assert places_of("zenobia") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("cut", [3, 25])
def test_an_unread_file_that_holds_the_address_is_thrown_away_and_others_are_kept(encoding, cut):
    data = "E-Mail;Name\nBo@example.org;Bo\nZENOBIA@Example.org;Zenobia\n".encode(encoding)
    holds, other = make_import(), make_import()
    for number, piece in enumerate([data[:cut], data[cut:]]):
        ImportChunk.objects.create(from_import=holds, number=number, data=piece)
    ImportChunk.objects.create(from_import=other, number=0, data="a@b.example;Bo\n".encode(encoding))
    forget(parse("zenobia@example.org"))
    holds.refresh_from_db(), other.refresh_from_db()
    assert (holds.status, holds.notes) == (Import.Status.DISCARDED, [import_traces.NOTE])
    assert (other.status, other.chunks.count()) == (Import.Status.UPLOADED, 1)
    assert places_of("zenobia", "ZENOBIA") == []


def test_an_unread_workbook_is_thrown_away_since_nobody_can_look_into_it():
    one = make_import()
    ImportChunk.objects.create(from_import=one, number=0, data=b"PK\x03\x04 packed")
    forget(unique_address())
    one.refresh_from_db()
    assert (one.status, one.chunks.count()) == (Import.Status.DISCARDED, 0)


def test_a_file_whose_rows_are_staged_is_removed_and_the_import_goes_on():
    address = unique_address("zenobia")
    one, other = (make_import(status=Import.Status.CHECKED) for _ in range(2))
    for imported in (one, other):
        ImportChunk.objects.create(from_import=imported, number=0, data=b"PK\x03\x04 packed")
    stage(one, 2, address)
    forget(address)
    one.refresh_from_db(), other.refresh_from_db()
    assert (one.status, one.chunks.count(), one.notes) == (Import.Status.CHECKED, 0, [import_traces.NOTE])
    assert (other.status, other.chunks.count(), other.notes) == (Import.Status.CHECKED, 1, [])


# --- once, twice, and again ---------------------------------------------------------------------------------------


def test_erasing_twice_finds_nothing_and_is_logged_once():
    contact = make_contact("zenobia@example.org")
    actor = User.objects.create(username="staff")
    first = erasing.erase(Person.of_contact(contact), by=actor, door="desk")
    assert forget(parse("zenobia@example.org")) == {}
    entry = Erasure.objects.get()
    assert (entry.door, entry.by, entry.rows) == ("desk", actor, first)


def test_a_dry_run_tells_what_would_go_and_changes_nothing():
    contact = make_contact("zenobia@example.org")
    make_delivery("zenobia@example.org", kind=Delivery.Kind.SYSTEM)
    out = run("erase", "zenobia@example.org", "--dry-run")
    assert "1  contacts.contact" in out
    assert "dry run" in out
    assert Contact.objects.get() == contact
    assert Delivery.objects.get().status == Status.QUEUED
    assert not Suppression.objects.exists()
    assert not Erasure.objects.exists()


def test_the_command_erases_whoever_the_address_belongs_to_in_any_spelling():
    make_contact("zenobia@example.org")
    assert "1  contacts.contact" in run("erase", " Zenobia@EXAMPLE.org ")
    assert not Contact.objects.exists()
    assert "held nothing" in run("erase", "zenobia@example.org")
    with pytest.raises(CommandError, match="does not look like"):
        run("erase", "zenobia")


def test_an_erasure_is_replayed_after_an_older_backup_came_back(tmp_path):
    address = unique_address("zenobia")
    make_contact(address.given)
    forget(address)
    log = tmp_path / "erasures.jsonl"
    log.write_text(run("export_erasures"))
    assert "zenobia" not in log.read_text()
    # The backup: the person is there again, and the log knows nothing.
    Erasure.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE contacts_suppression")  # a DELETE of one is refused by the database (I11)
    make_contact(address.given, name="Zenobia Quist")
    make_delivery(address, kind=Delivery.Kind.SYSTEM)
    stage(make_import(status=Import.Status.DONE), 2, address, name="Zenobia Quist")
    assert "1 erasures replayed" in run("replay_erasures", str(log))
    assert places_of("zenobia", "quist") == []
    assert Erasure.objects.get().door == "replay"
    assert suppressions.blocks(address.hash, Suppression.Scope.MAILINGS)


def test_a_broken_log_erases_nobody(tmp_path):
    contact = make_contact()
    log = tmp_path / "erasures.jsonl"
    log.write_text(json.dumps({"hash": bytes(contact.address_hash).hex()}) + "\n" + '{"hash": "abc"}\n')
    with pytest.raises(CommandError, match="Line 2"):
        run("replay_erasures", str(log))
    assert Contact.objects.exists()


# --- export -------------------------------------------------------------------------------------------------------


def test_an_export_holds_what_every_app_knows_and_can_be_read():
    contact = make_contact("zenobia@example.org", name="Zenobia Quist", attributes={"nick": "Zen"})
    make_subscription(contact, make_mailing_list(name="News"), status=Subscription.Status.CONFIRMED)
    make_delivery("zenobia@example.org", kind=Delivery.Kind.SYSTEM)
    suppressions.suppress(bytes(contact.address_hash), Suppression.Reason.LEFT, scope="mailings")
    found = json.loads(run("export_person", "zenobia@example.org"))
    assert found["Address"] == "zenobia@example.org"
    assert found["Contact"]["Name"] == "Zenobia Quist"
    assert found["Contact"]["Further details"] == {"nick": "Zen"}
    assert found["Lists"][0]["List"] == "News"
    assert found["Mails"][0]["Subject"] == "Save the bus"
    assert found["Where we do not write"][0]["What"] == "newsletters"


def test_an_export_after_an_erasure_holds_only_that_it_took_place():
    address = unique_address("zenobia")
    make_contact(address.given)
    forget(address)
    found = export_person(Person.of_key(address.key))
    assert set(found) == {"Exported at", "Address", "Where we do not write"}


def test_a_timeline_tells_each_mail_and_what_became_of_it():
    contact = make_contact("zenobia@example.org")
    now = timezone.now()
    make_delivery("zenobia@example.org", kind=Delivery.Kind.SYSTEM, status=Status.SENT, sent_at=now)
    Delivery.objects.update(bounced_at=now, bounce_class="hard", bounce_code="5.1.1")
    entries = [entry for timeline in timelines() for entry in timeline(Person.of_contact(contact))]
    mails = [entry for entry in entries if entry.kind == "mail"]
    assert mails[0].words == "Mail (system mail): sent"
    assert "the mailbox does not exist (5.1.1)" in mails[0].detail
    assert mails[0].permission == "mailer.view_delivery"
