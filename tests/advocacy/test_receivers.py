"""What the world reports of a letter reaches its route, the letters that wait, and nobody else."""

from __future__ import annotations

import pytest
from django.utils import timezone

from advocacy import letters, receivers
from advocacy.models import ContactRoute, Letter
from contacts.addresses import parse
from contacts.models import Suppression
from mailer.models import Delivery, DeliveryEvent
from mailer.signals import delivery_settled
from mailer.tracking import apply_all
from tests.factories import make_campaign, make_letter, make_mandate, make_route, make_submission

pytestmark = pytest.mark.django_db

Status, State = Letter.Status, ContactRoute.State


def report(delivery: Delivery, kind: str, code: str = "", bounce_class: str = "") -> None:
    """A provider's report, brought home by mailer itself."""
    DeliveryEvent.objects.create(
        delivery_ref=delivery.pk,
        event_key=f"{delivery.pk}-{kind}-{code}-{DeliveryEvent.objects.count()}",
        type=kind,
        occurred_at=timezone.now(),
        provider="mailgun",
        bounce_class=bounce_class,
        bounce_code=code,
    )
    apply_all()


@pytest.fixture
def news(django_capture_on_commit_callbacks):
    """Run `report` as after a commit: the signal is sent then."""

    def tell(*arguments: str, **fields: str) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            report(*arguments, **fields)

    return tell


def sent(letter: Letter, outbox) -> Delivery:
    outbox.deliver()
    letters.dispatch_due(letter.slot)
    outbox.deliver()
    letter.refresh_from_db()
    return letter.delivery


def fresh(letter: Letter) -> Letter:
    return Letter.objects.select_related("campaign", "submission", "delivery").get(pk=letter.pk)


def test_a_hard_bounce_marks_the_route_and_holds_what_waits_but_suppresses_nobody(outbox, news):
    campaign, mandate = make_campaign(), make_mandate()
    first, *waiting = [make_letter(campaign, mandate) for _number in range(3)]
    elsewhere = make_letter(campaign)
    delivery = sent(first, outbox)
    news(delivery, "bounced", code="5.1.1", bounce_class="hard")
    route = mandate.person.routes.get()
    assert (route.state, route.state_reason) == (State.BOUNCED, "the mailbox does not exist (5.1.1)")
    assert route.state_changed_at is not None
    for letter in waiting:
        assert fresh(letter).status == Status.WITHHELD
        assert "the mailbox does not exist" in fresh(letter).held_because
    assert fresh(elsewhere).status != Status.WITHHELD
    assert Suppression.objects.count() == 0
    state = letters.state_of(fresh(first))
    assert state.code == "bounced"
    assert "the mailbox does not exist" in state.sentence


def test_a_repeated_report_changes_nothing_more(outbox, news):
    letter = make_letter()
    delivery = sent(letter, outbox)
    news(delivery, "bounced", code="5.1.1", bounce_class="hard")
    route = letter.route
    route.refresh_from_db()
    marked_at = route.state_changed_at
    delivery_settled.send(sender=Delivery, delivery=Delivery.objects.get(pk=delivery.pk), change="bounced")
    route.refresh_from_db()
    assert route.state_changed_at == marked_at
    assert receivers.mark(route, State.BOUNCED, "again") == 0


def test_everybody_who_shares_a_mailbox_is_marked_with_it(outbox, news):
    campaign = make_campaign()
    one, other = make_mandate(email="office@parliament.example"), make_mandate(email=None)
    make_route(other.person, "office@parliament.example")
    first, second = make_letter(campaign, one), make_letter(campaign, other)
    news(sent(first, outbox), "bounced", code="5.1.1", bounce_class="hard")
    assert fresh(second).status == Status.WITHHELD
    assert set(ContactRoute.objects.values_list("state", flat=True)) == {State.BOUNCED}


@pytest.mark.parametrize("bounce_class", ["soft", "block", "authentication", "host", "message"])
def test_a_bounce_that_says_nothing_of_the_mailbox_marks_no_route(outbox, news, bounce_class):
    letter = make_letter()
    news(sent(letter, outbox), "bounced", code="5.7.1", bounce_class=bounce_class)
    assert letter.person.routes.get().state == State.USABLE
    assert letters.state_of(fresh(letter)).code == "bounced"


def test_an_office_that_reports_spam_is_not_written_to_again(outbox, news):
    campaign, mandate = make_campaign(), make_mandate()
    first, second = make_letter(campaign, mandate), make_letter(campaign, mandate)
    news(sent(first, outbox), "complained")
    assert mandate.person.routes.get().state == State.REFUSED
    assert fresh(second).status == Status.WITHHELD


def test_a_bounce_of_a_test_says_nothing_about_the_representative(outbox, news):
    letter = make_letter(make_campaign(test_mode=True))
    news(sent(letter, outbox), "bounced", code="5.1.1", bounce_class="hard")
    assert letter.person.routes.get().state == State.USABLE


@pytest.mark.parametrize(("kind", "fields"), [("bounced", {"bounce_class": "hard"}), ("complained", {})])
def test_a_confirmation_that_bounces_or_is_reported_suppresses_its_address(outbox, news, kind, fields):
    submission = make_submission()
    outbox.deliver()
    news(Delivery.objects.get(), kind, **fields)
    suppression = Suppression.objects.get()
    assert bytes(suppression.address_hash) == bytes(submission.supporter.address_hash)
    # The form answers as before; the door keeps the mail back.
    again = make_submission(address=parse(submission.supporter.address))
    Delivery.objects.update(due_at=timezone.now())
    assert outbox.deliver() == []
    assert again.letters.count() == 1


def test_delivered_and_answered_are_told_as_they_come(outbox, news):
    letter = make_letter()
    delivery = sent(letter, outbox)
    assert letters.state_of(fresh(letter)).code == "sent"
    assert letters.state_of(fresh(letter)).can_answer
    news(delivery, "deferred")
    assert "asked us to wait" in letters.state_of(fresh(letter)).sentence
    news(delivery, "delivered")
    assert letters.state_of(fresh(letter)).code == "delivered"
    letters.answered(letter, yes=True)
    assert letters.state_of(fresh(letter)).code == "answered"


def test_what_nobody_knows_is_told_as_unknown():
    letter = make_letter()
    letters.dispatch_due(letter.slot)
    Delivery.objects.filter(letter=letter).update(status="unknown", asked_at=timezone.now())
    state = letters.state_of(fresh(letter))
    assert (state.code, state.can_withdraw) == ("unknown", False)
    assert "no clear answer" in state.sentence


def test_every_state_of_a_delivery_has_its_words():
    letter = make_letter()
    letters.dispatch_due(letter.slot)
    for status in Delivery.Status.values:
        letter = fresh(letter)
        letter.delivery.status = status
        letter.delivery.reason = "550 office@parliament.example unknown"
        state = letters.state_of(letter)
        assert state.word
        assert state.sentence.endswith(".")
        assert "550" not in state.sentence, "what a machine noted in English is for staff"


@pytest.mark.parametrize("status", Status.values)
def test_every_status_of_a_letter_has_its_words(status):
    letter = make_letter()
    letters.dispatch_due(letter.slot)
    letter = fresh(letter)
    letter.status = status
    state = letters.state_of(letter)
    assert state.code
    assert state.word
    assert state.sentence
    assert state.icon in {"mail", "clock", "check", "cross", "alert", "question", "form"}
    assert state.tone in {"good", "waiting", "bad", "plain"}
