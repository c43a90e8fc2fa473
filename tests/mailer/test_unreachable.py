"""Who took no mail for weeks, judged by the whole of what is known of an address; and who refuses a whole mailing."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.models import User
from contacts import suppressions
from contacts.models import Suppression
from mailer import reasons, throttle, unreachable
from mailer.mailings import stopping
from mailer.models import Delivery, Mailing, MailingChunk, MailingFigure, MailingMessage
from tests.factories import make_delivery, make_mailing, make_message, unique_address

pytestmark = pytest.mark.django_db
ALL, MAILINGS = Suppression.Scope.ALL, Suppression.Scope.MAILINGS
NOW = timezone.now()


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def mail(to: Any, *, failed: float | None = None, arrived: float | None = None, **fields: Any) -> Delivery:
    """A mailing to this address that failed, or arrived, so many days ago."""
    return make_delivery(
        to,
        kind="mailing",
        mailing=fields.pop("mailing", None) or make_mailing(texts=False),
        status="sent",
        sent_at=days_ago(failed or arrived or 0),
        bounced_at=None if failed is None else days_ago(failed),
        delivered_at=None if arrived is None else days_ago(arrived),
        **{"bounce_class": "" if failed is None else "soft", **fields},
    )


def suppressed() -> list[tuple[str, str]]:
    unreachable.suppress_unreachable()
    return list(Suppression.objects.values_list("reason", "scope"))


def test_three_mailings_that_failed_over_two_weeks_suppress_newsletters_and_nothing_else():
    to = unique_address()
    for days in (20, 10, 3):
        mail(to, failed=days)
    assert unreachable.suppress_unreachable() == 1
    assert unreachable.suppress_unreachable() == 0
    found = Suppression.objects.get()
    assert (found.reason, found.scope, len(found.evidence["deliveries"])) == ("unreachable", "mailings", 3)
    assert suppressions.blocks(to.hash, Suppression.Scope.CONFIRMATIONS) is None


@pytest.mark.parametrize(
    "days", [(20, 3), (16, 9, 2.5), (40, 30, 20)], ids=["two", "in a shorter time", "long ago"]
)
def test_fewer_or_sooner_or_long_ago_suppresses_nobody(days):
    to = unique_address()
    for each in days:
        mail(to, failed=each)
    assert suppressed() == []


def test_whatever_arrived_in_between_resets_the_count():
    to = unique_address()
    for days in (20, 10, 3):
        mail(to, failed=days)
    mail(to, arrived=12)
    assert suppressed() == []


def test_what_was_said_to_arrive_and_came_back_resets_nothing():
    to = unique_address()
    for days in (20, 10, 3):
        mail(to, failed=days)
    mail(to, arrived=12, failed=11.9)
    assert suppressed() == [("unreachable", "mailings")]


def test_refusals_for_policy_or_of_the_message_say_nothing_of_the_mailbox():
    to = unique_address()
    for days, kind in ((20, "block"), (10, "message"), (3, "authentication"), (2.5, "soft")):
        mail(to, failed=days, bounce_class=kind)
    assert suppressed() == []


def test_the_same_mailing_counts_once():
    mailing = make_mailing(texts=False)
    to = unique_address()
    for days in (20, 10, 3):
        mail(to, failed=days, mailing=mailing)
    assert suppressed() == []


def test_a_server_that_is_not_there_after_three_days_is_gone():
    gone, back, young = unique_address(), unique_address(), unique_address()
    for days in (6, 2.5):
        mail(gone, failed=days, bounce_class="host")
        mail(back, failed=days, bounce_class="host")
    mail(back, arrived=4)
    mail(young, failed=2.5, bounce_class="host")
    assert suppressed() == [("bounce", "all")]
    assert suppressions.blocks(gone.hash, ALL)


def test_the_order_in_which_reports_came_decides_nothing():
    """Judged once the reports of a day are in, however they came; what is younger than a day is not judged yet."""
    for order in permutations([("failed", 20), ("failed", 10), ("arrived", 12), ("failed", 3)]):
        to = unique_address()
        for what, days in order:
            mail(to, **{what: days})
        mail(to, failed=0.5)
    assert suppressed() == []


def test_who_was_lifted_begins_anew():
    to = unique_address()
    for days in (20, 10, 3):
        mail(to, failed=days)
    unreachable.suppress_unreachable()
    suppressions.lift(
        Suppression.objects.get(),
        by=User.objects.create(username="ann"),
        why="They called: the mailbox was full.",
    )
    assert suppressed() == []


def test_a_letters_office_is_never_suppressed():
    to = unique_address()
    for days in (20, 10, 3):
        make_delivery(
            to, kind="letter", bounced_at=days_ago(days), bounce_class="soft", status="sent", sent_at=NOW
        )
    assert suppressed() == []


# --- who refuses a whole mailing -----------------------------------------------------------------------------------


def people(mailing: Mailing, domain: str, count: int, blocked: int) -> None:
    one = make_delivery(kind="mailing", mailing=mailing, message=make_message(), status="sent", sent_at=NOW)
    rows = [
        Delivery(
            mailing=mailing, message=one.message, kind="mailing", status="sent", sent_at=NOW,
            address=f"p{number}@{domain}", address_hash=unique_address().hash,
            bounced_at=NOW if number < blocked else None, bounce_class="block" if number < blocked else "",
        )
        for number in range(count)
    ]  # fmt: skip
    Delivery.objects.bulk_create(rows)


def test_a_domain_that_refuses_over_two_percent_for_policy_is_named():
    mailing = make_mailing(texts=False)
    people(mailing, "strict.example", 400, 40)
    people(mailing, "mild.example", 2_000, 25)
    people(mailing, "small.example", 10, 10)
    [found] = unreachable.blocked_domains(mailing)
    assert (found.domain, found.blocked, found.sent, found.share) == ("strict.example", 40, 400, 0.1)
    assert Suppression.objects.count() == 0
    assert unreachable.blocked_domains(make_mailing(texts=False)) == []


def test_a_mailing_pauses_when_a_domain_refuses_it_and_says_which():
    mailing = make_mailing(texts=False, status=Mailing.Status.SENDING, frozen_at=NOW)
    people(mailing, "strict.example", 400, 40)
    message = MailingMessage.objects.create(mailing=mailing, message=make_message(), language="en")
    MailingChunk.objects.create(
        mailing=mailing, number=1, mailing_message=message, first_id=1, last_id=9, size=400, sent=400
    )
    MailingFigure.objects.create(mailing=mailing, fact="bounced", detail="block", hour=NOW, count=40)
    assert stopping.sweep() == 1
    mailing.refresh_from_db()
    why = "strict.example refuses 10.0 % of its mails as unwanted"
    assert (mailing.status, mailing.paused_because) == (Mailing.Status.PAUSED, why)
    with translation.override("fr"):
        assert reasons.in_words(why) == gettext(
            "%(domain)s refuses %(share)s %% of its mails as unwanted"
        ) % {
            "domain": "strict.example",
            "share": "10.0",
        }
    # Once a person has seen it and goes on, the same share is no news.
    Mailing.objects.filter(pk=mailing.pk).update(status=Mailing.Status.SENDING)
    throttle.valkey().flushdb()
    assert stopping.sweep() == 0
