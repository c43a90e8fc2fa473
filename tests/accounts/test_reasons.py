"""Why staff did something stands beside the log of it, and is forgotten with what it tells of."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Act, Did, record
from accounts.models import Reason
from advocacy import retention
from advocacy.deeds import Did as LetterDid
from advocacy.expressions import moderating
from advocacy.expressions import retention as expressions
from advocacy.models import Expression
from tests.staff import make_campaign, make_every_row, make_letter, make_organisation, make_staff
from tests.whole_database import places_of

pytestmark = pytest.mark.django_db


def entry_of(row: object) -> LogEntry:
    return LogEntry.objects.select_related("reason").get(object_id=str(row.pk))  # type: ignore[attr-defined]


def test_a_reason_stands_beside_the_log_and_in_what_it_tells():
    letter = make_letter(make_campaign())
    record(make_staff(), Act.CHANGED, LetterDid.LETTER_REFUSED, letter, why="Amina asked us to.")
    entry = entry_of(letter)
    assert "Amina" not in entry.change_message
    assert audit.told(entry) == "Refused: “Amina asked us to.”"


@pytest.mark.parametrize(
    "attempt", ["DELETE FROM accounts_reason", "UPDATE accounts_reason SET words = 'Because.'"]
)
def test_nobody_changes_a_reason_or_takes_it_away(attempt):
    record(make_staff(), Act.CHANGED, LetterDid.LETTER_REFUSED, make_letter(make_campaign()), why="No.")
    with (
        pytest.raises(IntegrityError, match="stays written"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attempt)


def test_the_reasons_cannot_be_emptied_as_a_whole():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_reason ENABLE TRIGGER accounts_reason_stays_whole")
        with pytest.raises(IntegrityError, match="stays written"), transaction.atomic():
            cursor.execute("TRUNCATE accounts_reason")


def test_a_reason_is_forgotten_with_the_letter_and_who_did_what_stays():
    letter, other = make_letter(make_campaign()), make_letter(make_campaign())
    user = make_staff()
    for row in (letter, other):
        record(user, Act.CHANGED, LetterDid.LETTER_REFUSED, row, why="Amina asked us to.")
    retention.erase(letter.submission.supporter)
    assert audit.told(entry_of(letter)) == "Refused: “–”"
    assert entry_of(letter).user == user
    assert "Amina" in audit.told(entry_of(other))
    assert retention.erase(letter.submission.supporter)["accounts.reason"] == 0


@pytest.mark.parametrize(
    "before",
    ["Refused: Amina asked us to.", '{"did": "advocacy.letter_refused", "why": "Amina asked us to."}'],
)
def test_a_sentence_from_before_that_holds_a_reason_is_emptied_with_the_letter(before):
    letter, user = make_letter(make_campaign()), make_staff()
    LogEntry.objects.log_actions(user.pk, [letter], Act.CHANGED, before, single_object=True)
    retention.erase(letter.submission.supporter)
    entry = entry_of(letter)
    assert (entry.change_message, entry.user, entry.action_flag) == ("", user, Act.CHANGED)


def test_what_staff_typed_is_in_no_column_after_an_expression_was_forgotten():
    row = make_every_row(None)[Expression]
    assert isinstance(row, Expression)
    assert moderating.refuse(row, make_staff(), "Amina is not who she says.")
    record(make_staff(), Act.CHANGED, LetterDid.SUPPORT_REFUSED, row, why="Amina is not who she says.")
    Expression.objects.update(ended_at=timezone.now() - dt.timedelta(days=31))
    expressions.forget()
    assert places_of("not who she says") == []


def test_any_reason_is_forgotten_after_ninety_days():
    record(make_staff(), Act.CHANGED, Did.CHANGED, make_organisation(), why="Old.")
    with time_machine.travel(timezone.now() - dt.timedelta(days=91)):
        LogEntry.objects.create(
            user=make_staff(), action_time=timezone.now(), action_flag=Act.CHANGED, object_id="1"
        )
    Reason.objects.create(entry=LogEntry.objects.get(object_id="1"), words="Older.")
    assert sum(audit.forget_reasons()) == 1
    assert Reason.objects.get().words == "Old."
