"""A stranger's mailbox was typed by mistake: "it was not me" in their mail works also once the address is corrected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from advocacy import letters, tokens
from advocacy.expressions import links, writing
from advocacy.models import Expression, Letter
from contacts.addresses import parse
from contacts.models import Suppression
from mailer.models import Delivery
from tests.advocacy.pages import Visitor
from tests.expressions import make_expression
from tests.factories import make_submission

pytestmark = pytest.mark.django_db

WRONG, RIGHT = "amina@exmaple.org", "amina@example.org"


@dataclass(frozen=True)
class Kind:
    """Letters or an expression of support: how it is made, corrected and denied, and how it stands."""

    name: str
    make: Callable[[], Any]
    correct: Callable[..., Any]
    deny: Callable[..., None]
    link: Callable[[Any], str]
    standing: Callable[[], str]


KINDS = [
    Kind(
        "letters",
        lambda: make_submission(address=parse(WRONG)),
        letters.correct_address,
        letters.deny,
        lambda row: f"/en/not-me/{tokens.make(tokens.NOT_ME, row)}/",
        lambda: Letter.objects.get().status,
    ),
    Kind(
        "expression",
        lambda: make_expression(status=Expression.Status.PENDING, address=WRONG),
        writing.correct_address,
        writing.deny,
        lambda row: f"/en/support/not-me/{links.token(links.NOT_ME, row)}/",
        lambda: Expression.objects.get().status,
    ),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


def link_in(mail: Any, page: str) -> str:
    return re.search(rf"https?://[^/\s]+(/\S*/?{page}/\S+)", mail.body)[1]


def status_of(address: str) -> int:
    return Visitor().get(address).response.status_code


def test_a_stranger_stops_our_mails_and_the_corrected_address_confirms_all_the_same(kind, outbox):
    row = kind.make()
    (wrong,) = outbox.deliver()
    kind.correct(row, parse(RIGHT))
    (right,) = outbox.deliver()
    assert (wrong.to, right.to) == ([WRONG], [RIGHT])
    assert status_of(link_in(wrong, "confirm")) == 404
    page = Visitor().get(link_in(wrong, "not-me"))
    assert "It was not you?" in page.text
    assert not Suppression.objects.exists()
    for _press in range(2):
        assert "in your name" in Visitor().send(page.forms[0]).text
    suppression = Suppression.objects.get()
    assert bytes(suppression.address_hash) == parse(WRONG).hash
    assert (suppression.reason, suppression.scope) == ("not_me", "confirmations")
    assert suppression.ends_at - suppression.created_at > timedelta(days=364)
    assert kind.standing() == "pending"
    assert status_of(link_in(wrong, "confirm")) == 404
    visitor = Visitor()
    visitor.send(visitor.get(link_in(right, "confirm")).forms[0])
    assert kind.standing() == "confirmed"


def test_who_denies_later_takes_nothing_from_the_owner_who_confirmed(kind, outbox):
    row = kind.make()
    (wrong,) = outbox.deliver()
    kind.correct(row, parse(RIGHT))
    (right,) = outbox.deliver()
    visitor = Visitor()
    visitor.send(visitor.get(link_in(right, "confirm")).forms[0])
    Visitor().send(Visitor().get(link_in(wrong, "not-me")).forms[0])
    assert kind.standing() == "confirmed"
    assert bytes(Suppression.objects.get().address_hash) == parse(WRONG).hash


def test_a_mail_to_the_address_as_it_stands_withdraws_what_it_is_about(kind, outbox):
    row = kind.make()
    kind.correct(kind.correct(row, parse(RIGHT)), parse(WRONG))
    mail = outbox.deliver()[-1]
    assert mail.to == [WRONG]
    Visitor().send(Visitor().get(link_in(mail, "not-me")).forms[0])
    assert kind.standing() == "withdrawn"
    assert bytes(Suppression.objects.get().address_hash) == parse(WRONG).hash


def test_a_correction_while_somebody_denies_leaves_the_corrected_one_alone(kind):
    row = kind.make()
    seen_there = type(row).objects.get()
    kind.correct(row, parse(RIGHT))
    kind.deny(seen_there)
    assert kind.standing() == "pending"
    assert bytes(Suppression.objects.get().address_hash) == parse(WRONG).hash
    waiting = Delivery.objects.get(status=Delivery.Status.QUEUED)
    assert bytes(waiting.address_hash) == parse(RIGHT).hash


def test_the_link_of_a_page_and_of_older_mails_dies_with_a_correction(kind):
    row = kind.make()
    of_page = kind.link(row)
    assert status_of(of_page) == 200
    kind.correct(row, parse(RIGHT))
    assert status_of(of_page) == 404


def test_the_link_in_a_mail_holds_no_address_and_ends_after_a_year(kind, outbox):
    row = kind.make()
    (mail,) = outbox.deliver()
    link = link_in(mail, "not-me")
    kind.correct(row, parse(RIGHT))
    assert re.fullmatch(rf"/en/(support/)?not-me/{Delivery.objects.earliest('pk').pk}-[\w-]{{24}}/", link)
    assert parse(WRONG).hash.hex()[:12] not in link
    # As long as what it is about is denied at all, whatever is left of the address by then.
    Delivery.objects.update(address="")
    with time_machine.travel(timezone.now() + timedelta(days=364)):
        assert status_of(link) == 200
    with time_machine.travel(timezone.now() + timedelta(days=366)):
        assert status_of(link) == 404


def test_the_link_of_one_mail_opens_nothing_of_another(kind, outbox):
    kind.make()
    make_submission()
    make_expression(status=Expression.Status.PENDING)
    mail, *others = outbox.deliver()
    page, token = link_in(mail, "not-me").rstrip("/").rsplit("/", 1)
    for other in others:
        others_page, others_token = link_in(other, "not-me").rstrip("/").rsplit("/", 1)
        number, seal = others_token.split("-", 1)
        assert status_of(f"{page}/{number}-{token.split('-', 1)[1]}/") == 404
        assert status_of(f"{page}/{token.split('-', 1)[0]}-{seal}/") == 404
        if page != others_page:
            assert status_of(f"{others_page}/{token}/") == 404
