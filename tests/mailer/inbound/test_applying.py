"""What came back finds its delivery and ends where a provider's reports end: dates, suppressions, lists left."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts import erasing
from contacts.models import Subscription, Suppression
from contacts.registry import Person
from mailer import invariants, retention, sweeping, tracking, unsubscribe_links
from mailer.inbound import applying, keeping
from mailer.models import Delivery, DeliveryEvent, InboundMail
from tests.factories import make_contact, make_delivery, make_mailing, make_subscription
from tests.mailer.inbound.bounces import mail

pytestmark = pytest.mark.django_db


def sent(**fields: Any) -> Delivery:
    return make_delivery(
        **{"kind": "system", "status": Delivery.Status.SENT, "sent_at": timezone.now(), **fields}
    )


def keep(raw: bytes, recipient: str = "") -> bool:
    return keeping.keep(raw, recipient=recipient, door="mailbox")


def read_and_apply() -> None:
    applying.read_all()
    tracking.apply_all(parked=True)


def test_a_bounce_becomes_a_bounced_delivery_and_a_suppression():
    delivery = sent()
    assert keep(mail("postfix-unknown-user", delivery.pk))
    read_and_apply()
    delivery.refresh_from_db()
    assert (delivery.bounce_class, delivery.bounce_code) == ("hard", "5.1.1")
    assert Suppression.objects.get().reason == "bounce"
    stored = InboundMail.objects.get()
    assert (stored.kind, stored.delivery_id) == ("bounce", delivery.pk)
    assert not [found for found in invariants.check_all() if found.ids]


def test_the_same_mail_by_two_doors_is_one_fact():
    delivery = sent()
    raw = mail("postfix-unknown-user", delivery.pk)
    assert keep(raw)
    assert not keep(raw)
    assert keeping.keep(raw, recipient="bounces@epistle.example", door="mailgun")
    read_and_apply()
    read_and_apply()
    assert DeliveryEvent.objects.filter(provider="dsn").count() == 1


def test_a_bounce_settles_a_delivery_whose_fate_was_unknown():
    delivery = sent(status=Delivery.Status.UNKNOWN, sent_at=None)
    keep(mail("exim-standard", delivery.pk))
    read_and_apply()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.bounce_class) == ("sent", "soft")


def test_a_complaint_suppresses_and_an_answering_machine_does_nothing():
    annoyed, away = sent(), sent()
    keep(mail("arf-abuse", annoyed.pk))
    keep(mail("vacation", away.pk))
    read_and_apply()
    assert list(Suppression.objects.values_list("reason", flat=True)) == ["complaint"]
    away.refresh_from_db()
    assert (away.bounced_at, away.complained_at) == (None, None)
    assert away.events.filter(type="autoresponded", provider="dsn").count() == 1


def test_who_writes_to_the_unsubscribe_address_leaves_the_lists_of_that_mailing():
    mailing = make_mailing(texts=False)
    contact = make_contact()
    make_subscription(contact, mailing.mailing_list)
    make_delivery(contact.address, kind="mailing", mailing=mailing, contact=contact, status="sent")
    token = unsubscribe_links.token(contact.pk, mailing.pk, bytes(contact.address_hash))
    raw = f"From: x@example.org\r\nTo: unsubscribe+{token}@epistle.example\r\n\r\n".encode()
    keep(raw.replace(token[-4:].encode(), b"0000"))
    applying.read_all()
    assert Subscription.objects.get().status == "confirmed"
    keep(raw)
    applying.read_all()
    assert Subscription.objects.get().status == "unsubscribed"


def test_a_date_that_cannot_be_is_not_believed():
    delivery = sent()
    keep(mail("postfix-unknown-user", delivery.pk).replace(b"22 Nov 2026 12:00:03", b"22 Nov 1996 12:00:03"))
    read_and_apply()
    delivery.refresh_from_db()
    assert delivery.bounced_at > timezone.now() - timedelta(minutes=5)


def test_a_mail_is_kept_up_to_a_bound():
    keep(b"Subject: x\r\n\r\n" + b"x" * 1_000_000)
    assert len(bytes(InboundMail.objects.get().raw)) == keeping.KEPT_BYTES


def test_a_mail_that_kills_its_reader_is_left_alone_after_three_tries():
    keep(mail("reply", 1))
    InboundMail.objects.update(attempts=3)
    sweeping.sweep()
    assert InboundMail.objects.get().kind == "unreadable"


def test_mails_are_emptied_after_thirty_days_and_never_read_twice():
    delivery = sent()
    raw = mail("postfix-unknown-user", delivery.pk)
    keep(raw, "bounces@epistle.example")
    applying.read_all()
    InboundMail.objects.update(received_at=timezone.now() - timedelta(days=31))
    retention.forget()
    stored = InboundMail.objects.get()
    assert (stored.raw, stored.recipient, stored.kind) == (None, "", "bounce")
    assert not keep(raw, "bounces@epistle.example")


def test_an_erased_person_is_erased_from_what_came_back_too():
    contact = make_contact("ann@example.org")
    delivery = sent(to=contact.address)
    keep(mail("postfix-unknown-user", delivery.pk))
    keep(mail("reply", 999_999))
    keep(b"From: somebody.else@example.org\r\n\r\nHello")
    read_and_apply()
    erasing.erase(Person.of_key(contact.address_key))
    kept = [bytes(one.raw) for one in InboundMail.objects.exclude(raw=None)]
    assert len(kept) == 1
    assert b"ann@example.org" not in kept[0]
    keep(mail("gmail-unknown-user", delivery.pk))
    applying.read_all()
    assert InboundMail.objects.exclude(raw=None).count() == 1


@pytest.mark.parametrize(
    "words", ["\r\n{}\r\n", "\tto\t{}, x", "Write to {}.", "mail *{}* now", "<mailto:{}?subject=x>"]
)
def test_an_address_is_found_wherever_it_stands_in_a_mail(words: str):
    contact = make_contact()
    keep(b"Subject: x\r\n\r\n" + words.format(contact.address).encode())
    erasing.erase(Person.of_key(contact.address_key))
    assert InboundMail.objects.get().raw is None


def test_an_address_is_found_behind_a_line_break_of_a_report_that_found_no_delivery():
    contact = make_contact()
    event = DeliveryEvent.objects.create(
        event_key="x",
        type="bounced",
        occurred_at=timezone.now(),
        provider="p",
        raw={"log": f"to\n{contact.address}"},
    )
    erasing.erase(Person.of_key(contact.address_key))
    event.refresh_from_db()
    assert event.raw is None


def test_a_stranger_s_mail_of_one_long_word_does_not_hold_up_an_erasure():
    contact = make_contact()
    keep(b"Subject: x\r\n\r\n" + b"a" * 250_000 + b"\r\nfrom " + contact.address.encode() + b".\r\n")
    began = time.monotonic()
    erasing.erase(Person.of_key(contact.address_key))
    assert time.monotonic() - began < 20, "it took minutes, with the address book locked"
    assert InboundMail.objects.filter(raw=None).count() == 1
