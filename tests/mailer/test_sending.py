"""What the one door out promises: never two, never silently none, nobody against their will."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from contacts import suppressions
from contacts.models import Suppression
from mailer import invariants, kinds, sending, sweeping, throttle, tracking
from mailer.models import Delivery, DeliveryEvent
from mailer.providers import Answer, Outcome
from tests.factories import make_delivery, make_message, unique_address

pytestmark = pytest.mark.django_db
Status = Delivery.Status


def facts(delivery: Delivery) -> list[str]:
    return list(delivery.events.order_by("pk").values_list("type", flat=True))


def test_a_queued_delivery_reaches_the_provider_with_its_id_and_our_message_id(provider):
    delivery = make_delivery("sam.lee@parliament.example")
    assert sending.deliver(delivery.pk).answer is Answer.ACCEPTED
    delivery.refresh_from_db()
    assert delivery.status == Status.SENT
    assert delivery.sent_at is not None
    assert provider.form["to"] == ["sam.lee@parliament.example"]
    assert provider.form["v:delivery_id"] == [str(delivery.pk)]
    assert delivery.provider_message_id == provider.form["h:Message-Id"][0]
    assert provider.form["h:Message-Id"][0].endswith("@epistle.example>")
    assert facts(delivery) == ["queued", "claimed", "asked", "accepted"]


def test_a_letter_carries_no_header_of_a_machine_and_is_not_tracked(provider):
    sending.deliver(make_delivery(kind=Delivery.Kind.LETTER).pk)
    headers = {name for name in provider.form if name.startswith("h:")}
    assert headers == {"h:Message-Id"}
    assert provider.form["o:tracking-opens"] == ["no"]
    assert provider.form["o:tracking-clicks"] == ["no"]


def test_a_system_mail_says_that_a_machine_sent_it(provider):
    sending.deliver(make_delivery(kind=Delivery.Kind.SYSTEM).pk)
    assert provider.form["h:Auto-Submitted"] == ["auto-generated"]


def test_a_delivery_rung_for_twice_is_sent_once(provider):
    delivery = make_delivery()
    sending.deliver(delivery.pk)
    assert sending.deliver(delivery.pk) is None
    assert len(provider.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_a_delivery_once(provider):
    delivery = make_delivery()
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        sending.deliver(delivery.pk)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(provider.requests) == 1


def test_a_suppressed_address_is_never_asked_for(provider):
    delivery = make_delivery(kind=Delivery.Kind.CONFIRMATION)
    suppressions.suppress(bytes(delivery.address_hash), Suppression.Reason.COMPLAINT)
    assert sending.deliver(delivery.pk) is None
    delivery.refresh_from_db()
    assert delivery.status == Status.SUPPRESSED
    assert delivery.reason
    assert provider.requests == []


def test_a_suppression_between_claim_and_question_stops_the_mail(provider):
    claimed = sending.claim(make_delivery(kind=Delivery.Kind.SYSTEM).pk)
    suppressions.suppress(bytes(claimed.address_hash), Suppression.Reason.ERASED)
    assert sending.start_asking(claimed) is False
    claimed.refresh_from_db()
    assert claimed.status == Status.SUPPRESSED
    assert claimed.asked_at is None


@pytest.mark.django_db(transaction=True)
def test_a_suppression_waits_for_a_claim_under_way_and_every_later_claim_sees_it(provider):
    first, second = (make_delivery("ann@example.org", kind=Delivery.Kind.SYSTEM) for _ in range(2))
    suppressed = threading.Event()

    def forbid() -> None:
        suppressions.suppress(bytes(first.address_hash), Suppression.Reason.COMPLAINT)
        suppressed.set()
        connections.close_all()

    with transaction.atomic():
        claimed = sending.claim(first.pk)
        thread = threading.Thread(target=forbid)
        thread.start()
        assert not suppressed.wait(0.3)
    thread.join()
    assert claimed is not None
    assert sending.claim(second.pk) is None
    assert sending.start_asking(claimed) is False


def test_leaving_the_newsletters_does_not_block_the_confirmation_of_ones_own_letter(provider):
    delivery = make_delivery(kind=Delivery.Kind.CONFIRMATION)
    suppressions.suppress(
        bytes(delivery.address_hash), Suppression.Reason.LEFT, scope=Suppression.Scope.MAILINGS
    )
    assert sending.deliver(delivery.pk).answer is Answer.ACCEPTED


def test_the_check_of_the_kind_is_asked_at_the_claim(provider, monkeypatch):
    monkeypatch.setitem(
        kinds._RULES,
        "letter",
        kinds.Rule(Suppression.Scope.ALL, False, check=lambda row: "the campaign was stopped"),
    )
    delivery = make_delivery()
    sending.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == (Status.SUPPRESSED, "the campaign was stopped")


def test_links_are_filled_at_the_door_and_stored_nowhere(provider, monkeypatch):
    monkeypatch.setitem(
        kinds._RULES,
        "system",
        kinds.Rule(
            Suppression.Scope.CONFIRMATIONS, True, fields=lambda row: {"link": "https://x.example/?a=1&b=2"}
        ),
    )
    message = make_message(text="Go to {{ link }} and {{ 6*7 }}", html='<a href="{{ link }}">x</a>')
    sending.deliver(make_delivery(kind=Delivery.Kind.SYSTEM, message=message).pk)
    assert provider.form["text"] == ["Go to https://x.example/?a=1&b=2 and {{ 6*7 }}"]
    assert provider.form["html"] == ['<a href="https://x.example/?a=1&amp;b=2">x</a>']
    message.refresh_from_db()
    assert "{{ link }}" in message.text


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_final_and_keeps_the_providers_words(provider, status):
    provider.status, provider.body = status, b'{"message": "no"}'
    delivery = make_delivery()
    sending.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == (Status.FAILED, f"the provider answered {status}")


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"oops"), (502, b""), (504, b""), (200, b"<garbage"), (200, b'{"id": 1}')]
)
def test_an_answer_that_proves_nothing_leaves_the_delivery_unknown(provider, status, body):
    provider.status, provider.body = status, body
    delivery = make_delivery()
    assert sending.deliver(delivery.pk).answer is Answer.UNKNOWN
    delivery.refresh_from_db()
    assert delivery.status == Status.UNKNOWN
    assert sending.deliver(delivery.pk) is None
    assert len(provider.requests) == 1


def test_a_connection_closed_after_the_question_leaves_the_delivery_unknown(provider):
    provider.close_without_answer = True
    delivery = make_delivery()
    assert sending.deliver(delivery.pk).answer is Answer.UNKNOWN


def test_a_held_answer_leaves_the_delivery_unknown_once_the_time_is_up(provider, settings):
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": (10, 0.5)}
    gate = threading.Event()
    provider.while_asked = lambda: gate.wait(30)
    delivery = make_delivery()
    try:
        assert sending.deliver(delivery.pk).answer is Answer.UNKNOWN
    finally:
        gate.set()


def test_a_provider_that_cannot_be_reached_is_asked_again_later(settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_URL": "http://127.0.0.1:9/v3"}
    delivery = make_delivery()
    assert sending.deliver(delivery.pk).answer is Answer.LATER
    delivery.refresh_from_db()
    assert delivery.status == Status.QUEUED
    assert delivery.attempts == 1
    assert timedelta(seconds=55) < delivery.due_at - timezone.now() < timedelta(seconds=80)
    assert delivery.reason == "the provider could not be reached"


def test_after_the_eighth_attempt_the_delivery_has_failed_and_says_why(provider):
    provider.status, provider.body = 503, b""
    delivery = make_delivery()
    for _attempt in range(8):
        Delivery.objects.filter(pk=delivery.pk).update(due_at=Now())
        sending.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.FAILED, 8)
    assert delivery.reason == "the provider answered 503"
    assert sum(sending.RETRY_MINUTES) >= 240


@pytest.mark.parametrize(("header", "wait"), [("7", 7.0), (None, 60.0)])
def test_slow_down_costs_no_attempt_and_holds_every_worker(provider, header, wait):
    provider.status, provider.body = 429, b""
    provider.headers = {"Retry-After": header} if header else {}
    delivery, other = make_delivery(), make_delivery()
    sending.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.QUEUED, 0)
    assert wait - 2 < throttle.held_for() <= wait
    assert sending.deliver(other.pk) is None
    other.refresh_from_db()
    assert other.due_at > timezone.now()
    assert len(provider.requests) == 1


def test_a_refused_key_costs_no_attempt_and_raises_an_alarm(caplog, provider):
    provider.status, provider.body = 401, b"Forbidden"
    delivery = make_delivery()
    sending.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.QUEUED, 0)
    assert "the key" in delivery.reason
    assert "no mail leaves" in caplog.text


def test_a_row_whose_worker_died_before_asking_goes_back_to_the_queue(provider):
    claimed = sending.claim(make_delivery().pk)
    Delivery.objects.filter(pk=claimed.pk).update(lease_until=Now() - timedelta(seconds=1))
    assert sending.settle_lapsed() == 1
    claimed.refresh_from_db()
    assert (claimed.status, claimed.lapses) == (Status.QUEUED, 1)
    assert sending.start_asking(claimed) is False  # the dead worker, come back late, has lost its claim


def test_a_row_that_kills_its_worker_three_times_is_poison(provider):
    delivery = make_delivery()
    for _life in range(3):
        Delivery.objects.filter(pk=delivery.pk).update(due_at=Now())
        sending.claim(delivery.pk)
        Delivery.objects.filter(pk=delivery.pk).update(lease_until=Now() - timedelta(seconds=1))
        sending.settle_lapsed()
    delivery.refresh_from_db()
    assert delivery.status == Status.FAILED
    assert delivery.reason.startswith("poison")


def test_a_row_whose_worker_died_while_asking_is_unknown(provider):
    claimed = sending.claim(make_delivery().pk)
    assert sending.start_asking(claimed)
    Delivery.objects.filter(pk=claimed.pk).update(lease_until=Now() - timedelta(seconds=1))
    sweeping.sweep()
    claimed.refresh_from_db()
    assert claimed.status == Status.UNKNOWN
    assert facts(claimed)[-1] == "unknown"


def lapsed_while_asking() -> Delivery:
    """An unknown delivery whose worker still waits for the provider's answer."""
    claimed = sending.claim(make_delivery().pk)
    sending.start_asking(claimed)
    Delivery.objects.filter(pk=claimed.pk).update(lease_until=Now() - timedelta(seconds=1))
    sending.settle_lapsed()
    return claimed


def test_a_yes_that_comes_after_the_lease_is_still_a_yes():
    late = lapsed_while_asking()
    assert sending.settle(late, Outcome(Answer.ACCEPTED, "<id>"))
    late.refresh_from_db()
    assert (late.status, late.provider_message_id, late.reason) == (Status.SENT, "<id>", "")
    assert sending.settle(late, Outcome(Answer.ACCEPTED, "<id>")) is False


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.LATER, Answer.SLOW_DOWN, Answer.UNKNOWN])
def test_any_other_answer_after_the_lease_changes_nothing(answer):
    late = lapsed_while_asking()
    assert sending.settle(late, Outcome(answer)) is False
    late.refresh_from_db()
    assert late.status == Status.UNKNOWN


def test_a_late_yes_does_not_settle_what_a_person_has_put_back():
    late = lapsed_while_asking()
    sending.settle_unknown(
        Delivery.objects.get(pk=late.pk), sent=False, actor=User.objects.create(username="ann")
    )
    assert sending.settle(late, Outcome(Answer.ACCEPTED, "<id>")) is False


def report(delivery: Delivery, type: str) -> None:
    """A provider's report of the delivery, brought home."""
    DeliveryEvent.objects.create(
        event_key=f"{delivery.pk}-{type}",
        type=type,
        occurred_at=timezone.now(),
        provider="mailgun",
        delivery_ref=delivery.pk,
    )
    tracking.apply_all()


@pytest.mark.parametrize("type", DeliveryEvent.PROOF)
@pytest.mark.parametrize("answer", [Answer.UNKNOWN, Answer.LATER])
def test_a_report_that_was_faster_than_a_lost_answer_settles_the_delivery(type, answer):
    claimed = sending.claim(make_delivery().pk)
    sending.start_asking(claimed)
    report(claimed, type)
    assert sending.settle(claimed, Outcome(answer))
    claimed.refresh_from_db()
    assert claimed.status == Status.SENT
    assert not [found for found in invariants.check_all() if found.ids]


@pytest.mark.parametrize("type", DeliveryEvent.PROOF)
def test_a_report_that_came_before_its_worker_was_found_dead_settles_the_delivery(type):
    claimed = sending.claim(make_delivery().pk)
    sending.start_asking(claimed)
    report(claimed, type)
    Delivery.objects.filter(pk=claimed.pk).update(lease_until=Now() - timedelta(seconds=1))
    sending.settle_lapsed()
    claimed.refresh_from_db()
    assert (claimed.status, claimed.lease_until) == (Status.SENT, None)


def test_a_mail_that_arrived_against_the_providers_own_word_is_not_sent_again(provider):
    provider.status, provider.body = 503, b""
    delivery = make_delivery()
    sending.deliver(delivery.pk)
    report(delivery, "delivered")
    Delivery.objects.filter(pk=delivery.pk).update(due_at=Now())
    assert sending.deliver(delivery.pk) is None
    delivery.refresh_from_db()
    assert delivery.status == Status.SENT
    assert len(provider.requests) == 1


def test_a_report_about_a_mail_that_was_never_asked_for_does_not_keep_it_back(provider):
    delivery = make_delivery()
    report(delivery, "delivered")
    assert sending.deliver(delivery.pk).answer is Answer.ACCEPTED


def test_a_ring_during_a_hold_brings_no_later_date_forward():
    due_at = timezone.now() + timedelta(days=1)
    delivery = sending.queue(make_message(), to=unique_address(), kind="letter", due_at=due_at)
    throttle.hold(30)
    sending.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.due_at == due_at


def test_a_person_may_say_that_an_unknown_delivery_arrived_or_send_it_again(provider):
    ann = User.objects.create(username="ann")
    arrived, again = (make_delivery(status=Status.UNKNOWN, reason="x") for _ in range(2))
    assert sending.settle_unknown(arrived, sent=True, actor=ann)
    assert sending.settle_unknown(again, sent=False, actor=ann)
    assert not sending.settle_unknown(arrived, sent=False, actor=ann)
    assert sending.deliver(again.pk).answer is Answer.ACCEPTED
    assert DeliveryEvent.objects.filter(actor=ann).count() == 2
    assert not [found for found in invariants.check_all() if found.ids]


def test_a_cancelled_delivery_never_leaves(provider):
    delivery = make_delivery()
    assert sending.cancel(delivery, "withdrawn by the supporter")
    assert not sending.cancel(delivery, "again")
    assert sending.deliver(delivery.pk) is None
    assert provider.requests == []


def test_a_delivery_due_tomorrow_waits(provider):
    delivery = sending.queue(
        make_message(), to=unique_address(), kind="letter", due_at=timezone.now() + timedelta(days=1)
    )
    assert sending.deliver(delivery.pk) is None
    assert delivery.status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broker", ["no_broker", "silent_broker"])
def test_without_a_broker_mail_is_queued_all_the_same_and_nobody_waits_long(broker, request, caplog):
    message = make_message()
    request.getfixturevalue(broker)
    before = time.monotonic()
    delivery = make_delivery(message=message)
    assert time.monotonic() - before < 5.5  # a ring of Celery's own defaults takes six seconds, or never ends
    assert Delivery.objects.get(pk=delivery.pk).status == Status.QUEUED
    assert "the broker does not answer" in caplog.text


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Act\r\nBcc: other@evil.test"},
        {"subject": "Act\u2028now"},
        {"from_name": "Eve\nCc: other@evil.test"},
        {"reply_to": "a@example.org\nb@example.org"},
        {"reply_to": "a@example.org, b@example.org"},
        {"from_name": "Eve\u202eevil"},
        {"subject": "x" * 501},
    ],
)
def test_a_header_that_could_become_another_one_is_refused(fields):
    with pytest.raises(ValidationError):
        make_message(**fields)


def test_names_and_subjects_of_any_script_arrive_unchanged(provider):
    message = make_message(
        subject="Über das Klima 🌱",
        from_name="Ольга «О.» via Bund",
        reply_to="a@example.org",
        reply_to_name="Seán, Ó",
    )
    sending.deliver(make_delivery(message=message).pk)
    assert provider.form["subject"] == ["Über das Klima 🌱"]
    assert provider.form["from"] == ['"Ольга «О.» via Bund" <letters@epistle.example>']
    assert provider.form["h:Reply-To"] == ['"Seán, Ó" <a@example.org>']


def test_the_database_refuses_a_status_it_does_not_know():
    delivery = make_delivery()
    with pytest.raises(Exception, match="delivery_status_known"), connection.cursor() as cursor:
        cursor.execute("UPDATE mailer_delivery SET status = 'lost' WHERE id = %s", [delivery.pk])
