"""A mailing from "send now" to the last settled row, in one process."""

from __future__ import annotations

import pytest

from mailer.models import Delivery, Mailing, MailingChunk
from tests.mailer.mailings.conftest import broken, frozen, send_all, states

pytestmark = pytest.mark.django_db
Status = Delivery.Status


def test_everybody_of_the_audience_is_sent_one_mail_and_the_mailing_closes(outbox):
    mailing = frozen(10)
    assert (mailing.audience, mailing.candidates, mailing.exclusions) == (10, 10, {})
    assert MailingChunk.objects.filter(mailing=mailing).count() == 3
    mailing = send_all(mailing)
    from django.core import mail

    assert sorted(one.to[0] for one in mail.outbox) == sorted(
        Delivery.objects.filter(mailing=mailing).values_list("address", flat=True)
    )
    assert len({one.to[0] for one in mail.outbox}) == 10
    assert states(mailing) == {Status.SENT: 10}
    assert mailing.status == Mailing.Status.SENT
    assert mailing.finished_at is not None
    assert broken() == []
