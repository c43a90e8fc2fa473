"""A letter's life, from the form to the representative."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from advocacy import denying, letters, tokens
from advocacy.models import Letter, Submission
from contacts import suppressions
from contacts.models import Consent, Suppression
from mailer import invariants
from mailer.models import Delivery
from tests.factories import (
    make_campaign,
    make_draft,
    make_legislature,
    make_letter,
    make_mandate,
    make_submission,
    unique_address,
)

pytestmark = pytest.mark.django_db

Status = Letter.Status


def confirmations() -> int:
    return Delivery.objects.filter(kind=Delivery.Kind.CONFIRMATION).count()


def at_once(number: int, work: Callable[[], Any]) -> list[Any]:
    """Run `work` in so many threads, each on a connection of its own, started together."""
    results: list[Any] = []
    ready = threading.Barrier(number)

    def run() -> None:
        try:
            ready.wait()
            results.append(work())
        except Exception as error:  # the test looks at it
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def broken() -> list[invariants.Violation]:
    return [found for found in invariants.check_all() if found.ids]


# --- once, and only once ------------------------------------------------------------------------------------------


def test_a_letter_confirmed_twice_reaches_the_representative_once(outbox):
    submission = make_submission(mandates=[make_mandate(email="sam.lee@parliament.example")])
    outbox.deliver()
    assert letters.confirm(submission) == 1
    assert letters.confirm(submission) == 0
    letter = submission.letters.get()
    assert letters.dispatch_due(letter.slot) == 1
    assert letters.dispatch_due(letter.slot) == 0
    sent = [mail for mail in outbox.deliver() if "parliament" in mail.to[0]]
    assert [mail.to for mail in sent] == [["sam.lee@parliament.example"]]
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_eight_times_at_once_is_one_submission_and_one_mail():
    draft = make_draft()
    found = at_once(8, lambda: letters.submit(draft).pk)
    assert len(found) == 8
    assert set(found) == {Submission.objects.get().pk}
    assert Letter.objects.count() == 1
    assert confirmations() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_confirm_once():
    submission = make_submission()
    found = at_once(8, lambda: letters.confirm(submission))
    assert sorted(found) == [0] * 7 + [1]
    assert Consent.objects.count() == 1
    assert Delivery.objects.filter(kind=Delivery.Kind.SYSTEM).count() == 1


def test_a_click_in_the_old_mailbox_confirms_nothing_once_the_address_is_corrected():
    submission = make_submission()
    opened = Submission.objects.get()  # as the page behind the old link has read it
    letters.correct_address(submission, unique_address("right"))
    assert letters.confirm(opened) == 0
    assert Submission.objects.get().confirmed_at is None
    assert Letter.objects.get().status == Status.PENDING


@pytest.mark.django_db(transaction=True)
def test_a_click_in_the_last_second_is_not_overtaken_by_the_end_of_the_week():
    submission = make_submission()
    ends_at = timezone.now() + timedelta(seconds=1)
    Submission.objects.update(expires_at=ends_at)
    submission.refresh_from_db()

    def expire_while_it_is_being_confirmed() -> None:
        try:
            letters.expire()
        finally:
            connections.close_all()

    other = threading.Thread(target=expire_while_it_is_being_confirmed)
    with transaction.atomic():
        assert letters.confirm(submission) == 1
        time.sleep(max(0.0, (ends_at - timezone.now()).total_seconds()) + 0.1)
        other.start()
        time.sleep(0.5)  # it now waits for the row
    other.join(timeout=30)
    assert Letter.objects.get().status == Status.CONFIRMED


@pytest.mark.django_db(transaction=True)
def test_two_submissions_of_one_supporter_confirmed_at_once_are_one_letter_to_a_person():
    campaign, mandate = make_campaign(), make_mandate()
    address = unique_address()
    waiting = [make_submission(campaign, [mandate], address=address) for _number in range(6)]
    queue = list(waiting)
    found = at_once(6, lambda: letters.confirm(queue.pop()))
    assert sorted(found) == [0] * 5 + [1]
    statuses = sorted(Letter.objects.values_list("status", flat=True))
    assert statuses == sorted([Status.CONFIRMED] + [Status.DUPLICATE] * 5)
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_letters_confirmed_at_once_by_many_share_no_slot_they_may_not():
    campaign = make_campaign(per_person_hour=3, per_person_day=100)
    mandate = make_mandate()
    waiting = [make_submission(campaign, [mandate]) for _number in range(8)]
    queue = list(waiting)
    assert at_once(8, lambda: letters.confirm(queue.pop())) == [1] * 8
    slots = sorted(Letter.objects.values_list("slot", flat=True))
    assert all(
        later - earlier >= timedelta(hours=1) for earlier, later in zip(slots, slots[3:], strict=False)
    )


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_hand_each_letter_over_once():
    campaign = make_campaign(per_person_hour=1_000, per_person_day=10_000)
    mandates = [make_mandate() for _number in range(4)]
    for mandate in mandates:
        make_letter(campaign, mandate)
        make_letter(campaign, mandate)
    last = Letter.objects.order_by("-slot").first().slot
    found = at_once(8, lambda: letters.dispatch_due(last))
    assert sum(found) == 8
    assert Delivery.objects.filter(kind=Delivery.Kind.LETTER).count() == 8
    assert broken() == []


# --- one person, one letter ---------------------------------------------------------------------------------------


def test_a_second_letter_to_the_same_person_becomes_a_duplicate_and_says_so(outbox):
    campaign, mandate, other = make_campaign(), make_mandate(), make_mandate()
    address = unique_address()
    letters.confirm(make_submission(campaign, [mandate], address=address))
    second = make_submission(campaign, [mandate, other], address=address)
    assert letters.confirm(second) == 1
    duplicate = second.letters.get(person=mandate.person)
    assert letters.state_of(duplicate).code == "duplicate"
    assert duplicate.slot is None
    assert second.letters.get(person=other.person).status == Status.CONFIRMED
    copy = outbox.deliver()[-1]
    assert f"You have written to {mandate.person.name} in this campaign before" in copy.body


def pass_time(**stretch: float) -> None:
    """Let time pass for the ledger: its clock is the database's, so what is in it grows older."""
    Delivery.objects.update(due_at=F("due_at") - timedelta(**stretch))


def test_a_stranger_who_used_an_address_does_not_stand_in_its_owners_way():
    campaign, mandate = make_campaign(), make_mandate()
    address = unique_address("owner")
    stranger = make_submission(campaign, [mandate], address=address, name="Mallory")
    own = make_submission(campaign, [mandate], address=address)
    # The owner's mail waits for the hour to pass; it is not lost.
    assert confirmations() == 2
    assert letters.confirm(own) == 1
    assert own.letters.get().status == Status.CONFIRMED
    assert stranger.letters.get().status == Status.PENDING


def test_the_same_person_may_be_written_to_in_another_campaign():
    mandate, address = make_mandate(), unique_address()
    for campaign in (make_campaign(), make_campaign()):
        assert letters.confirm(make_submission(campaign, [mandate], address=address)) == 1


def test_a_withdrawn_letter_makes_room_for_another():
    campaign, mandate, address = make_campaign(), make_mandate(), unique_address()
    first = make_letter(campaign, mandate, address=address)
    assert letters.withdraw(first)
    assert not letters.withdraw(first)
    assert letters.confirm(make_submission(campaign, [mandate], address=address)) == 1


def test_tests_may_be_repeated():
    campaign = make_campaign(test_mode=True)
    mandate, address = make_mandate(), unique_address()
    for _number in range(2):
        assert letters.confirm(make_submission(campaign, [mandate], address=address)) == 1


# --- the confirmation mail ----------------------------------------------------------------------------------------


def test_the_confirmation_holds_nothing_the_writer_typed(outbox):
    make_submission(
        name="Win Prizes Now", place="Advertville", body="Buy my watches, they are cheap and good."
    )
    (mail,) = outbox.deliver()
    html = mail.alternatives[0].content
    for part in (mail.subject, mail.body, html, mail.from_email, str(mail.reply_to)):
        assert "Prizes" not in part
        assert "Advertville" not in part
        assert "watches" not in part
        assert "Please keep line 42" not in part
    assert "Keep line 42" in mail.subject
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


def test_the_confirmation_shows_its_link_as_button_and_as_text_and_a_way_to_say_it_was_not_me(outbox):
    submission = make_submission()
    (mail,) = outbox.deliver()
    html = mail.alternatives[0].content
    link = f"http://localhost:8000/en/confirm/{tokens.make(tokens.CONFIRM, submission)}/"
    not_me = f"http://localhost:8000/en/not-me/{denying.token(denying.SUBMISSION, Delivery.objects.get())}/"
    assert link in mail.body
    assert html.count(f'href="{link}"') == 2
    assert f">{link}</a>" in html
    assert not_me in mail.body
    assert f'href="{not_me}"' in html
    assert "1 Example Street" in mail.body
    assert "1 Example Street" in html
    # The stored text holds the places, not the secrets.
    message = Delivery.objects.get().message
    assert "{{ link }}" in message.text
    assert tokens.make(tokens.CONFIRM, submission) not in message.text + message.html


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("es", "ltr"), ("ar", "rtl")]
)
def test_a_confirmation_says_its_language_and_direction_and_asks_nobody_for_a_font(
    outbox, language, direction
):
    make_submission(language=language)
    html = outbox.deliver()[0].alternatives[0].content
    assert f'<html lang="{language}" dir="{direction}"' in html
    # The columns have a direction of their own, which would win over the page's.
    assert set(re.findall(r"direction:\s*(\w+)", html)) == {direction}
    assert "fonts.googleapis" not in html
    assert "@import" not in html
    assert "<img" not in html
    # Our own pages and the names of XML's vocabularies, nothing else.
    known = ("http://localhost:8000/", "http://www.w3.org/", "http-equiv")
    assert html.count("http") == sum(html.count(one) for one in known)


def test_confirmations_of_a_campaign_share_one_stored_text():
    campaign = make_campaign()
    for _number in range(3):
        make_submission(campaign)
    assert Delivery.objects.values("message").distinct().count() == 1


def test_an_address_gets_one_confirmation_an_hour_and_two_a_day_over_all_campaigns():
    address = unique_address()
    first, second, third = (make_submission(make_campaign(), address=address) for _number in range(3))
    due = list(Delivery.objects.order_by("due_at").values_list("due_at", flat=True))
    assert len(due) == 2
    assert due[1] - due[0] == timedelta(hours=1)
    assert letters.resend(first) == letters.Resent(False, due[0] + timedelta(days=1))
    pass_time(hours=23, minutes=59)
    assert not letters.resend(third).sent
    pass_time(minutes=1)
    assert letters.resend(third).sent
    # And the hour's limit again.
    assert not letters.resend(second).sent
    assert confirmations() == 3


def test_a_mail_whose_link_was_used_leaves_room_for_the_next():
    address = unique_address()
    for _number in range(3):
        letters.confirm(make_submission(make_campaign(), address=address))
    assert confirmations() == 3
    due = Delivery.objects.filter(kind=Delivery.Kind.CONFIRMATION).values_list("due_at", flat=True)
    assert max(due) - min(due) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("people", "asked", "thanked"),
    [
        (1, "that you wrote a letter in", "your letter is confirmed"),
        (2, "that you wrote 2 letters in", "your letters are confirmed"),
    ],
)
def test_the_mails_speak_of_one_letter_or_of_several(outbox, people, asked, thanked):
    house = make_legislature()
    submission = make_submission(mandates=[make_mandate(house) for _number in range(people)])
    (confirmation,) = outbox.deliver()
    assert asked in confirmation.body
    assert asked in confirmation.alternatives[0].content
    letters.confirm(submission)
    (copy,) = outbox.deliver()
    assert thanked in copy.body
    assert thanked in copy.alternatives[0].content


@pytest.mark.django_db(transaction=True)
def test_posts_at_once_for_one_address_do_not_both_find_room():
    address = unique_address()
    campaign = make_campaign()
    drafts = [make_draft(campaign, address=address) for _number in range(6)]
    assert all(isinstance(found, Submission) for found in at_once(6, lambda: letters.submit(drafts.pop())))
    due = sorted(Delivery.objects.values_list("due_at", flat=True))
    assert len(due) == 2
    assert due[1] - due[0] >= timedelta(hours=1)


def test_an_address_that_may_not_be_written_to_is_answered_the_same_and_gets_nothing(outbox):
    address = unique_address()
    suppressions.suppress(address.hash, Suppression.Reason.NOT_ME, scope=Suppression.Scope.CONFIRMATIONS)
    submission = make_submission(address=address)
    assert submission.letters.count() == 1
    assert outbox.deliver() == []
    assert Delivery.objects.get().status == Delivery.Status.SUPPRESSED


def test_resending_tells_when_the_next_mail_may_be_asked_for():
    submission = make_submission()
    sent = Delivery.objects.get().due_at
    assert letters.resend(submission) == letters.Resent(False, sent + timedelta(hours=1))
    pass_time(hours=1)
    assert letters.resend(submission) == letters.Resent(True, None)
    letters.confirm(submission)
    submission.refresh_from_db()
    assert letters.resend(submission) == letters.Resent(False, None)


def test_a_mail_that_was_put_off_is_sent_later():
    make_submission(delay=timedelta(seconds=90))
    delivery = Delivery.objects.get()
    assert timedelta(seconds=85) < delivery.due_at - delivery.created_at <= timedelta(seconds=90)


def test_a_corrected_address_gets_the_mail_and_the_wrong_one_loses_its_links(outbox):
    submission = make_submission(address=unique_address("typo"))
    wrong = tokens.make(tokens.CONFIRM, submission)
    right = unique_address("right")
    corrected = letters.correct_address(submission, right)
    assert [mail.to for mail in outbox.deliver()] == [[right.mailable]]
    with pytest.raises(tokens.Gone):
        tokens.read(tokens.CONFIRM, wrong)
    assert letters.confirm(tokens.read(tokens.CONFIRM, tokens.make(tokens.CONFIRM, corrected))) == 1
    letter = corrected.letters.get()
    assert letter.supporter.address == right.given
    with pytest.raises(ValidationError, match="write it again"):
        letters.correct_address(corrected, unique_address())


def test_a_form_is_no_way_to_mail_strangers():
    submission = make_submission()
    assert letters.correct_address(submission, unique_address()).corrections == 1
    letters.correct_address(submission, unique_address())
    last = letters.correct_address(submission, unique_address())
    with pytest.raises(ValidationError, match="too often"):
        letters.correct_address(last, unique_address())


def test_who_says_it_was_not_me_is_left_alone_for_a_year(outbox):
    address = unique_address()
    first, second = make_submission(address=address), make_submission(address=address)
    outbox.deliver()
    letters.deny(first)
    letters.deny(first)
    assert set(Letter.objects.values_list("status", flat=True)) == {Status.WITHDRAWN}
    for submission in (first, second):
        submission.refresh_from_db()
        assert letters.confirm(submission) == 0
        with pytest.raises(tokens.Gone):
            tokens.read(tokens.CONFIRM, tokens.make(tokens.CONFIRM, submission))
    assert not Delivery.objects.filter(status=Delivery.Status.QUEUED).exists()
    suppression = Suppression.objects.get()
    assert (suppression.reason, suppression.scope) == ("not_me", "confirmations")
    assert suppression.ends_at - suppression.created_at > timedelta(days=364)


def test_not_me_after_the_click_takes_back_what_has_not_left():
    letter = make_letter()
    letters.deny(letter.submission)
    letter.refresh_from_db()
    assert letter.status == Status.WITHDRAWN
