"""What staff decide: only the revision they saw, never against its writer, and its writer is told."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from advocacy.expressions import moderating, writing
from advocacy.models import Expression
from tests.expressions import make_expression, make_words
from tests.factories import make_campaign, make_user

A_DAY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
pytestmark = pytest.mark.django_db

Status = Expression.Status


def test_its_writer_is_told_that_it_is_public_in_their_language_with_both_links(outbox):
    expression = make_expression(status=Status.CONFIRMED)
    Expression.objects.filter(pk=expression.pk).update(mail_language="fr")
    expression.refresh_from_db()
    outbox.deliver()
    assert moderating.publish(expression, make_user(), expression.revision)
    (mail,) = outbox.deliver()
    assert f"/fr/c/{expression.campaign.slug}/support/{expression.pk}/" in mail.body
    assert "/fr/support/mine/" in mail.body
    assert "pupils" not in mail.body


def test_its_writer_reads_why_it_was_refused_and_may_say_it_otherwise(outbox):
    expression = make_expression(status=Status.CONFIRMED)
    outbox.deliver()
    assert moderating.refuse(expression, make_user(), "Please <b>name</b> no child.")
    (mail,) = outbox.deliver()
    assert "Please <b>name</b> no child." in mail.body
    assert "Please &lt;b&gt;name&lt;/b&gt; no child." in mail.alternatives[0][0]
    assert writing.change(expression, make_words(statement="Otherwise."))
    expression.refresh_from_db()
    assert (expression.status, expression.reason, expression.ended_at) == (Status.CONFIRMED, "", None)


def test_deciding_twice_tells_once(outbox):
    expression, by = make_expression(status=Status.CONFIRMED), make_user()
    outbox.deliver()
    assert moderating.publish(expression, by, expression.revision)
    assert not moderating.publish(expression, by, expression.revision)
    assert moderating.refuse(expression, by, "No.")
    assert not moderating.refuse(expression, by, "No.")
    assert len(outbox.deliver()) == 2


def test_what_changed_since_it_was_looked_at_is_not_published():
    expression = make_expression(status=Status.CONFIRMED)
    seen = expression.revision
    writing.change(expression, make_words(statement="Something nobody has looked at."))
    assert not moderating.publish(expression, make_user(), seen)
    expression.refresh_from_db()
    assert expression.status == Status.CONFIRMED


def test_a_mark_stays_until_a_person_has_looked_whatever_its_writer_changes():
    expression = make_expression(status=Status.CONFIRMED, suspicious="a word of our word list")
    assert writing.change(expression, make_words(statement="All is well now."))
    expression.refresh_from_db()
    assert expression.suspicious == "a word of our word list"
    assert moderating.publish(expression, make_user(), expression.revision)
    assert writing.change(expression, make_words(statement="All is better now."))
    expression.refresh_from_db()
    assert (expression.status, expression.suspicious) == (Status.CONFIRMED, "")


def test_what_its_writer_took_down_stays_down():
    expression = make_expression(status=Status.CONFIRMED)
    writing.take_down(expression)
    assert not moderating.publish(expression, make_user(), expression.revision)
    assert not moderating.refuse(expression, make_user(), "No.")
    with pytest.raises(ValidationError):
        writing.change(expression, make_words(statement="Back again."))


def test_an_edit_does_not_move_it_up_the_wall():
    expression, by = make_expression(), make_user()
    first = expression.published_at
    writing.change(expression, make_words(statement="With a comma, now."))
    expression.refresh_from_db()
    moderating.publish(expression, by, expression.revision)
    assert expression.published_at == first


def test_a_refused_one_is_not_published_beside_something_newer_of_the_same_mailbox():
    campaign, by = make_campaign(), make_user()
    old = make_expression(campaign, Status.REFUSED, address="amina@example.org")
    make_expression(campaign, Status.CONFIRMED, address="amina@example.org", statement="Newer.")
    with pytest.raises(ValidationError, match="newer"):
        moderating.publish(old, by, old.revision)
    with pytest.raises(ValidationError, match="newer"):
        writing.change(old, make_words(statement="Once more."))


def test_a_reported_one_stays_until_a_person_decides():
    expression, by = make_expression(), make_user()
    for told in ("This is not her.", "", "It is insulting."):
        assert moderating.report(expression, told)
    expression.refresh_from_db()
    assert expression.status == Status.PUBLISHED
    assert (expression.reports, expression.report_words.splitlines()) == (
        3,
        ["This is not her.", "It is insulting."],
    )
    assert moderating.keep(expression, by)
    assert not moderating.keep(expression, by)
    expression.refresh_from_db()
    assert (expression.reports, expression.report_words, expression.reported_at) == (0, "", None)
    assert moderating.report(expression, "x" * 500)
    assert moderating.refuse(expression, by, "It was insulting.")
    assert not moderating.report(expression, "Again.")


def test_a_thousand_reports_fill_no_page():
    expression = make_expression()
    for number in range(6):
        moderating.report(expression, f"{number}" * 500)
    expression.refresh_from_db()
    assert expression.reports == 6
    assert len(expression.report_words) <= 2_000


def test_only_what_is_published_is_shown_first_and_not_after_it_was_changed():
    expression = make_expression(status=Status.CONFIRMED)
    assert not moderating.feature(expression, yes=True)
    moderating.publish(expression, make_user(), expression.revision)
    assert moderating.feature(expression, yes=True)
    assert not moderating.feature(expression, yes=True)
    writing.change(expression, make_words(statement="Otherwise."))
    expression.refresh_from_db()
    assert not expression.is_featured


def test_what_staff_type_is_public_at_once_and_mails_nobody(outbox):
    words = make_words(category="state", name="", role="", organisation_name="Republic of Example")
    expression = moderating.enter(make_campaign(), words, proof="Speech of 3 May, page 4", by=make_user())
    assert expression.status == Status.PUBLISHED
    assert outbox.deliver() == []
    assert moderating.refuse(expression, make_user(), "Withdrawn by them.")
    assert outbox.deliver() == []


def test_the_words_of_somebody_outside_are_not_corrected_by_staff():
    expression = make_expression()
    assert not moderating.correct(expression, make_words(statement="Ours."), proof="x", by=make_user())


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "published", "confirmed_at": None},
        {"status": "published", "decided_at": None},
        {"status": "confirmed", "is_featured": True},
        {"status": "withdrawn", "ended_at": None},
        {"picture": "expressions/x.jpg", "picture_alt": ""},
        {"address_hash": None},
        {"status": "shouted"},
        {"category": "robot"},
        {"status": "withdrawn", "forgotten_at": A_DAY, "ended_at": A_DAY},
    ],
    ids=str,
)
def test_the_database_itself_refuses_what_must_not_be(broken):
    expression = make_expression()
    with pytest.raises(IntegrityError), transaction.atomic():
        Expression.objects.filter(pk=expression.pk).update(**broken)


# --- races --------------------------------------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do these at the same moment, each in a thread with a connection of its own."""
    ready, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            results[number] = act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_are_one_and_two_of_a_mailbox_leave_one_alive():
    campaign = make_campaign()
    first = make_expression(campaign, Status.PENDING, address="amina@example.org")
    assert sorted(at_once(lambda: writing.confirm(first), lambda: writing.confirm(first))) == [False, True]
    others = [
        make_expression(campaign, Status.PENDING, address="amina@example.org", statement=f"{number}")
        for number in range(3)
    ]
    assert at_once(*(lambda one=one: writing.confirm(one) for one in others)) == [True] * 3
    alive = Expression.objects.filter(status__in=[Status.CONFIRMED, Status.PUBLISHED])
    assert alive.count() == 1


@pytest.mark.django_db(transaction=True)
def test_taking_down_wins_over_publishing_whoever_is_first():
    by = make_user()
    for _turn in range(3):
        expression = make_expression(status=Status.CONFIRMED)
        copy = Expression.objects.get(pk=expression.pk)
        at_once(
            lambda one=expression: moderating.publish(one, by, one.revision),
            lambda one=copy: writing.take_down(one),
        )
        expression.refresh_from_db()
        assert expression.status == Status.WITHDRAWN


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_once_is_one_row():
    from contacts.addresses import parse

    draft = writing.Draft(
        campaign=make_campaign(),
        words=make_words(),
        address=parse("amina@example.org"),
        form_key="same",
        consent_text="Publish it.",
        mail_language="en",
    )
    rows = at_once(lambda: writing.submit(draft), lambda: writing.submit(draft))
    assert rows[0] == rows[1]
    assert Expression.objects.count() == 1
