"""One step left: the mail again, to the right address, and one reminder; never more of them than one address gets."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from advocacy import letters
from advocacy.expressions import links, retention, writing
from advocacy.models import Campaign, Expression
from contacts.addresses import parse
from contacts.models import Consent
from mailer.models import Delivery
from tests.advocacy.pages import Page, Visitor
from tests.expressions import make_expression
from tests.factories import make_campaign, make_submission, unique_address

pytestmark = pytest.mark.django_db

Status = Expression.Status


def pending(address: str = "amina@exmaple.org") -> Expression:
    return make_expression(status=Status.PENDING, address=address)


def one_step_left(expression: Expression) -> Page:
    return Visitor().get(f"/en/support/pending/{links.token(links.PENDING, expression)}/")


def correct(page: Page, address: str) -> Page:
    return Visitor().send(page.form("/correct/"), email=address)


def link_in(mail: Any) -> str:
    return re.search(r"https?://[^/\s]+(/\S*/confirm/\S+)", mail.body)[1]


def test_a_mistyped_address_is_corrected_and_all_links_to_the_wrong_one_are_dead(outbox):
    expression = pending()
    (wrong,) = outbox.deliver()
    page = one_step_left(expression)
    after = correct(page, "amina@example.org")
    assert "One step left" in after.text
    assert "amina@example.org" in after.text
    assert page.address != after.address
    (right,) = outbox.deliver()
    assert right.to == ["amina@example.org"]
    for dead in (page.address, link_in(wrong)):
        assert Visitor().get(dead).response.status_code == 404
    visitor = Visitor()
    assert "Waiting for a look" in visitor.send(visitor.get(link_in(right)).forms[0]).text
    expression.refresh_from_db()
    proven = Consent.objects.get(purpose=Consent.Purpose.EXPRESSION)
    assert bytes(proven.address_hash) == bytes(expression.address_hash) == parse("amina@example.org").hash


def test_a_mail_to_the_wrong_address_that_has_not_left_is_called_off(outbox):
    correct(one_step_left(pending()), "amina@example.org")
    assert [mail.to for mail in outbox.deliver()] == [["amina@example.org"]]


def test_a_click_in_the_old_mailbox_confirms_nothing_once_the_address_is_corrected():
    expression = pending()
    seen_there = Expression.objects.get()
    writing.correct_address(expression, parse("amina@example.org"))
    assert not writing.confirm(seen_there)
    assert Expression.objects.get().status == Status.PENDING


def test_the_same_address_again_changes_nothing_and_mails_nobody():
    expression = pending("amina@example.org")
    page = one_step_left(expression)
    assert correct(page, " Amina@Example.org ").address == page.address
    assert Delivery.objects.count() == 1


def test_the_form_is_no_way_to_mail_strangers():
    page = one_step_left(pending())
    for number in range(3):
        page = correct(page, f"stranger{number}@example.org")
        assert "One step left" in page.text
    page = correct(page, "stranger4@example.org")
    assert page.response.status_code == 422
    assert "This was changed too often." in page.text
    assert "stranger4@example.org" in page.form("/correct/").values("email")
    assert Delivery.objects.filter(status=Delivery.Status.QUEUED).count() == 1


def test_what_is_no_address_is_said_at_its_field():
    page = correct(one_step_left(pending()), "amina@")
    assert page.response.status_code == 422
    assert "should look like name@example.org" in page.text
    assert re.search(r"<details[^>]* open", page.html)


def test_what_is_confirmed_or_over_is_corrected_no_more():
    confirmed, over = make_expression(status=Status.CONFIRMED), pending()
    token = links.token(links.PENDING, confirmed)
    assert Visitor().client.post(f"/en/support/pending/{token}/correct/").status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert one_step_left(over).response.status_code == 404


# --- one reminder ---------------------------------------------------------------------------------------------------


def age(**stretch: float) -> None:
    """Let so much time pass for all that waits."""
    past = timezone.now() - timedelta(**stretch)
    Expression.objects.update(created_at=past, expires_at=past + timedelta(days=7))
    Delivery.objects.update(due_at=past)


def test_an_unconfirmed_expression_is_reminded_of_once_after_a_day(outbox):
    make_expression(status=Status.PENDING, address="amina@example.org")
    outbox.deliver()
    letters.expire()
    assert outbox.deliver() == []
    age(days=1, minutes=1)
    letters.expire()
    letters.expire()
    (mail,) = outbox.deliver()
    assert "waits for your word" in mail.body
    for typed in ("Amina Example", "pupils"):
        assert typed not in mail.body + mail.subject + mail.alternatives[0][0]
    age(days=3)
    letters.expire()
    assert outbox.deliver() == []
    visitor = Visitor()
    assert "Waiting for a look" in visitor.send(visitor.get(link_in(mail)).forms[0]).text


def test_a_reminder_keeps_to_the_budget_of_the_address():
    address = unique_address()
    make_expression(status=Status.PENDING, address=address)
    age(days=1, minutes=1)
    make_submission(address=address)
    assert retention.remind() == 0
    newest = Delivery.objects.order_by("-pk")[:1].values("pk")
    Delivery.objects.filter(pk__in=newest).update(due_at=timezone.now() - timedelta(hours=2))
    assert retention.remind() == 1


@pytest.mark.parametrize("why", ["said", "denied", "closed", "late"])
def test_who_needs_no_reminder_gets_none(why):
    campaign, address = make_campaign(), unique_address()
    expression = make_expression(campaign, Status.PENDING, address=address)
    if why == "said":
        make_expression(campaign, Status.CONFIRMED, address=address)
    elif why == "denied":
        writing.deny(expression)
    elif why == "closed":
        Campaign.objects.update(status=Campaign.Status.CLOSED)
    age(days=6.5 if why == "late" else 1.1)
    assert retention.remind() == 0
