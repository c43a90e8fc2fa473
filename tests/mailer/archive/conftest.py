"""Mailings that have started, with what strangers read of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import MailingList
from mailer.archive import publishing
from mailer.models import Mailing
from tests.factories import make_mailing, make_mailing_list, make_mailing_text

Publish = Callable[..., Mailing]


@pytest.fixture
def news() -> MailingList:
    texts = {
        "en": {"name": "Justice news", "description": "Once a month"},
        "fr": {"name": "Nouvelles de la justice", "description": "Une fois par mois"},
    }
    return make_mailing_list(slug="news", is_public=True, texts=texts)


@pytest.fixture
def publish(news: MailingList) -> Publish:
    """A mailing of the public list that has started: `texts` by language, other fields as the mailing's."""

    def make(texts: dict[str, dict[str, Any]] | None = None, **fields: Any) -> Mailing:
        started = fields.pop("started_at", timezone.now() - dt.timedelta(hours=1))
        mailing = make_mailing(texts=False, **{"mailing_list": news, "status": "sent", **fields})
        for language, own in (texts or {"en": {}}).items():
            make_mailing_text(mailing, language, **own)
        Mailing.objects.filter(pk=mailing.pk).update(started_at=started, frozen_at=started)
        mailing.refresh_from_db()
        publishing.publish(mailing)
        return mailing

    return make
