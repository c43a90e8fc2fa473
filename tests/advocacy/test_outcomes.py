"""Letters that followed a newsletter: by its readers, within two weeks, and no others."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache
from django.utils import timezone

from advocacy.models import Letter
from contacts.addresses import parse
from mailer.reporting import outcomes
from tests.factories import make_campaign, make_letter
from tests.mailings import make_frozen_mailing

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()
    yield
    cache.clear()


def written(row, campaign, at, **fields):
    letter = make_letter(campaign, address=parse(row.address))
    Letter.objects.filter(pk=letter.pk).update(confirmed_at=at, **fields)
    return letter


def counted(mailing):
    return next(one for one in outcomes.outcomes(mailing, "en") if "letters" in one.words)


def test_only_letters_of_those_who_got_it_within_two_weeks_count():
    sent_at = timezone.now() - 20 * DAY
    mailing = make_frozen_mailing({"delivered": 5, "bounced": 1, "suppressed": 1}, sent_at=sent_at)
    other = make_frozen_mailing({"delivered": 1}, sent_at=sent_at)
    campaign, second = make_campaign(), make_campaign()
    ann, ben, cid, dan, eve = mailing.deliveries.filter(delivered_at__isnull=False).order_by("pk")
    left_out = mailing.deliveries.get(status="suppressed")
    written(ann, campaign, sent_at + DAY)
    written(ann, second, sent_at + 2 * DAY)
    written(ben, campaign, sent_at + 13 * DAY, status=Letter.Status.BY_HAND)
    written(cid, campaign, sent_at - DAY)  # before it
    written(dan, campaign, sent_at + 15 * DAY)  # too late
    written(eve, campaign, sent_at + DAY, is_test=True)
    written(eve, second, sent_at + DAY, status=Letter.Status.REFUSED)
    written(left_out, campaign, sent_at + DAY)
    written(other.deliveries.get(), campaign, sent_at + DAY)
    found = counted(mailing)
    assert found.count == 3
    assert found.detail == "by 2 people · 0 delivered"


def test_a_mailing_that_nobody_answered_by_a_letter_says_nought():
    assert counted(make_frozen_mailing({"delivered": 1})).count == 0
