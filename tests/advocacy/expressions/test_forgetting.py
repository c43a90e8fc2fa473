"""How expressions end: by time, by an erasure, and what a person learns of theirs."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from advocacy import retention as house
from advocacy.expressions import moderating, personal, retention, writing
from advocacy.models import Expression
from contacts import erasing, registry
from contacts.addresses import parse
from contacts.models import Consent
from contacts.registry import Person
from mailer import invariants
from mailer.models import Delivery, Message
from tests.expressions import make_expression
from tests.factories import make_user

pytestmark = pytest.mark.django_db

Status = Expression.Status
AMINA = "amina@example.org"


def with_picture(expression: Expression) -> str:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "PNG")
    writing.put_picture(expression, SimpleUploadedFile("a.png", out.getvalue()), "Amina")
    expression.refresh_from_db()
    return str(expression.picture.name)


def person() -> Person:
    return Person.of_key(parse(AMINA).key)


def words_of(expression: Expression) -> str:
    expression.refresh_from_db()
    return " ".join(str(getattr(expression, name)) for name in retention._EMPTIED)


def test_what_nobody_confirms_ends_after_seven_days_and_is_empty_thirty_days_later():
    expression = make_expression(status=Status.PENDING)
    house.expire()
    expression.refresh_from_db()
    assert expression.status == Status.PENDING
    Expression.objects.update(expires_at=timezone.now())
    house.expire()
    expression.refresh_from_db()
    assert expression.status == Status.EXPIRED
    house.forget()
    assert "Amina" in words_of(expression)
    Expression.objects.update(ended_at=timezone.now() - retention.OVER_DAYS - dt.timedelta(minutes=1))
    house.forget()
    assert words_of(expression).strip() == ""
    assert expression.forgotten_at is not None
    assert retention.forget() == 0


def test_what_is_published_stays_for_years_but_the_network_it_came_from_does_not():
    expression = make_expression(network="hash")
    Expression.objects.update(created_at=timezone.now() - dt.timedelta(days=900))
    house.forget()
    expression.refresh_from_db()
    assert expression.statement
    assert expression.network == ""


def test_what_was_taken_down_is_forgotten_with_its_picture_and_its_mails(
    outbox, django_capture_on_commit_callbacks
):
    expression = make_expression(status=Status.CONFIRMED, address=AMINA)
    name = with_picture(expression)
    moderating.refuse(expression, make_user(), "Please name no child, dear Amina.")
    outbox.deliver()
    writing.take_down(expression)
    Expression.objects.update(ended_at=timezone.now() - retention.OVER_DAYS - dt.timedelta(minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        house.forget()
    assert not default_storage.exists(name)
    assert not Delivery.objects.exclude(address="").exists()
    assert not Message.objects.filter(text__contains="dear Amina").exists()


def test_an_erasure_takes_down_and_empties_all_of_a_person_and_nothing_of_others(
    django_capture_on_commit_callbacks,
):
    mine = make_expression(status=Status.CONFIRMED, address=AMINA)
    name = with_picture(mine)
    moderating.publish(mine, make_user(), mine.revision)
    pending = make_expression(status=Status.PENDING, address=AMINA)
    other = make_expression()
    with django_capture_on_commit_callbacks(execute=True):
        counts = erasing.erase(person())
    assert counts["advocacy.expression"] == 2
    for expression in (mine, pending):
        assert words_of(expression).strip() == ""
        assert expression.status == Status.WITHDRAWN
    assert not default_storage.exists(name)
    other.refresh_from_db()
    assert other.statement
    assert not writing.confirm(pending)
    assert not moderating.publish(mine, make_user(), mine.revision)
    consent = Consent.objects.get(purpose=Consent.Purpose.EXPRESSION, address_hash=person().hash)
    assert consent.proof["expression"] == mine.pk
    assert erasing.erase(person()).get("advocacy.expression", 0) == 0


def test_a_person_gets_what_they_said_as_data_and_staff_read_it_on_the_timeline():
    expression = make_expression(address=AMINA, statement="All of it.")
    exported = dict(registry.exporters())["Expressions of support"](person())
    assert exported[0]["Statement"] == "All of it."
    assert exported[0]["You agreed to"] == "Publish it."
    assert f"/support/{expression.pk}/" in exported[0]["Where everybody reads it"]
    (entry,) = personal.timeline(person())
    assert entry.url == f"/staff/advocacy/expression/{expression.pk}/change/"
    assert "published" in entry.words
    assert entry.about == expression


def test_what_is_public_without_a_consent_is_found_by_the_audit():
    def broken() -> set[str]:
        return {found.name for found in invariants.check_all() if found.ids}

    expression = make_expression()
    assert broken() == set()
    Consent.objects.filter(address_hash=expression.address_hash).update(granted=False)
    assert broken() == {"An expression that was proven has its consent"}
