"""A person changed by hand, and two who were one: nothing is lost, nobody is revived, and it stands written down."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from contacts import people, suppressions, timeline
from contacts.addresses import parse
from contacts.models import (
    Consent,
    Contact,
    ContactChange,
    ImportChange,
    Subscription,
    Suppression,
)
from contacts.people import AddressTakenError, ChangedMeanwhileError, ErasedError
from tests.factories import (
    make_contact,
    make_delivery,
    make_import,
    make_mailing_list,
    make_subscription,
)
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
Reason, Scope = Suppression.Reason, Suppression.Scope


@pytest.fixture
def editor() -> User:
    return make_staff("superuser")


# --- editing ------------------------------------------------------------------------------------------------------


def test_a_change_by_hand_says_who_changed_what_from_what_and_why(editor):
    contact = make_contact(name="Ann", country="KE", attributes={"city": "Kisumu", "age": 40})
    change = people.edit(
        contact,
        {"name": "Anne", "country": "KE", "attribute:city": "Nairobi", "attribute:age": None, "language": ""},
        by=editor,
        why="She wrote to us.",
    )
    assert change is not None
    assert (change.by, change.note, change.source) == (editor, "She wrote to us.", "desk")
    assert change.changes == {
        "name": ["Ann", "Anne"],
        "attribute:city": ["Kisumu", "Nairobi"],
        "attribute:age": [40, None],
    }
    contact.refresh_from_db()
    assert (contact.name, contact.attributes) == ("Anne", {"city": "Nairobi"})


def test_a_form_saved_as_it_was_shown_changes_and_logs_nothing(editor):
    contact = make_contact(paused_until=dt.date(2026, 12, 1), attributes={"member": False, "tags": ["a"]})
    contact.refresh_from_db()
    values = {key: value for key, value in people.values_of(contact).items() if key != "address"}
    values["paused_until"] = dt.date(2026, 12, 1)
    assert people.edit(contact, values, by=editor, address=parse(contact.address)) is None
    assert not ContactChange.objects.exists()


def test_two_who_edit_at_once_do_not_overwrite_each_other_unseen(editor):
    contact = make_contact(name="Ann")
    shown = people.version_of(contact)
    people.edit(contact, {"name": "Anne"}, by=editor, version=shown)
    with pytest.raises(ChangedMeanwhileError):
        people.edit(contact, {"name": "Annette"}, by=editor, version=shown)
    contact.refresh_from_db()
    assert contact.name == "Anne"


def test_no_field_can_be_changed_but_those_of_the_list(editor):
    with pytest.raises(KeyError):
        people.edit(make_contact(), {"address_key": "x"}, by=editor)


def test_a_new_address_moves_the_key_and_the_hash_and_keeps_the_old_mails_findable(editor):
    contact = make_contact("old@example.org")
    make_delivery("old@example.org", kind="system")
    people.edit(contact, {}, by=editor, address=parse("New@Example.org"))
    contact.refresh_from_db()
    found = parse("new@example.org")
    assert (contact.address, contact.address_key) == ("New@example.org", found.key)
    assert bytes(contact.address_hash) == found.hash
    assert [address.given for address in people.addresses_of(contact)] == [
        "New@example.org",
        "old@example.org",
    ]
    assert [entry.kind for entry in timeline.entries(contact, editor)].count("mail") == 1


def test_an_address_of_somebody_else_is_refused_and_named(editor):
    other = make_contact("taken@example.org")
    contact = make_contact("ann@example.org")
    with pytest.raises(AddressTakenError) as refused:
        people.edit(contact, {}, by=editor, address=parse("TAKEN@example.org"))
    assert refused.value.contact == other
    contact.refresh_from_db()
    assert contact.address == "ann@example.org"


def test_capitals_of_an_address_can_be_corrected(editor):
    contact = make_contact("ann@example.org")
    change = people.edit(contact, {}, by=editor, address=parse("Ann@example.org"))
    assert change is not None
    assert change.changes == {"address": ["ann@example.org", "Ann@example.org"]}


@pytest.mark.parametrize(
    ("reason", "goes_along"),
    [("complaint", True), ("do_not_contact", True), ("left", True), ("bounce", False), ("not_me", False)],
)
def test_a_refusal_of_the_person_goes_with_them_and_one_of_the_mailbox_does_not(editor, reason, goes_along):
    contact = make_contact("old@example.org")
    suppressions.suppress(bytes(contact.address_hash), Reason(reason))
    people.edit(contact, {}, by=editor, address=parse("new@example.org"))
    assert suppressions.blocks(parse("old@example.org").hash, Scope.MAILINGS)
    assert bool(suppressions.blocks(parse("new@example.org").hash, Scope.MAILINGS)) is goes_along


def test_somebody_added_by_hand_is_on_no_list(editor):
    contact = people.create(parse("ann@example.org"), {"name": "Ann"}, by=editor, organisation=None)
    assert (contact.name, contact.source) == ("Ann", "desk")
    assert not Subscription.objects.exists()
    with pytest.raises(AddressTakenError):
        people.create(parse("ANN@example.org"), {}, by=editor, organisation=None)


# --- where a value came from --------------------------------------------------------------------------------------


def test_whom_we_erased_nobody_stores_again_by_hand_before_a_way_back_is_open(editor):
    gone, other = parse("gone@example.org"), make_contact()
    suppressions.suppress(gone.hash, Suppression.Reason.ERASED)
    with pytest.raises(ErasedError):
        people.create(gone, {}, by=editor, organisation=None)
    with pytest.raises(ErasedError):
        people.edit(other, {}, by=editor, address=gone)
    assert list(Contact.objects.values_list("address", flat=True)) == [other.address]
    suppressions.lift(Suppression.objects.get(), by=editor, why="They wrote to us.")
    assert people.create(gone, {}, by=editor, organisation=None).address == gone.given


def test_each_field_says_where_its_value_came_from(editor):
    first, second = make_import(), make_import(finished_at=timezone.now())
    contact = make_contact(
        name="Ann", country="KE", language="sw", from_import=first, attributes={"city": "Kisumu", "age": 4}
    )
    ImportChange.objects.create(
        from_import=second,
        line=7,
        contact=contact,
        before={"country": "", "attributes": {"age": 4}},
        after={"country": "KE", "attributes": {"age": 4, "city": "Kisumu"}},
    )
    people.edit(contact, {"language": "en"}, by=editor, why="By telephone.")
    contact.refresh_from_db()
    origins = people.origins(contact)
    assert (origins["name"].kind, origins["name"].from_import) == ("import", first.pk)
    assert (origins["country"].kind, origins["country"].from_import) == ("import", second.pk)
    assert origins["attribute:city"].from_import == second.pk
    assert origins["attribute:age"].from_import == first.pk
    assert (origins["language"].kind, origins["language"].by, origins["language"].why) == (
        "desk",
        editor,
        "By telephone.",
    )
    assert "first_name" not in origins


# --- one of two ---------------------------------------------------------------------------------------------------


def test_of_two_one_stays_with_the_fields_staff_chose_and_gaps_are_filled(editor):
    keep = make_contact(name="Ann", country="", language="en", attributes={"city": "Kisumu"})
    lose = make_contact(name="Anne", country="KE", language="sw", attributes={"city": "Mombasa", "age": 4})
    offered = {choice.field: choice.takes for choice in people.choices(keep, lose)}
    assert offered == {
        "name": "keep",
        "country": "lose",
        "language": "keep",
        "attribute:age": "lose",
        "attribute:city": "keep",
    }
    change = people.merge(keep, lose, {"language": "lose"}, by=editor, why="The same person.")
    assert change is not None
    (contact,) = Contact.objects.all()
    assert (contact.pk, contact.name, contact.country, contact.language) == (keep.pk, "Ann", "KE", "sw")
    assert contact.attributes == {"city": "Kisumu", "age": 4}
    assert change.changes["merged"][0]["pk"] == lose.pk
    assert change.changes["country"] == [None, "KE"]


@pytest.mark.parametrize(
    ("ours", "theirs", "becomes"),
    [
        ("confirmed", "unsubscribed", "unsubscribed"),
        ("unsubscribed", "confirmed", "unsubscribed"),
        ("pending", "confirmed", "confirmed"),
        ("confirmed", "pending", "confirmed"),
        (None, "unsubscribed", "unsubscribed"),
        ("confirmed", None, "confirmed"),
    ],
)
def test_per_list_a_refusal_beats_a_consent(editor, ours, theirs, becomes):
    keep, lose, news = make_contact(), make_contact(), make_mailing_list()
    for contact, status in ((keep, ours), (lose, theirs)):
        if status:
            reason = "left" if status == "unsubscribed" else ""
            make_subscription(contact, news, status=status, reason=reason)
    people.merge(keep, lose, {}, by=editor)
    row = Subscription.objects.get()
    assert (row.contact_id, row.status) == (keep.pk, becomes)
    assert row.reason == ("left" if becomes == "unsubscribed" else "")


def test_what_belonged_to_the_one_who_goes_belongs_to_the_one_who_stays(editor):
    keep, lose = make_contact("keep@example.org"), make_contact("lose@example.org")
    Consent.objects.create(
        address_hash=lose.address_hash, contact=lose, purpose="newsletter", granted=True, source="form"
    )
    ImportChange.objects.create(from_import=make_import(), line=1, contact=lose, after={"name": "x"})
    people.edit(lose, {"name": "Anne"}, by=editor)
    make_delivery("lose@example.org", kind="system")
    people.merge(keep, lose, {}, by=editor)
    assert Consent.objects.get().contact == ImportChange.objects.get().contact == keep
    assert ContactChange.objects.filter(contact=keep).count() == 2
    kinds = [entry.kind for entry in timeline.entries(keep, editor)]
    assert {"mail", "consent", "import", "change"} <= set(kinds)
    assert [address.given for address in people.addresses_of(keep)] == [
        "keep@example.org",
        "lose@example.org",
    ]


def test_every_table_that_points_to_a_contact_can_be_pointed_to_another():
    """A new relation must not be unique per contact, or it needs a rule of its own in `merge`."""
    for model, field in people.pointing():
        unique = [
            set(constraint.fields) for constraint in model._meta.constraints if hasattr(constraint, "fields")
        ]
        assert not any(field in names for names in unique), (model, field)
        assert not model._meta.get_field(field).unique, (model, field)  # type: ignore[union-attr]


def test_a_merge_revives_nobody(editor):
    keep, lose = make_contact(), make_contact()
    suppressions.suppress(bytes(lose.address_hash), Reason.COMPLAINT)
    people.merge(keep, lose, {}, by=editor)
    assert suppressions.blocks(bytes(keep.address_hash), Scope.MAILINGS)
    assert suppressions.blocks(bytes(lose.address_hash), Scope.MAILINGS)


def test_a_second_click_merges_nothing(editor):
    keep, lose = make_contact(), make_contact()
    assert people.merge(keep, lose, {}, by=editor)
    assert people.merge(keep, lose, {}, by=editor) is None
    assert ContactChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_of_one_pair_at_once_one_happens_and_nobody_is_lost(editor):
    one, two = make_contact(name="One"), make_contact(name="Two")
    news = make_mailing_list()
    make_subscription(one, news)
    make_subscription(two, news, status="unsubscribed")
    done: list[object] = []

    def merge(keep: Contact, lose: Contact) -> None:
        done.append(people.merge(keep, lose, {}, by=editor))
        connection.close()

    both = [threading.Thread(target=merge, args=pair) for pair in ((one, two), (two, one))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(found is None for found in done) == [False, True]
    assert Contact.objects.count() == 1
    assert Subscription.objects.get().status == "unsubscribed"
