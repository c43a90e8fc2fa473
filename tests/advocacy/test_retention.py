"""What ends by time, and what we no longer know afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from advocacy import letters, retention, suspicion
from advocacy.models import Campaign, Letter, Submission, Supporter
from contacts.addresses import parse
from mailer.models import Delivery, Message
from tests.expressions import make_expression
from tests.factories import make_campaign, make_letter, make_mandate, make_submission, unique_address

pytestmark = pytest.mark.django_db

Status = Letter.Status


def age(**stretch: float) -> None:
    """Make everything so much older."""
    back = timedelta(**stretch)
    for model, fields in (
        (Submission, ("created_at", "expires_at", "confirmed_at")),
        (Letter, ("confirmed_at", "dispatched_at", "held_at", "slot")),
        (Delivery, ("due_at", "created_at", "sent_at")),
    ):
        model.objects.update(**{field: F(field) - back for field in fields})


def kinds(outbox: Any) -> list[str]:
    return [mail.subject.split(":")[0] for mail in outbox.deliver()]


def test_an_unconfirmed_letter_is_reminded_once_after_a_day_and_expires_after_a_week(outbox):
    submission = make_submission()
    assert kinds(outbox) == ["One click left"]
    letters.expire()
    assert kinds(outbox) == []
    age(days=1)
    letters.expire()
    letters.expire()
    assert kinds(outbox) == ["Your letter still waits for you"]
    age(days=1)
    assert letters.expire() == 0
    assert kinds(outbox) == []
    age(days=5)
    assert letters.expire() == 1
    letter = submission.letters.get()
    assert letter.status == Status.EXPIRED
    assert "never confirmed" in letters.state_of(letter).sentence


def test_a_reminder_keeps_to_the_budget_of_the_address(outbox):
    address = unique_address()
    make_submission(address=address)
    make_submission(address=address)
    age(hours=24, minutes=30)
    # Both wait for a day, but an address gets one mail an hour: the second is reminded later.
    for hours, mails in [(0, 3), (0.5, 3), (0.6, 4), (2, 4)]:
        age(hours=hours)
        letters.expire()
        assert Delivery.objects.count() == mails


def test_who_has_confirmed_since_is_not_reminded(outbox):
    campaign, address = make_campaign(), unique_address()
    make_submission(campaign, address=address)
    letters.confirm(make_submission(campaign, address=address))
    outbox.deliver()
    age(days=2)
    letters.expire()
    assert kinds(outbox) == []


def test_a_closed_campaign_reminds_nobody():
    make_submission()
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    age(days=2)
    assert retention.remind() == 0


def test_a_held_letter_expires_after_thirty_days_of_being_held():
    letter = make_letter()
    age(days=40)
    letters.hold(letter, "a reason")
    age(days=29)
    assert letters.expire() == 0
    age(days=2)
    assert letters.expire() == 1
    letter.refresh_from_db()
    assert letter.status == Status.EXPIRED
    state = letters.state_of(letter)
    assert "Nobody could look at it in time" in state.sentence
    assert state.when == letter.held_at + retention.HELD_DAYS


def test_a_refusal_at_the_door_that_was_missed_is_found_by_the_clock():
    letter = make_letter()
    letters.dispatch_due(letter.slot)
    Delivery.objects.filter(letter=letter).update(status="suppressed", reason="the stop button")
    letters.expire()
    letter.refresh_from_db()
    assert (letter.status, letter.held_because) == (Status.WITHHELD, "the stop button")


def test_texts_are_forgotten_after_ninety_days_and_counts_stay(outbox):
    letter = make_letter(name="Ann Example", place="Kisumu")
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    outbox.deliver()
    age(days=89)
    assert letters.forget() == 0
    age(days=2)
    assert letters.forget() == 1
    assert letters.forget() == 0
    submission = Submission.objects.get()
    assert (submission.name, submission.place) == ("", "")
    assert submission.forgotten_at is not None
    letter.refresh_from_db()
    assert (letter.subject, letter.body, letter.status) == ("", "", Status.DISPATCHED)
    everything = "".join(
        f"{message.subject}{message.text}{message.html}{message.from_name}{message.reply_to}"
        for message in Message.objects.all()
    )
    for known in ("Ann Example", "Kisumu", "our children", "ann"):
        assert known not in everything
    assert letters.state_of(letter).code == "sent"


def test_an_address_goes_with_the_last_of_its_letters_and_what_it_forbade_stays(outbox):
    campaign, mandate, address = make_campaign(), make_mandate(), unique_address("ann")
    letter = make_letter(campaign, mandate, address=address)
    letters.dispatch_due(letter.slot)
    outbox.deliver()
    age(days=60)
    make_submission(make_campaign(), address=address)
    age(days=35)
    letters.forget()
    assert Supporter.objects.get().address == address.given, "another letter still needs it"
    age(days=40)
    letters.expire()
    letters.forget()
    supporter = Supporter.objects.get()
    assert (supporter.address, supporter.address_key) == ("", None)
    assert not Delivery.objects.filter(address=address.mailable).exists()
    once_more = make_submission(campaign, [mandate], address=address)
    letters.confirm(once_more)
    assert once_more.letters.get().status == Status.DUPLICATE


def test_a_mistyped_address_is_forgotten_once_it_is_corrected(outbox):
    submission = make_submission()
    mistyped = submission.supporter
    outbox.deliver()
    letters.correct_address(submission, unique_address("ann"))
    letters.forget()
    mistyped.refresh_from_db()
    assert (mistyped.address, mistyped.address_key) == ("", None)
    assert list(Delivery.objects.order_by("pk").values_list("address", flat=True)) == [
        "",
        Submission.objects.get().supporter.address,
    ]


def test_a_mail_that_waits_for_whoever_owns_a_mistyped_address_keeps_its_address(outbox):
    submission = make_submission()
    mistyped = submission.supporter
    outbox.deliver()
    letters.correct_address(submission, unique_address("ann"))
    make_expression(address=mistyped.address, status="pending")  # their mail waits for an hour behind ours
    letters.forget()
    assert Delivery.objects.get(status="queued", address_hash=mistyped.address_hash).address


def test_what_is_not_settled_is_not_forgotten():
    held = make_letter()
    letters.hold(held, "a reason")
    unknown = make_letter()
    letters.dispatch_due(unknown.slot)
    Delivery.objects.filter(letter=unknown).update(status="unknown")
    age(days=120)
    assert letters.forget() == 0


def test_an_unconfirmed_name_goes_sooner():
    make_submission(name="Somebody Else")
    age(days=38)
    letters.expire()
    assert letters.forget() == 1
    assert Submission.objects.get().name == ""


def test_networks_are_forgotten_after_thirty_days():
    make_submission(network="n" * 32)
    age(days=29)
    letters.forget()
    assert Submission.objects.get().network
    age(days=2)
    letters.forget()
    assert Submission.objects.get().network == ""


def test_an_erased_person_is_known_by_the_hash_only_and_still_writes_once(outbox):
    campaign, mandate, address = make_campaign(), make_mandate(), unique_address("ann")
    letter = make_letter(campaign, mandate, address=address)
    waiting = make_letter(campaign, address=address)
    Letter.objects.filter(pk=waiting.pk).update(slot=letter.slot + timedelta(hours=1))
    letters.dispatch_due(letter.slot)
    outbox.deliver()
    supporter = Supporter.objects.get()
    retention.erase(supporter)
    retention.erase(supporter)
    supporter.refresh_from_db()
    assert (supporter.address, supporter.address_key) == ("", None)
    assert bytes(supporter.address_hash) == address.hash
    waiting.refresh_from_db()
    assert waiting.status == Status.WITHDRAWN
    assert not Delivery.objects.filter(address=address.mailable).exists()
    again = make_submission(campaign, [mandate], address=address)
    assert letters.confirm(again) == 0
    assert again.letters.get().status == Status.DUPLICATE


def test_a_letter_in_our_queue_does_not_leave_empty_when_its_writer_is_erased(outbox):
    letter = make_letter()
    letters.dispatch_due(letter.slot)
    retention.erase(Supporter.objects.get())
    assert outbox.deliver() == []
    letter.refresh_from_db()
    assert (letter.status, letter.delivery.status) == (Status.WITHDRAWN, Delivery.Status.CANCELLED)


# --- what makes a person look first ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "I know where you live, and soon so will others.",
        "You   will\nDIE for this vote.",
        "Vous êtes une ORDURE, madame.",
        "Sé dónde vives, diputado.",
        "أعرف أين تسكن يا نائب",
        "Cheap viagra for parliament",
        "you motherfuckers",
    ],
)
def test_a_threat_an_insult_or_an_advert_is_looked_at_in_every_language(text):
    assert suspicion.in_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please vote for the Court. Victims of war deserve justice.",
        "A grape harvest, a bombastic speech, therapists and Scunthorpe.",
        "Il pleut sur la reputation de notre ville.",
        "",
    ],
)
def test_ordinary_words_are_not(text):
    assert suspicion.in_words(text) == ""


def test_words_of_the_template_itself_suspect_nobody():
    template = "Survivors of rape and torture deserve a court."
    assert suspicion.in_words(f"Dear member, {template}", template) == ""
    assert suspicion.in_words(f"{template} You bastards.", template)


def test_nobody_writes_to_themselves():
    mandate = make_mandate(email="sam.lee@parliament.example")
    letter = make_letter(mandate=mandate, address=parse("Sam.Lee@parliament.example"))
    assert letter.status == Status.WITHHELD
    assert "representative's own" in letter.held_because


def test_many_letters_of_their_own_from_one_network_are_looked_at_and_template_letters_are_not():
    campaign, mandate = make_campaign(), make_mandate()
    text = "My own entirely different words about something else, number {}."
    own = [
        make_letter(campaign, mandate, network="here", body=text.format(number))
        for number in range(suspicion.OWN_TEXTS_A_DAY + 1)
    ]
    assert [letter.status for letter in own] == [Status.CONFIRMED] * suspicion.OWN_TEXTS_A_DAY + [
        Status.WITHHELD
    ]
    assert "same network" in own[-1].held_because
    assert make_letter(campaign, mandate, network="here").status == Status.CONFIRMED
    assert make_letter(campaign, mandate, network="there", body=text).status == Status.CONFIRMED
